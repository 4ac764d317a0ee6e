"""The environment of the templates: those of a folder, and the document that they share."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.html.formats import FILTERS, missing
from pipelines.html.inline_svg import interval, sparkline

SHARED = Path(__file__).parent
"""The folder of the templates and the style that all pages share."""


def environment(folder: Path) -> Environment:
    """The environment of the templates of a folder: text is escaped, a missing value is an error."""
    made = Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= FILTERS
    made.globals |= {"interval": interval, "missing": missing, "sparkline": sparkline}
    return made
