"""The truth that tests compare with: the rows of every table of a workspace at one instant."""
