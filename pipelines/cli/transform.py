"""`cio-elt transform`: builds, tests and publishes the marts."""

from dataclasses import asdict

import click

from pipelines.cli.command import DONE, WAIT, note, print_json, recorded_command


@click.command()
@click.option("--full-refresh", "full", is_flag=True, help="Build all models anew.")
@click.option(
    "--select",
    multiple=True,
    metavar="NAME",
    help="Build only these models, in dbt's syntax; repeat for more; default: all.",
)
@WAIT
@recorded_command
def transform(*, full: bool, select: tuple[str, ...], wait_s: float, as_json: bool) -> int:
    """Build the marts with dbt, test them, and publish them."""
    from pipelines.settings import read_settings
    from pipelines.transform import UNCHANGED
    from pipelines.transform import transform as run

    result = run(read_settings(), select, full=full, wait_s=wait_s, notify=note)
    if as_json:
        print_json(asdict(result))
        return DONE
    if result.unchanged:
        click.echo(UNCHANGED)
        return DONE
    for change in result.changes:
        was = f" (was {change.before}, is {change.after})" if change.before and change.after else ""
        click.echo(f"{change.change.replace('_', ' ')}: {change.table_name}.{change.name}{was}")
    for node in result.warnings:
        click.echo(f"warning: {node.name}, {node.failures} rows")
    models, tests = len(result.of("model")), len(result.of("test")) + len(result.of("unit_test"))
    click.echo(
        f"{models} models {'built anew' if result.full else 'brought up to date'}, {tests} tests passed, "
        f"in {result.seconds:.1f} s."
    )
    return DONE
