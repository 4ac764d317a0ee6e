-- topic: Links
-- question: How many clicks on links come from machines?
-- Only the deliveries that name the link tell people from machines. `unique_clicks` counts both.
SELECT url, sum(unique_clicks) AS unique_clicks, sum(human_clicked_deliveries) AS human,
       sum(machine_clicked_deliveries) AS machine
FROM link_performance
WHERE source_type = 'newsletter'
GROUP BY url
ORDER BY unique_clicks DESC, url
LIMIT 4
