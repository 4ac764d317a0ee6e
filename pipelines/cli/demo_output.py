"""Prints a run of the demo on one screen: what arrived, campaigns with their rates, the next steps."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.cli import output
from pipelines.cli.tables import OUT, grid, say, utc_cell
from pipelines.times import span
from sources.customerio.catalogue import GROUPS
from sources.customerio.client.limits import QUOTAS

if TYPE_CHECKING:
    from pipelines.demo import CampaignResult, DemoResult

_SHOWN = 5
"""The most campaigns that a screen of 24 lines has room for."""
_LIMIT = QUOTAS["app"].requests
"""The requests a second that Customer.io allows."""
_GROUPS = ("group", "tables", "rows", "written", "requests")
_CAMPAIGNS = ("campaign", "sent", "delivered", "opened", "clicked", "converted")


def print_demo(result: "DemoResult") -> None:
    """Print the demo; failures of its sync go to stderr."""
    _print_groups(result)
    OUT.print()
    _print_campaigns(result.campaigns)
    OUT.print()
    asked = sum(tally.requests for tally in result.sync.summary.resources.values())
    took = span(round(result.sync.seconds))
    say(f"{result.sync.written:,} rows were written in {took}, with {asked:,} requests.")
    allowed = span(max(asked // _LIMIT, 1))
    say(f"Within Customer.io's limit of {_LIMIT} requests a second, they would take {allowed}.")
    say(f"In the workspace it is {utc_cell(result.now)}; a further run adds a day.")
    say(f"To query it:\n  duckdb -readonly {result.file}")
    say("Or, with its folder as CIO_ELT_DATA: cio-elt transform, then cio-elt report.")
    output.warnings(result.sync)


def demo_document(result: "DemoResult") -> dict[str, Any]:
    """A demo run as JSON."""
    return {
        "now": result.now,
        "sync": output.sync_document(result.sync),
        "rows": result.rows,
        "campaigns": [asdict(campaign) for campaign in result.campaigns],
        "file": result.file,
    }


def _print_groups(result: "DemoResult") -> None:
    table, tallies = grid(_GROUPS, numeric=_GROUPS[1:]), result.sync.summary.resources
    for name, resources in GROUPS.items():
        held = [row.table for row in resources if row.table in result.rows]
        read = [tallies[table] for table in held if table in tallies]
        sums = (
            len(held),
            sum(result.rows[table] for table in held),
            sum(tally.written for tally in read),
            sum(tally.requests for tally in read),
        )
        table.add_row(name, *(f"{number:,}" for number in sums))
    OUT.print(table)


def _print_campaigns(campaigns: "list[CampaignResult]") -> None:
    table = grid(_CAMPAIGNS, numeric=_CAMPAIGNS[1:])
    for row in campaigns[:_SHOWN]:
        rates = (row.delivery_rate, row.open_rate, row.click_rate, row.conversion_rate)
        table.add_row(row.campaign, f"{row.sent:,}", *map(_percent, rates))
    OUT.print(table)
    more = f"{len(campaigns) - _SHOWN} more campaigns. " if len(campaigns) > _SHOWN else ""
    say(f"{more}Rates are of deliveries that can have the event.")


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"
