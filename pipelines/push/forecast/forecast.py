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
from pipelines.push.forecast.workbench import WOKEN, Writes, make_workbench

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
    def sentence(self) -> str:
        """The forecast in a sentence."""
        if self.missing:
            tables, command = " and no ".join(self.missing), f"cio-elt sync {' '.join(self.missing)}"
            return f"cannot say who would enter, since the warehouse has no {tables}: run `{command}`"
        entries = f"at most {self.most:,} entries into {len(self.campaigns):,} running campaigns"
        return f"{entries}; of {len(self.unclear):,} it cannot be said" if self.unclear else entries

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


def forecast_entries(connection: duckdb.DuckDBPyConnection, writes: Writes) -> Forecast:
    """The forecast of a plan's rows, from the attached warehouse."""
    missing = [name for name in _NEEDED if name not in writes.tables]
    if missing:
        return Forecast(missing=missing)
    plot = Plot(writes=writes, segments=read_segments(connection))
    starts = [(campaign, start_of(campaign, plot)) for campaign in read_campaigns(connection)]
    moved = [(campaign, start) for campaign, start in starts if start.may != NOTHING]
    counts = _count(connection, plot, moved) if moved else {}
    return Forecast(
        campaigns=[
            _entries(campaign, start, *counts.get(campaign.id, (0, 0, 0))) for campaign, start in starts
        ]
    )


def _entries(campaign: Campaign, start: Start, least: int, most: int, again: int) -> Entries:
    reasons = [start.unclear] if start.unclear else []
    if least < most and not start.unclear:
        before = f"{again:,} of them may have been in it before, and may not start again"
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
    connection: duckdb.DuckDBPyConnection, plot: Plot, starts: Sequence[tuple[Campaign, Start]]
) -> dict[int, tuple[int, int, int]]:
    """By campaign the people who will enter, who may, and who of those may have been in it before."""
    make_workbench(connection, plot.writes, plot.needs, plot.trees)
    columns = []
    for campaign, start in starts:
        again = f"coalesce(list_contains(been, {campaign.id}), true)"
        columns += [
            f"count(*) FILTER (WHERE {start.will} AND NOT {again})",
            f"coalesce(sum({start.weight}) FILTER (WHERE {start.may}), 0)",
            f"count(*) FILTER (WHERE {start.may} AND {again})",
        ]
    row = connection.execute(f"SELECT {', '.join(columns)} FROM {WOKEN}").fetchone() or ()
    numbers = [int(number) for number in row]
    return {
        campaign.id: (numbers[3 * place], numbers[3 * place + 1], numbers[3 * place + 2])
        for place, (campaign, _) in enumerate(starts)
    }
