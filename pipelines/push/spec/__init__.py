"""The declaration of a push: `warehouse/push/NAME.yml` as a `PushSpec`, and what differs by kind."""
