"""The filter of people that reads and exports use."""

from collections.abc import Mapping
from typing import Any, Final

ALL_PEOPLE: Final[Mapping[str, Any]] = {"and": [{"attribute": {"field": "cio_id", "operator": "exists"}}]}
"""Matches all people; `id exists` leaves out those known by email only [live-airbyte]."""
