-- topic: Operations
-- question: What did the last sync read and change?
-- Pushes have tables of their own, in schema `customerio_push`, from the first push on: see [push](push/README.md).
SELECT table_name, is_full, rows_read, rows_new, rows_changed, rows_deleted, rows_rejected, status
FROM ops.sync_audit
WHERE run_id = (SELECT arg_max(run_id, finished_at) FROM ops.sync_audit)
ORDER BY rows_read DESC
LIMIT 4
