"""One sync: read what is new in Customer.io, load it, publish it, and say what was done."""

from pipelines.sync.run import SyncResult, sync, sync_window

__all__ = ["SyncResult", "sync", "sync_window"]
