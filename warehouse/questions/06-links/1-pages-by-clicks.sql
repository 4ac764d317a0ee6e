-- topic: Links
-- question: Which pages do messages lead to?
-- UTM parameters are taken off the URL, so one page is one row.
SELECT url, sum(unique_clicks) AS unique_clicks, count(DISTINCT (source_type, parent_id)) AS senders
FROM link_performance
GROUP BY url
ORDER BY unique_clicks DESC, url
LIMIT 4
