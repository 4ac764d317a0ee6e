"""The first two steps of a push: the model is run, and its rows are compared with what Customer.io has."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb

from pipelines.errors import ConfigError, InvalidSpec
from pipelines.push.deliver.staging import check_staging
from pipelines.push.journal.database import SCHEMA, Sync
from pipelines.push.plan.diff import PLANNED, Side, compare, decide, digest_of, make_payloads, side_of
from pipelines.push.plan.identity import check_identity
from pipelines.push.plan.payload import Payload, payload_of
from pipelines.push.plan.plan import Plan, make_plan
from pipelines.push.plan.query import run_model
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings


@dataclass(frozen=True)
class Ready:
    """A model that was run: how its rows become payloads, and what they are compared with."""

    declaration: PushSpec
    sync: Sync
    columns: dict[str, str]
    payload: Payload
    digest: str
    side: Side


def sync_of(settings: Settings, declaration: PushSpec) -> Sync:
    """The sync in the workspace that the settings name.

    Raises:
        ConfigError: the Track API's keys are not set, or files would wait where nobody can fetch them.
    """
    check_staging(settings, declaration)
    site = settings.customerio_track_site_id
    if site is None or settings.customerio_track_api_key is None:
        msg = (
            "Pushing needs CUSTOMERIO_TRACK_SITE_ID and CUSTOMERIO_TRACK_API_KEY. Make a Track API key in "
            "Customer.io, in the account settings under API credentials, and set both."
        )
        raise ConfigError(msg)
    return Sync(sha256(site.get_secret_value().encode()).hexdigest()[:12], declaration.sync)


def run_the_model(
    connection: duckdb.DuckDBPyConnection,
    declaration: PushSpec,
    sync: Sync,
    folder: Path,
    *,
    rows: bool = True,
) -> Ready:
    """Run the model and see that its columns are what the declaration names; without `rows`, that alone.

    Raises:
        ModelFailed: it cannot be run, or lacks a column, or a column is of another type.
    """
    return ready_with(declaration, sync, run_model(connection, declaration, folder, rows=rows))


def ready_with(declaration: PushSpec, sync: Sync, columns: dict[str, str]) -> Ready:
    """How rows with those columns (name to SQL type) become payloads.

    Raises:
        ModelFailed: a column lacks, or is of another type than the declaration says.
    """
    payload = payload_of(declaration, columns)
    return Ready(
        declaration, sync, columns, payload, digest_of(declaration, columns), side_of(declaration, sync)
    )


def check_target(connection: duckdb.DuckDBPyConnection, ready: Ready) -> None:
    """See that the sync is of what it was of before; `journal` is attached to the connection.

    Raises:
        DeclarationWrong: it is not, so that what is known of its rows is known of others.
    """
    before = connection.execute(
        f"SELECT max_by(target, started_at) FROM journal.{SCHEMA}.runs WHERE {ready.sync.where}"
    ).fetchone()
    declaration = ready.declaration
    if before is not None and before[0] not in (None, declaration.target):
        msg = (
            f"{declaration.sync}: until now it was of {before[0]}, and is of {declaration.target} by its "
            "declaration. Give the new one a name of its own; or, if the rows are there already, run "
            f"`cio-elt push reset {declaration.sync} --without-sending`."
        )
        raise InvalidSpec(msg)


def plan_it(connection: duckdb.DuckDBPyConnection, ready: Ready, *, show_values: bool = False) -> Plan:
    """Compare the rows with what Customer.io has; `journal` is attached to the connection."""
    first = is_first(connection, ready.sync)
    people = decide_it(connection, ready, first=first)
    return make_plan(
        connection,
        ready.declaration,
        ready.side,
        ready.payload,
        people=people,
        first=first,
        show_values=show_values,
    )


def decide_it(connection: duckdb.DuckDBPyConnection, ready: Ready, *, first: bool) -> int | None:
    """Say of every row what is to be done; against how many people it was checked, None if against nobody."""
    compare(connection, ready.payload, ready.digest, ready.side)
    make_payloads(connection, ready.payload, ready.side)
    people = check_identity(connection, ready.declaration, ready.sync)
    decide(connection, ready.declaration, ready.sync, ready.side, first=first)
    return people


def is_first(connection: duckdb.DuckDBPyConnection, sync: Sync) -> bool:
    """Whether no run of this sync has sent, or taken for accepted, anything yet."""
    found = connection.execute(
        f"SELECT count(*) FROM journal.{SCHEMA}.runs WHERE {sync.where} AND undoes IS NULL"
    ).fetchone()
    return found == (0,)


def refresh_digests(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Rows whose payload is the same after all are found unchanged at once the next time."""
    connection.execute(
        f"""
        UPDATE journal.{SCHEMA}.snapshot SET digest = p.digest FROM {PLANNED} AS p
        WHERE p.action = 'same' AND snapshot.{sync.where.replace("AND ", "AND snapshot.")}
          AND snapshot.key = p.key AND snapshot.digest IS DISTINCT FROM p.digest
        """
    )
