{{ config(materialized='view') }}
-- The memberships that last, with the names of segment and person.
select
    memberships.segment_id,
    segments.name as segment_name,
    memberships.cio_id,
    people.person_id,
    people.email,
    memberships.valid_from
from {{ ref('segment_membership_history') }} as memberships
inner join {{ ref('stg_segments') }} as segments on segments.segment_id = memberships.segment_id
left join {{ ref('stg_people') }} as people on people.cio_id = memberships.cio_id
where memberships.valid_to is null and not segments.is_deleted
