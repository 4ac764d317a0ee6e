-- topic: Segments
-- question: How large are the segments, and how do they grow?
-- The history begins with the first sync, on which everyone joined. `members` are those that a sync saw, `customer_count` is
-- Customer.io's own count.
SELECT day, name, members, customer_count, joined, left_it
FROM segment_history
WHERE day = (SELECT max(day) FROM segment_history)
ORDER BY members DESC, name
LIMIT 5
