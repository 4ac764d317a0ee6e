"""The workspace's data structures; none of them knows a Workspace."""
