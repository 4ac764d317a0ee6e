"""`cio-elt plan`: prints what a sync or a backfill would cost."""

import click

from pipelines.cli.command import BANDS, DONE, MOMENT, command, print_json


@click.command()
@click.argument("resources", nargs=-1)
@click.option(
    "--from",
    "start",
    type=MOMENT,
    default=None,
    help="Plan a backfill from that day on; default: plan a sync.",
)
@click.option("--to", "end", type=MOMENT, default=None, help="End of the backfill; default: now.")
@click.option("--full", is_flag=True, help="Plan a sync that reads everything again.")
@BANDS
@command
def plan(
    *,
    resources: tuple[str, ...],
    start: int | None,
    end: int | None,
    full: bool,
    bands: str | None,
    as_json: bool,
) -> int:
    """Predict the cost of a sync, or of a backfill; write nothing.

    Of all RESOURCES or those named: requests, minutes at the configured rate, rows and bytes. With --from, of
    a backfill of messages or of those named.
    """
    from pipelines.cli import plan_output
    from pipelines.ingest.forecast.backfill import forecast_backfill
    from pipelines.ingest.forecast.forecast import forecast
    from pipelines.settings import read_settings

    settings = read_settings(customerio_bands=bands)
    is_sync = start is None and end is None
    if is_sync:
        found = [forecast(settings, resources, full=full)]
    else:
        found = [forecast_backfill(settings, name, start, end) for name in resources or ("messages",)]
    if as_json:
        documents = [plan_output.forecast_document(each) for each in found]
        print_json(documents[0] if is_sync else {"backfills": documents})
    else:
        for each in found:
            plan_output.forecast(each)
    return DONE
