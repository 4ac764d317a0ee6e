"""The workspace and its rules; no HTTP here, and no opinion on what is in it."""
