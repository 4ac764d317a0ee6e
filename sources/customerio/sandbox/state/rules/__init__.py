"""The workspace's rules: each changes or reads a Workspace as Customer.io does."""
