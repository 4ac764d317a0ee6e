-- Clicks by link: the URL without its UTM parameters, which are columns, of each campaign, newsletter and so on.
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

-- Months reach further back than days, and hold them: where there are months, the days are left out.
counted as (
    select *
    from (select *, max(period) over (partition by source_type, parent_id) as longest from links) as read
    where period = longest
),

taken_apart as (
    select
        *,
        {%- for name in ['source', 'medium', 'campaign', 'term', 'content'] %}
        nullif(regexp_extract(href, '[?&]utm_{{ name }}=([^&#]*)', 1), '') as utm_{{ name }},
        {%- endfor %}
        rtrim(regexp_replace(regexp_replace(href, 'utm_[a-z]+=[^&#]*&?', '', 'g'), '[?&]+(#|$)', '\1'), '/') as url
    from counted
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
    from taken_apart
    group by source_type, parent_id, url
)

select
    summed.*,
    1.0e0 * clicks / nullif(sum(clicks) over (partition by source_type, parent_id), 0) as share_of_clicks
from summed
