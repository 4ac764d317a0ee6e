"""What to break, and the limits: everything that makes an answer other than the workspace's own."""
