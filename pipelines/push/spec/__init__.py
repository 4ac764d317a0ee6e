"""The spec of a push: `warehouse/push/NAME.yml` as a `PushSpec`, and the table of kinds."""
