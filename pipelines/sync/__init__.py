"""One sync: read what is new in Customer.io, load it, publish it, and say what was done."""

from pipelines.sync.run import SyncResult, sync

__all__ = ["SyncResult", "sync"]
