"""Rows of Design Studio and of assets, of all folders."""

from collections.abc import Callable, Iterator

from sources.customerio.sandbox.state.rules import assets, design_studio
from sources.customerio.sandbox.state.rules.design_studio import Kind
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

Rows = Callable[[Workspace], Iterator[Record]]


def _of_studio(kind: Kind) -> Rows:
    return lambda workspace: (
        design_studio.shown(workspace, kind, row) for row in workspace.tables[kind.table]
    )


def _of_assets(table: str) -> Rows:
    return lambda workspace: (assets.shown(workspace, table, row) for row in workspace.tables[table])


TABLES: dict[str, Rows] = {
    **{
        kind.table: _of_studio(kind)
        for kind in (design_studio.FOLDER, design_studio.EMAIL, design_studio.COMPONENT)
    },
    **{table: _of_assets(table) for table in (assets.FOLDERS, assets.FILES)},
}
