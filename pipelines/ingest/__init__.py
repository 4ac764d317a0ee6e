"""RunContext in: syncs and backfills, and what `status` tells of their coverage."""
