"""Faults, knobs and rate limits: all that changes an answer from the workspace's own."""
