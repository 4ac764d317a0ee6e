-- topic: A/B tests
-- question: Did a test have a winner?
-- `underpowered` is the reason that there is none: the test could not find a difference below `detectable` points.
SELECT test_key, arm_name, metric, n, round(100 * difference, 1) AS points,
       round(100 * minimal_detectable_effect, 1) AS detectable, p_holm, verdict
FROM ab_test_results
WHERE NOT is_control AND metric = 'human_open_rate' AND n > 0
ORDER BY test_key
LIMIT 4
