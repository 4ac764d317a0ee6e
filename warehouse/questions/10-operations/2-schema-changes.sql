-- topic: Operations
-- question: Did Customer.io add, drop or change a field?
-- Without a change, all tables still have the columns of the first sync. A new field is a JSON column of its raw table; staging
-- views and marts do not have it.
SELECT count(*) AS changes, count(DISTINCT table_name) AS tables, max(noted_at) AS newest
FROM ops.schema_changes
