-- Clicks by link of each campaign, newsletter and so on: the URL without its UTM parameters, which are columns.
with links as (
    {%- for source_type, parent in [('campaign', 'campaign_id'), ('broadcast', 'broadcast_id'),
        ('newsletter', 'newsletter_id'), ('transactional', 'transactional_id')] %}
    select '{{ source_type }}' as source_type, {{ parent }} as parent_id, link_id, href, period, start_at, clicked,
        unique_clicked
    from {{ ref('stg_' ~ source_type ~ '_link_metrics') }}
    where not is_deleted
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Monthly rows reach further back than daily ones and include them: a parent with monthly rows counts those only.
longest_period as (
    select *
    from (select *, max(period) over (partition by source_type, parent_id) as longest from links) as read
    where period = longest
),

with_utm as (
    select
        *,
        {%- for name in ['source', 'medium', 'campaign', 'term', 'content'] %}
        nullif(regexp_extract(href, '[?&]utm_{{ name }}=([^&#]*)', 1), '') as utm_{{ name }},
        {%- endfor %}
        rtrim(regexp_replace(regexp_replace(href, 'utm_[a-z]+=[^&#]*&?', '', 'g'), '[?&]+(#|$)', '\1'), '/') as url
    from longest_period
),

summed as (
    select
        source_type,
        parent_id,
        url,
        {%- for name in ['source', 'medium', 'campaign', 'term', 'content'] %}
        min(utm_{{ name }}) as utm_{{ name }},
        {%- endfor %}
        count(distinct link_id) as links,
        cast(sum(clicked) as bigint) as clicks,
        cast(sum(unique_clicked) as bigint) as unique_clicks
    from with_utm
    group by source_type, parent_id, url
)

select
    summed.*,
    1.0e0 * clicks / nullif(sum(clicks) over (partition by source_type, parent_id), 0) as share_of_clicks
from summed
