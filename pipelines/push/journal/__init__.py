"""The journal: the rows that were to be sent, the requests, and their outcome, in `push.duckdb`."""
