"""The truth that tests compare with: every table of a workspace at one instant."""
