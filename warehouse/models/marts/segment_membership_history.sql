{{ config(
    materialized='incremental', unique_key=['segment_id', 'cio_id', 'valid_from'],
    incremental_strategy='delete+insert', full_refresh=false, on_schema_change='fail',
) }}
-- depends_on: {{ ref("stg_clock") }}
-- The members of each segment with the start and end of their membership, as syncs saw them. The raw table holds
-- the current state only, so this table is never rebuilt: an interval, once recorded, stays.
with present as (
    select segment_id, cio_id, first_seen_at, deleted_at
    from {{ ref('stg_segment_memberships') }}
)

{% if is_incremental() %}
,

newest as (
    select segment_id, cio_id, max(valid_from) as valid_from
    from {{ this }}
    group by segment_id, cio_id
),

held as (
    select built.*
    from {{ this }} as built
    inner join newest using (segment_id, cio_id, valid_from)
)

-- People who left: their interval ends.
select held.segment_id, held.cio_id, held.valid_from, present.deleted_at as valid_to
from held
inner join present on present.segment_id = held.segment_id and present.cio_id = held.cio_id
where held.valid_to is null and present.deleted_at is not null
union all
-- People who joined, and people who came back: the list does not say when they came back, so it is the sync's time.
select
    present.segment_id,
    present.cio_id,
    case when held.cio_id is null then present.first_seen_at else greatest(held.valid_to, {{ as_of() }}) end,
    present.deleted_at
from present
left join held on held.segment_id = present.segment_id and held.cio_id = present.cio_id
where held.cio_id is null or (held.valid_to is not null and present.deleted_at is null)
{% else %}
select segment_id, cio_id, first_seen_at as valid_from, deleted_at as valid_to
from present
{% endif %}
