-- Clicks by link of each campaign, newsletter and so on: the URL without its UTM parameters, which are columns.
-- Clicks are Customer.io's own counts; people and machines are told apart in the deliveries.
{% set told = ['human_clicked_deliveries', 'machine_clicked_deliveries', 'people'] %}
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
),

addresses as (
    select distinct source_type, parent_id, link_id, url from with_utm
),

-- A click on a link whose URL is not known stays, with a null URL: it shows if links are numbered otherwise.
clicked as (
    select click.*, addresses.url
    from {{ ref('fct_link_click') }} as click
    left join addresses on addresses.source_type = click.source_type and addresses.parent_id = click.parent_id
        and addresses.link_id = click.link_id
),

people as (
    select
        source_type,
        parent_id,
        url,
        count(distinct delivery_id) filter (where human_clicked_at is not null) as human_clicked_deliveries,
        count(distinct delivery_id) filter (where knows_human_clicks)
            - count(distinct delivery_id) filter (where human_clicked_at is not null) as machine_clicked_deliveries,
        count(distinct cio_id) filter (where human_clicked_at is not null) as people
    from clicked
    where url is not null
    group by source_type, parent_id, url
),

parents as (
    select source_type, parent_id, count(url) as known
    from clicked
    group by source_type, parent_id
)

select
    summed.*,
    1.0e0 * summed.clicks / nullif(sum(summed.clicks) over (partition by summed.source_type, summed.parent_id), 0)
        as share_of_clicks,
    {%- for name in told %}
    case when coalesce(parents.known, 1) > 0 then coalesce(people.{{ name }}, 0) end as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from summed
left join people on people.source_type = summed.source_type and people.parent_id = summed.parent_id and people.url = summed.url
left join parents on parents.source_type = summed.source_type and parents.parent_id = summed.parent_id
