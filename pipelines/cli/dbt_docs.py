"""`make dbt-docs`: writes dbt's documentation of the warehouse, or else of the demo's, as one HTML file.

python -m pipelines.cli.dbt_docs
"""

from typing import TYPE_CHECKING

import click

from pipelines.cli.command import DONE, command, print_json

if TYPE_CHECKING:
    from pipelines.settings import Settings


@click.command()
@command
def dbt_docs(*, as_json: bool) -> int:
    """Write dbt's documentation of the published warehouse as one HTML file.

    Without a warehouse in the data folder it is that of the demo.
    """
    from pipelines.settings import read_settings
    from pipelines.transform.documentation import write_documentation

    file = write_documentation(_documented(read_settings()))
    if as_json:
        print_json({"file": str(file)})
    else:
        click.echo(f"Wrote {file}; open it in a browser.")
    return DONE


def _documented(settings: "Settings") -> "Settings":
    """The settings of the warehouse to document: the user's own, or the demo's.

    Raises:
        ConfigError: there is neither.
    """
    from pipelines.demo import demo_folder
    from pipelines.errors import ConfigError

    folder = demo_folder(settings)
    for one in (settings, settings.model_copy(update={"cio_elt_data": folder})):
        if one.published_file.exists():
            return one
    msg = (
        f"There is no warehouse in {settings.cio_elt_data}, nor the demo's in {folder}. "
        f"Run `make demo`, then `CIO_ELT_DATA={folder} .venv/bin/cio-elt transform`."
    )
    raise ConfigError(msg)


if __name__ == "__main__":
    dbt_docs()
