-- topic: Timing
-- question: How long does it take until people click?
-- The share is one of all clicks so far: those of young messages are still missing.
SELECT bucket_label AS within, sum(engaged_within) AS clicked, sum(engaged_within) / sum(engaged) AS share
FROM time_to_engage
WHERE engagement = 'human_click' AND bucket_label IN ('5 minutes', '1 hour', '8 hours', '1 day', '7 days')
GROUP BY bucket_label, bucket
ORDER BY bucket
