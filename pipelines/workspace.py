"""The workspace of a data folder, and the check that the keys are of no other one.

A data folder, its warehouse and its journal of pushes belong to one workspace. The Track API returns the id
of its key's workspace. The App API lists all workspaces of the account and does not say which one its key is
of, so this workspace is known by its contents: the ids of its segments, campaigns and newsletters with the
times of their creation, which the warehouse has, or else the record. Workspaces of one account have the same
small ids, created at other times.

    listWorkspaces ──> the recorded id must be among them
    segments, campaigns, newsletters ──> a known id must be there again, created at the same second
    getRegion ──> the id must be the recorded one
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from pipelines.connect import Access, brief_client, check_access
from pipelines.errors import CustomerioError, WarehouseError, WrongWorkspace
from pipelines.settings import Settings
from pipelines.times import utc
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.destinations import check_destination
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import querying, tables
from pipelines.warehouse.runs import workspace_of
from sources.customerio.catalogue import operation, resource
from sources.customerio.client import RetryLater, Unreachable, reading_answers
from sources.permissions import replace_file

if TYPE_CHECKING:
    from sources.customerio.client import Client

_CREATED: Mapping[str, str] = {"segments": "created_at", "campaigns": "created", "newsletters": "created"}
"""The tables that identify a workspace, each with its column of the creation time."""
IDENTIFYING = frozenset(_CREATED)
"""The names of these tables."""
_FILE = "workspace.json"

Contents = dict[str, dict[int, int]]
"""Creation times (Unix s) of rows by id, by table."""


@dataclass(frozen=True, kw_only=True)
class WorkspaceRecord:
    """The record of a data folder's workspace, in its file `workspace.json`; `sync_runs` has id and name too.

    Attributes:
        id: Customer.io's id of the workspace; None until it is certain.
        name: Its name; None until it is known.
        pair: Digest of the App API key and the site id that were proven to be of this workspace.
        refused: Digest of such a pair that was proven to be of two workspaces.
        contents: Creation times (Unix s) by id of the first page of a list that identifies the workspace, by
            its table, for warehouses that lack these tables; None until it is read.
    """

    id: int | None = None
    name: str | None = None
    pair: str | None = None
    refused: str | None = None
    contents: dict[str, dict[str, int]] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """Id and name as JSON."""
        return {"id": self.id, "name": self.name}


def read_record(settings: Settings) -> WorkspaceRecord:
    """The record of the data folder; without one, the workspace that the warehouse's runs noted."""
    try:
        record = msgspec.json.decode(_file(settings).read_bytes(), type=WorkspaceRecord)
    except (OSError, msgspec.MsgspecError):
        record = WorkspaceRecord()
    if record.id is not None:
        return record
    try:
        with querying(settings, may_lack=True) as query:
            workspace_id, name = workspace_of(query)
    except WarehouseError:
        return record
    return replace(record, id=workspace_id, name=name)


def named(workspace_id: int | None, name: str | None) -> str:
    """The id of a workspace, with its name if that is known."""
    return f"{workspace_id} ({name})" if name else str(workspace_id)


def described(record: WorkspaceRecord) -> str:
    """The workspace in the words of a message: its id and name, if they are certain."""
    if record.id is None:
        return "workspace of unknown id: an App API key does not say which one is its own"
    return f"workspace {named(record.id, record.name)}"


def write_record(settings: Settings, record: WorkspaceRecord) -> None:
    """Replace the record of the data folder."""
    if record == read_record(settings):
        return
    prepare(settings.cio_elt_data)
    replace_file(_file(settings), orjson.dumps(asdict(record), option=orjson.OPT_INDENT_2))


def check_empty(settings: Settings) -> None:
    """Check that the data folder is free for a new workspace.

    Raises:
        WrongWorkspace: it has a warehouse, or the record of a workspace.
    """
    record = read_record(settings)
    with querying(settings, may_lack=True) as query:
        if record.id is None and not tables(query):
            return
    msg = (
        f"The data folder {settings.cio_elt_data.resolve()} has the warehouse of {described(record)}, and a "
        "folder belongs to one workspace. Nothing was read or written. Name another folder for the new one, "
        "such as CIO_ELT_DATA=data-new."
    )
    raise WrongWorkspace(msg)


@dataclass(frozen=True, kw_only=True)
class AppWorkspace:
    """The result of checking the App API key: its access, and True if its contents are the warehouse's."""

    access: Access
    known: bool


def check_workspace(settings: Settings, *, note: bool = True, reads: Collection[str] = ()) -> AppWorkspace:
    """Check within seconds that the App API key is accepted and is of the data folder's workspace.

    With `note`, the folder's record gets what the key tells of the workspace; its contents are left out if
    one of the tables that the run `reads` has them.

    Raises:
        WrongWorkspace: the key is of another workspace than the warehouse. Nothing was read or written.
        ConfigError: the key is missing, unknown, or not allowed from this machine, or the destination cannot
            hold the warehouse.
        Unreachable: the host does not respond.
    """
    check_destination(settings)
    access = check_access(settings)
    record = read_record(settings)
    if record.id is not None and access.workspaces and record.id not in access.workspaces:
        found = f"has {_listed(access.workspaces)}"
        raise _wrong(settings, f"of {described(record)}", f"the App API key's account {found}")
    rows = _known_rows(settings)
    with brief_client(settings) as client:
        known, pages = _compared_contents(settings, client, rows or _noted(record))
        if note and record.id is None and len(access.workspaces) == 1:
            ((only, name),) = access.workspaces.items()
            write_record(settings, replace(record, id=only, name=name))
        elif note and is_unknown(record, access, {*rows, *reads}):
            # Noted anew by each run, for what is noted may be deleted one day.
            write_record(settings, replace(record, contents=_contents(client, pages)))
    return AppWorkspace(access=access, known=known)


def is_unknown(record: WorkspaceRecord, access: Access, tables: Collection[str]) -> bool:
    """True if neither the record nor the key's account has one id, and none of these tables identifies it."""
    return record.id is None and len(access.workspaces) != 1 and IDENTIFYING.isdisjoint(tables)


def check_contents(settings: Settings, client: "Client") -> bool:
    """True if the App API key's workspace has what the warehouse knows; False if nothing can be compared.

    Lists are read until one has a row that the warehouse knows. A list that cannot be read proves nothing.

    Raises:
        WrongWorkspace: a row has another creation time than in the warehouse, or no row is known.
    """
    known, _ = _compared_contents(settings, client, _known_rows(settings) or _noted(read_record(settings)))
    return known


def _compared_contents(settings: Settings, client: "Client", known: Contents) -> tuple[bool, Contents]:
    """The result of `check_contents`, and the first pages of the lists that were read."""
    pages: Contents = {}
    compared: list[str] = []
    for table, rows in known.items():
        found = _first_page(client, table)
        if not rows or found is None:
            continue
        pages[table] = found
        for row_id, created in found.items():
            if rows.get(row_id, created) != created:
                raise _wrong(
                    settings,
                    f"where {table[:-1]} {row_id} was created at {utc(rows[row_id])}",
                    f"in the App API key's workspace it was created at {utc(created)}",
                )
        if rows.keys() & found.keys():
            return True, pages
        compared.append(f"{len(rows):,} {table}")
    if compared:
        raise _wrong(
            settings, f"with {' and '.join(compared)}", "the App API key's workspace has none of them"
        )
    return False, pages


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The workspace of the Track API's keys.

    Attributes:
        id: Customer.io's id of it.
        proven: True if the App API key is known to be of the same workspace.
        pair: Digest of the App API key and the site id.
        silence: The reason why the Track API has not confirmed it; empty if it has.
    """

    id: int
    proven: bool
    pair: str
    silence: str = ""


def identify(settings: Settings, app: AppWorkspace | None = None) -> Identity:
    """The workspace of the Track API's keys, after checking that it is the data folder's.

    `app` is the result of checking the App API key, if that was done before.

    The App API key is of the same workspace if its account has only this one, or if its contents are those of
    a warehouse whose workspace is recorded. Otherwise the pair is not proven.

    Raises:
        WrongWorkspace: the keys are of two workspaces, or of another one than the data folder.
        CustomerioError: the Track API does not accept its keys, or cannot be reached with keys that are new.
    """
    record, pair = read_record(settings), _pair(settings)
    try:
        with brief_client(settings) as client, reading_answers("`getRegion`"):
            own = int(client.call("getRegion").field("environment_id"))
    except (RetryLater, Unreachable) as error:
        if record.id is None or record.pair != pair:
            raise
        # The same keys were proven before; the run itself retries for longer.
        return Identity(id=record.id, proven=True, pair=pair, silence=str(error))
    if record.id not in (None, own):
        raise _wrong(
            settings,
            f"of {described(record)}",
            f"the Track API's keys are of workspace {own}",
        )
    if pair == record.refused:
        raise two_workspaces(settings)
    if settings.customerio_app_api_key is None:
        return Identity(id=own, proven=False, pair=pair)
    try:
        app = app or check_workspace(settings)
    except CustomerioError:
        # The App API cannot be read: the run says that nothing will be confirmed.
        return Identity(id=own, proven=record.pair == pair, pair=pair)
    return _compared(settings, own, pair, app)


def _compared(settings: Settings, own: int, pair: str, app: AppWorkspace) -> Identity:
    """The identity, after comparing the Track API's workspace with those of the App API key's account."""
    workspaces = app.access.workspaces
    if workspaces and own not in workspaces:
        msg = (
            f"The Track API's keys are of workspace {own}, and the App API key's account has "
            f"{_listed(workspaces)}. Nothing was sent. Set CUSTOMERIO_TRACK_SITE_ID, "
            "CUSTOMERIO_TRACK_API_KEY and CUSTOMERIO_APP_API_KEY to keys of one workspace."
        )
        raise WrongWorkspace(msg)
    record = read_record(settings)
    proven = len(workspaces) == 1 or record.pair == pair or (app.known and record.id == own)
    identity = Identity(id=own, proven=proven, pair=pair)
    if proven:
        record_pair(settings, identity, workspaces.get(own))
    return identity


def record_pair(settings: Settings, identity: Identity, name: str | None = None) -> None:
    """Record that the keys are of one workspace, which is the data folder's."""
    record = read_record(settings)
    write_record(
        settings, replace(record, id=identity.id, name=name or record.name, pair=identity.pair, refused=None)
    )


def refuse_pair(settings: Settings, identity: Identity) -> None:
    """Record that the keys are of two workspaces, so that no run sends anything with them."""
    write_record(settings, replace(read_record(settings), refused=identity.pair))


def two_workspaces(settings: Settings) -> WrongWorkspace:
    """The error for keys of two workspaces."""
    msg = (
        "These keys may be of two workspaces: no row that the Track API accepted can be read with the App "
        "API key. Nothing else is sent with them. Set CUSTOMERIO_TRACK_SITE_ID, CUSTOMERIO_TRACK_API_KEY and "
        "CUSTOMERIO_APP_API_KEY to keys of one workspace. If they are, Customer.io dropped these rows for "
        f"another reason: remove {_file(settings).resolve()}, and the next run tries again."
    )
    return WrongWorkspace(msg)


def _noted(record: WorkspaceRecord) -> Contents:
    """The contents in the record, whose ids are text there."""
    return {
        table: {int(row_id): created for row_id, created in rows.items()}
        for table, rows in (record.contents or {}).items()
    }


def _known_rows(settings: Settings) -> Contents:
    """The rows that the warehouse has.

    A published file that cannot be read holds none: a sync publishes it anew.
    """
    rows = "SELECT id, {created} FROM {dataset}.{table} WHERE deleted_at IS NULL AND {created} IS NOT NULL"
    try:
        with querying(settings, may_lack=True) as query:
            present = tables(query)
            return {
                table: dict(query(rows.format(created=created, dataset=DATASET, table=table)))
                for table, created in _CREATED.items()
                if table in present
            }
    except WarehouseError:
        return {}


def _contents(client: "Client", read: Contents) -> dict[str, dict[str, int]]:
    """The first page of a list that has rows, for the record; one that was `read`, if it has."""
    pages = chain(read.items(), ((table, _first_page(client, table)) for table in _CREATED))
    table, page = next(((table, page) for table, page in pages if page), ("", None))
    return {table: {str(row_id): created for row_id, created in page.items()}} if page else {}


def _first_page(client: "Client", table: str) -> dict[int, int] | None:
    """The creation times by id of the first page of a list; None if it is not what it should be."""
    call = operation(resource(table).operation)
    try:
        rows = client.call(call.id).records(str(call.records))
        times = {row["id"]: row.get(_CREATED[table]) for row in rows}
    except (CustomerioError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return {row_id: created for row_id, created in times.items() if isinstance(created, int)}


def _wrong(settings: Settings, known: str, found: str) -> WrongWorkspace:
    folder = settings.cio_elt_data.resolve()
    msg = (
        f"The data folder {folder} is of another workspace: it belongs to one {known}, and {found}. Nothing "
        "was read or written. Set the keys of that workspace, or name another folder for this one in "
        "CIO_ELT_DATA."
    )
    return WrongWorkspace(msg)


def _listed(workspaces: Mapping[int, str]) -> str:
    return "workspace " + " and ".join(named(key, name) for key, name in list(workspaces.items())[:5])


def _pair(settings: Settings) -> str:
    keys = (settings.customerio_app_api_key, settings.customerio_track_site_id)
    text = "\0".join(key.get_secret_value() if key else "" for key in keys)
    return sha256(text.encode()).hexdigest()[:12]


def _file(settings: Settings) -> Path:
    return settings.cio_elt_data / _FILE
