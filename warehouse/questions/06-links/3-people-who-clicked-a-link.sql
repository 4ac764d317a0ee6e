-- topic: Links
-- question: Who clicked a link to a certain page?
-- Join the link's number to its URL within the same campaign. Customer.io does not document that the number in a delivery's
-- metric is the link's id. A person without an id of your own has a null `person_id`; `cio_id` is never null.
SELECT DISTINCT people.cio_id, people.person_id, links.href, clicks.human_clicked_at
FROM fct_link_click AS clicks
JOIN staging.stg_campaign_link_metrics AS links
  ON clicks.source_type = 'campaign' AND links.campaign_id = clicks.parent_id AND links.link_id = clicks.link_id
JOIN person_360 AS people ON people.cio_id = clicks.cio_id
WHERE links.href LIKE '%/pricing%' AND clicks.human_clicked_at IS NOT NULL
ORDER BY clicks.human_clicked_at DESC, people.cio_id
LIMIT 4
