-- topic: Segments
-- question: Who left a segment?
-- A row is one stay; a person who came back has more. The times are those of syncs: a stay that no sync met is not there.
SELECT segments.name, count(*) AS stays, count(stays.valid_to) AS ended, max(stays.valid_to) AS newest_end
FROM segment_membership_history AS stays
JOIN (SELECT DISTINCT segment_id, name FROM segment_history) AS segments USING (segment_id)
GROUP BY segments.name
ORDER BY ended DESC, stays DESC, name
LIMIT 4
