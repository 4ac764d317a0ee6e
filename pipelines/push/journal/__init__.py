"""The journal: what was to be sent, what was sent, and its outcome, in `push.duckdb`."""
