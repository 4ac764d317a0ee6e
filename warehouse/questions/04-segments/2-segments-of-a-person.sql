-- topic: Segments
-- question: In which segments is a person, and since when?
-- `person_360.segment_names` has the same as one text. `since` is the sync that first saw the membership.
SELECT person_id, segment_name, valid_from AS since
FROM segment_member
WHERE person_id = 'user-132'
ORDER BY segment_name
