"""`cio-elt api`: lists, explains and makes calls of Customer.io's APIs."""

import sys
from typing import Any

import click

from pipelines.cli.command import DONE, STOPPED_BY_BRAKE, Group, command, note, print_json


@click.group(cls=Group)
def api() -> None:
    """List, explain and make calls of Customer.io's APIs.

    OPERATION is Customer.io's name for a call, such as listCampaigns; `cio-elt api list` shows all of them.
    """


@api.command("list")
@click.argument("text", nargs=-1)
@click.option(
    "--api", "of", type=click.Choice(["app", "track"]), help="Only calls of this API; default: both."
)
@click.option(
    "--effect",
    type=click.Choice(["read", "write", "send", "destroy"]),
    help="Only calls with this effect; default: any.",
)
@click.option("--all", "doubtful", is_flag=True, help="Also calls that may not exist, marked as doubtful.")
@command
def list_(*, text: tuple[str, ...], of: str | None, effect: str | None, doubtful: bool, as_json: bool) -> int:
    """List the calls, or those that match each word of TEXT.

    Words are looked for in names and paths. Calls that stand in a document alone are listed with --all.
    """
    from pipelines.api import describe_operation, find_operations

    rows = find_operations(api=of, effect=effect, text=" ".join(text), doubtful=doubtful)
    if as_json:
        print_json({"operations": [describe_operation(row) for row in rows]})
        return DONE
    width = max((len(row.id) for row in rows), default=0)
    for row in rows:
        mark = "  (doubtful)" if row.stability == "doubtful" else ""
        click.echo(f"{row.id:{width}}  {row.effect:7}  {row.method:6} {row.path}{mark}")
    note(f"{len(rows)} call(s). `cio-elt api schema OPERATION` shows the parameters of one.")
    return DONE


@api.command()
@click.argument("operation")
@command
def schema(*, operation: str, as_json: bool) -> int:
    """Show the parameters and the body of OPERATION, with an example."""
    from pipelines.api import find_operation, pretty, schema_document

    document = schema_document(find_operation(operation))
    if as_json:
        print_json(document)
        return DONE
    click.echo(f"{document['method']} {document['path']}  ({document['api']}, {document['effect']})")
    click.echo(document["docs"])
    if document["stability"] == "doubtful":
        click.echo("Doubtful: it stands in a document alone, and may not exist.")
    for item in document["parameters"]:
        needed = ", required" if item["required"] else ""
        click.echo(f"  --param {item['name']}=...  {item['type']} in the {item['in']}{needed}")
    if body := document["body"]:
        _show_body(body, pretty)
    click.echo(f"\nFor example: {document['example']}")
    click.echo(f"In Python:   {document['python']}(...)")
    return DONE


@api.command()
@click.argument("operation")
@click.option(
    "--param",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter; repeat for more; default: none.",
)
@click.option(
    "--body", "source", metavar="@FILE|-|JSON", help="The body: a file, stdin, or JSON itself; default: none."
)
@click.option("--all-pages", is_flag=True, help="Read all pages of a list; print each row as a line.")
@click.option("--dry-run", is_flag=True, help="Print the request, and send nothing.")
@click.option("--yes", is_flag=True, help="Confirm a call that sends or destroys something.")
@command
def call(
    *,
    operation: str,
    pairs: tuple[str, ...],
    source: str | None,
    all_pages: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Call OPERATION and print the response.

    A call that sends or destroys something is only shown, and ends with 3, unless --yes is given.
    """
    from pipelines import api as calls
    from pipelines.settings import read_settings

    row = calls.find_operation(operation)
    settings = read_settings()
    request = calls.request(settings, row, calls.parameters(pairs), calls.read_body(source))
    if dry_run or (request.needs_yes and not yes):
        _show_request(request, as_json)
        if dry_run:
            return DONE
        does = {"send": "sends something out", "destroy": "destroys something"}[row.effect]
        note(f"Nothing was sent: `{row.id}` {does}, which cannot be undone. Add --yes to do it.")
        return STOPPED_BY_BRAKE
    if all_pages:
        return _stream(calls.pages(settings, request))
    answer = calls.call(settings, request)
    document = answer.json()
    if as_json:
        print_json(document)
    elif document is None:
        note(f"Done; Customer.io answered {answer.status} without a body.")
    else:
        click.echo(calls.pretty(document))
    return DONE


def _show_body(body: dict[str, Any], pretty: Any) -> None:
    if body["schema"] is None:
        click.echo("\nBody: JSON; Customer.io's documents have no schema for it, so it is sent unchecked.")
        return
    click.echo(f"\nBody ({'required' if body['required'] else 'optional'}), as JSON Schema:")
    click.echo(pretty(body["schema"]))
    click.echo("\nA body that fits:")
    click.echo(pretty(body["example"]))


def _show_request(request: Any, as_json: bool) -> None:
    from pipelines.api import pretty

    if as_json:
        print_json(request.document(sent=False))
        return
    click.echo(f"{request.operation.method} {request.url}")
    if request.body is not None:
        form = request.operation.body == "multipart"
        click.echo(f"Content-Type: {'multipart/form-data, of' if form else 'application/json'}")
        click.echo(f"\n{pretty(request.body)}")


def _stream(pages: Any) -> int:
    import orjson

    for rows in pages:
        sys.stdout.buffer.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        sys.stdout.buffer.flush()
    return DONE
