"""`cio-elt search`: finds records of a synced table."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from pipelines.cli.command import DONE, command, print_json


@click.command()
@click.argument("table")
@click.option(
    "--query",
    "text",
    metavar="JSON",
    default="{}",
    help='The search: JSON such as {"query": {"filter": {"eq": {"state": "draft"}}}}, @FILE, or - for stdin; '
    "default: all records.",
)
@click.option("--limit", type=int, help="Records to return at most; default: 1000.")
@click.option(
    "--fields", metavar="A,B.C", help="Fields to return; dots lead into JSON columns; default: all."
)
@click.option("--cursor", help="Continue after the page that gave this cursor; default: the first page.")
@click.option(
    "--deleted",
    "include_deleted",
    is_flag=True,
    default=None,
    help="Include records that were deleted in Customer.io.",
)
@command
def search(*, table: str, text: str, fields: str | None, as_json: bool, **options: Any) -> int:
    """Find records of TABLE by a filter, sorted, page by page.

    A query may have query.filter, query.sort, limit, cursor, fields and include_deleted; options override
    it. Without a query, the first records are shown.

    A condition is {"eq": {FIELD: VALUE}}; other operators are neq, gt, gte, lt, lte, in (an array of
    values), like (SQL wildcards), keyword (whole words, in any case) and fuzzy (similar spelling). Join
    conditions with {"and": [...]}, {"or": [...]} and {"not": {...}}. On an array, a condition is true if it
    is true for an element. A field may be a path into a JSON column, such as metrics.opened; a missing value
    equals null alone.

    A sort is an array, such as [{"created": "desc"}]. Times are Unix seconds.
    """
    from pipelines.cli.search_output import print_answer
    from pipelines.search import search as run
    from pipelines.settings import read_settings

    document = _document(text)
    options["fields"] = None if fields is None else fields.split(",")
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(document, dict):
        document = {**document, **given}
    answer = run(read_settings(), table, document)
    if as_json:
        print_json(answer.document)
    else:
        print_answer(answer, whole=bool(document.get("fields")))
    return DONE


def _document(text: str) -> Any:
    from sources.customerio.client import ConfigError

    try:
        if text == "-":
            return json.loads(sys.stdin.buffer.read())
        return json.loads(Path(text[1:]).read_bytes() if text.startswith("@") else text)
    except OSError as error:
        msg = f"The file {text[1:]} cannot be read ({error.strerror}). Name one after the @ of --query."
        raise ConfigError(msg) from None
    except (ValueError, RecursionError) as error:
        hint = "" if text.startswith(("@", "-", "{")) else " To read it from a file, write @ before its name."
        reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        msg = f"--query is not JSON ({reason}).{hint}"
        raise ConfigError(msg) from None
