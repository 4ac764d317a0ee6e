-- topic: Segments
-- question: Which segments does no campaign or newsletter use?
-- Customer.io tells of campaigns and newsletters; a segment may still be used by another segment, or by a push.
SELECT name, members, state
FROM segment_history
WHERE day = (SELECT max(day) FROM segment_history) AND NOT is_deleted
  AND used_by_campaigns + used_by_sent_newsletters + used_by_draft_newsletters = 0
ORDER BY members DESC, name
LIMIT 5
