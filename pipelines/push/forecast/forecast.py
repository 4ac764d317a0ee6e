"""The forecast of a plan: how many people would enter each running campaign.

    campaigns ──> what starts each ──> the table of people that the plan changes ──> counts

A count is never lower than what starts: what is not known counts as if it would. It is as of the last sync;
what changes in Customer.io afterwards is not in it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import duckdb

from pipelines.push.forecast.campaigns import NOTHING, Campaign, Plot, Start, read_campaigns, start_of
from pipelines.push.forecast.segments import read_segments
from pipelines.push.forecast.truth import Needs
from pipelines.push.forecast.workbench import WOKEN, Writes, make_workbench
from pipelines.warehouse.pipeline import DATASET

_NEEDED = ("campaigns", "segments")


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The people who would enter one campaign: `least` to `most`; `most` is None if it cannot be said."""

    campaign_id: int
    name: str
    trigger: str
    least: int
    most: int | None
    reasons: Sequence[str] = ()

    @property
    def verdict(self) -> Literal["exactly", "at most", "cannot say"]:
        """How much is known."""
        if self.most is None:
            return "cannot say"
        return "exactly" if self.least == self.most else "at most"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The forecast of a plan.

    Attributes:
        campaigns: The running campaigns.
        missing: The tables that the warehouse would need and does not have; then nothing can be said.
    """

    campaigns: Sequence[Entries] = ()
    missing: Sequence[str] = ()

    @property
    def most(self) -> int:
        """Entries at most, of the campaigns of which it can be said."""
        return sum(entries.most or 0 for entries in self.campaigns)

    @property
    def unclear(self) -> Sequence[Entries]:
        """The campaigns of which it cannot be said how many people enter."""
        return [entries for entries in self.campaigns if entries.most is None]

    @property
    def woken(self) -> Sequence[Entries]:
        """The campaigns that people may enter, and those of which it cannot be said."""
        return [entries for entries in self.campaigns if entries.most != 0]

    @property
    def document(self) -> dict[str, Any]:
        """The forecast as JSON."""
        woken = [{**asdict(entries), "verdict": entries.verdict} for entries in self.woken]
        return {
            "running": len(self.campaigns),
            "most": self.most,
            "unclear": len(self.unclear),
            "missing": list(self.missing),
            "campaigns": woken,
        }


def forecast(connection: duckdb.DuckDBPyConnection, writes: Writes) -> Forecast:
    """The forecast of a plan's rows, from the attached warehouse."""
    missing = [name for name in _NEEDED if name not in writes.tables]
    if missing:
        return Forecast(missing=missing)
    plot = Plot(writes=writes, segments=read_segments(connection), needs=Needs())
    starts = [(campaign, start_of(campaign, plot)) for campaign in read_campaigns(connection)]
    if any(start.may != NOTHING for _, start in starts):
        make_workbench(connection, writes, plot.needs)
    return Forecast(campaigns=[_entries(connection, writes, *each) for each in starts])


def _entries(
    connection: duckdb.DuckDBPyConnection, writes: Writes, campaign: Campaign, start: Start
) -> Entries:
    least, most, again = (0, 0, 0) if start.may == NOTHING else _count(connection, writes, campaign, start)
    reasons = [start.unclear] if start.unclear else []
    if least < most:
        before = f"{again:,} of them were sent a message of it before, and may not start again"
        reasons += [*start.reasons, *([before] if again else [])]
    return Entries(
        campaign_id=campaign.id,
        name=campaign.name,
        trigger=start.trigger,
        least=least,
        most=None if start.unclear else most,
        reasons=reasons,
    )


def _count(
    connection: duckdb.DuckDBPyConnection, writes: Writes, campaign: Campaign, start: Start
) -> tuple[int, int, int]:
    """The people who will enter, who may, and who of those may have been in it before."""
    been = "SELECT NULL::VARCHAR AS cio_id WHERE false"
    if "messages" in writes.tables:
        been = (
            f"SELECT DISTINCT customer_identifiers->>'/cio_id' AS cio_id FROM {DATASET}.messages "
            f"WHERE campaign_id = {campaign.id}"
        )
    again = "b.cio_id IS NOT NULL" if "messages" in writes.tables else "NOT fresh"
    ((least, most, before),) = connection.execute(
        f"""
        SELECT count(*) FILTER (WHERE {start.will} AND NOT ({again})),
               coalesce(sum({start.weight}) FILTER (WHERE {start.may}), 0),
               count(*) FILTER (WHERE {start.may} AND {again})
        FROM {WOKEN} AS w LEFT JOIN ({been}) AS b ON b.cio_id = w.cio_id
        """
    ).fetchall()
    return int(least), int(most), int(before)
