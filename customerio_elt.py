"""The one name to import from another project: the dlt source and the command line.

In the wheel it is the package that has all others in it, such as `customerio_elt.flows`: a project may have
packages `sources`, `pipelines` and `flows` of its own. In a clone it is this module, beside them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sources.customerio import customerio_source

__all__ = ["customerio_source", "main"]


def main() -> None:
    """Run `cio-elt`; the process ends with the command's exit code."""
    from pipelines.cli.main import main as command

    command()


def __getattr__(name: str) -> Any:
    """Import the source on first use: dlt takes a second, and `cio-elt --help` does not need it."""
    if name != "customerio_source":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from sources.customerio import customerio_source

    return customerio_source
