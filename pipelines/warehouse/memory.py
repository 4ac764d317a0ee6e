"""The memory of a process that loads the warehouse: the same for 500,000 rows and for 5,000,000.

Both settings are measured by `make bench BENCH=memory`. Without the first, a sync keeps some 100 bytes of
every row that it has read, though it holds none: pages of 700 KB and the small objects of 12 threads leave
gaps in the heaps of malloc. Without the second, DuckDB holds a whole package while it merges it.
"""

import ctypes
import os
from typing import Any

import duckdb

from pipelines.warehouse.failures import causes

DUCKDB_MB = 208
"""Memory of DuckDB while it loads; what does not fit goes to files beside the warehouse's."""
# Each thread holds a block of rows of its own.
_THREADS = min(4, os.cpu_count() or 1)

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 128 * 1024
_ARENAS = 2


def duckdb_settings() -> dict[str, Any]:
    """DuckDB's settings for a load.

    The order of a table's rows has no meaning, and keeping it costs memory.
    """
    return {
        "preserve_insertion_order": False,
        "memory_limit": f"{DUCKDB_MB}MB",
        "threads": _THREADS,
    }


def return_freed_memory() -> None:
    """Let malloc give large blocks back as soon as they are freed, and share its heaps among threads.

    Where the C library is not glibc, nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, _ARENAS)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, _LARGE_BYTES)


def out_of_memory(error: BaseException) -> bool:
    """True if DuckDB's limit is the cause: a block of rows with texts of some MB each may need more."""
    return any(
        isinstance(link, duckdb.OutOfMemoryException) or "Out of Memory Error" in str(link)
        for link in causes(error)
    )
