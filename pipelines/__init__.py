"""HOW DATA MOVES: into the warehouse, and out of it again. Knows dlt and DuckDB, and no scheduler."""
