"""`cio-elt reconcile` compares numbers with Customer.io's; `cio-elt publish` replaces the published file."""

from dataclasses import asdict

import click

from pipelines.cli.command import DONE, FAILED, WAIT, note, print_json, recorded_command


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
    help="How many campaigns, newsletters and so on to compare, of each kind.",
)
@WAIT
@recorded_command
def reconcile(*, number: int, sample: int, wait_s: float, as_json: bool) -> int:
    """Compare the warehouse with Customer.io's own numbers.

    Ends with 1 if there is a mismatch: a difference that nothing explains.

    Deliveries per day and metric are compared with the metrics of their campaign, broadcast, newsletter or
    transactional message; people with the workspace's count, members with their segment's, rows with their
    export's. Changes after the last sync are explained, and no mismatch. The result is the table
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
@recorded_command
def publish(*, wait_s: float, as_json: bool) -> int:
    """Publish the loaded warehouse for its readers."""
    from pipelines.settings import read_settings
    from pipelines.warehouse.publish import publish_warehouse
    from pipelines.warehouse.queries import no_warehouse
    from pipelines.warehouse.writer import writing

    settings = read_settings()
    file = settings.published_file if settings.publishes else None
    if file is not None:
        if not settings.load_file.exists():
            raise no_warehouse(settings)
        with writing(settings, wait_s=wait_s, notify=note):
            publish_warehouse(settings)
    if as_json:
        print_json({"published": file})
    else:
        note("A server needs no publishing." if file is None else f"Published {file}.")
    return DONE
