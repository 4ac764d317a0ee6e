-- topic: A/B tests
-- question: Can a test's result be read yet, and was it split as planned?
-- Do not stop a test at the first good day: wait until it is mature. A very small `split_p` means that the arms did not get
-- the messages that they should have, so their rates cannot be compared.
SELECT test_key, count(DISTINCT arm) AS arms, max(n) AS largest_arm, min(srm_p) AS split_p,
       bool_and(is_mature) FILTER (WHERE metric = 'human_click_rate') AS clicks_are_mature,
       bool_and(is_mature) FILTER (WHERE metric = 'conversion_rate') AS conversions_are_mature
FROM ab_test_results
GROUP BY test_key
ORDER BY test_key
LIMIT 4
