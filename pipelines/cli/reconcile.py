"""`cio-elt reconcile` and `cio-elt publish`: whether the numbers agree, and the file that people read."""

from dataclasses import asdict

import click

from pipelines.cli.command import DONE, FAILED, WAIT, command, note, print_json


@click.command()
@click.option(
    "--days",
    "number",
    type=click.IntRange(1, 45),
    default=7,
    show_default=True,
    help="Days of messages to compare, today included.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Campaigns, broadcasts, newsletters, transactional messages and segments to compare, of each.",
)
@WAIT
@command
def reconcile(*, number: int, sample: int, wait_s: float, as_json: bool) -> int:
    """Compare the warehouse with Customer.io's own numbers; end with 1 if any differs for no reason.

    Deliveries per day and metric are compared with the metrics of their campaign, broadcast, newsletter or
    transactional message; people with the workspace's count, members with their segment's, rows with their
    export's. What came after the last sync is explained, not a mismatch. The result is the table
    customerio_raw.reconciliation.
    """
    from pipelines.cli.reconcile_output import print_reconciliation
    from pipelines.reconcile import reconcile as run
    from pipelines.settings import read_settings

    result = run(read_settings(), number=number, sample=sample, wait_s=wait_s, notify=note)
    if as_json:
        print_json(asdict(result))
    else:
        print_reconciliation(result)
    return FAILED if result.mismatches else DONE


@click.command()
@WAIT
@command
def publish(*, wait_s: float, as_json: bool) -> int:
    """Put the loaded warehouse, as it is, in the place of the file that people read."""
    from pipelines.settings import read_settings
    from pipelines.warehouse.publish import publish as run
    from pipelines.warehouse.publish import writing
    from pipelines.warehouse.queries import no_warehouse

    settings = read_settings()
    file = settings.published_file if settings.publishes else None
    if file is not None:
        if not settings.load_file.exists():
            raise no_warehouse(settings)
        with writing(settings.cio_elt_data, wait_s=wait_s, notify=note):
            run(settings.load_file, file)
    if as_json:
        print_json({"published": file})
    else:
        note("A server needs no publishing." if file is None else f"Published {file}.")
    return DONE
