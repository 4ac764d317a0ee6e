"""The one artifact of a run: its progress while it works, then its result, and the ways on.

    progress, rewritten every few seconds  ->  the sentence of the final state, tables, links

The run that an export made wait goes on in another process, with the same artifact.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from pipelines.settings import Settings

Row = Mapping[str, Any]

_CURRENT: ContextVar["RunArtifact"] = ContextVar("artifact of the run")
_BAR = 20
# Also of an artifact that an operator has removed.
_NO_ANSWER = (httpx.HTTPError, OSError, ObjectNotFound)


class RunArtifact:
    """The artifact of one run, a Markdown text; it is created with its first text.

    A server that does not answer costs the text, never the run.
    """

    def __init__(self, run_id: UUID, key: str, settings: Settings) -> None:
        self._run_id, self._key, self._settings = run_id, key, settings
        self._tables: list[str] = []
        self._id: UUID | None = None

    def show(self, percent: float, words: str) -> None:
        """Show how far the run is, in percent, and a sentence about it."""
        full = round(_BAR * min(percent, 100.0) / 100)
        self._write(f"**{percent:.0f} %** `{'█' * full}{'░' * (_BAR - full)}`\n\n{words}")

    def add(self, title: str, rows: Sequence[Row]) -> None:
        """Add a table to the result; `rows` have the same keys, which are the columns."""
        self._tables.append(f"### {title}\n\n{_table(rows)}" if rows else f"### {title}\n\nNo row.")

    def conclude(self, state: State[Any]) -> None:
        """Show the end of the run: the name and the message of its state, the tables, the links."""
        if self._id is not None or self._tables or not state.is_completed():
            end = f"**{state.name}.** {state.message}"
            self._write("\n\n".join([end, *self._tables, _links(self._settings)]))
            self._remove_doubles()

    def _write(self, text: str) -> None:
        with suppress(*_NO_ANSWER), get_client(sync_client=True) as client:
            self._id = self._id or self._known(client)
            if self._id is not None:
                client.update_artifact(self._id, ArtifactUpdate(data=text))
                return
            made = ArtifactCreate(type="markdown", key=self._key, data=text, flow_run_id=self._run_id)
            self._id = client.create_artifact(made).id

    def _known(self, client: Any) -> UUID | None:
        """The id of the artifact that an earlier process of the run made."""
        found = self._all(client) if flow_run.run_count > 1 else []
        return found[0] if found else None

    def _remove_doubles(self) -> None:
        """Remove an artifact that a server made and did not tell of: the request was repeated then."""
        with suppress(*_NO_ANSWER), get_client(sync_client=True) as client:
            for each in self._all(client) if self._id is not None else []:
                if each != self._id:
                    client.delete_artifact(each)

    def _all(self, client: Any) -> list[UUID]:
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self._run_id]))
        return [each.id for each in client.read_artifacts(artifact_filter=of_run)]


@contextmanager
def of_run(settings: Settings) -> Iterator[RunArtifact]:
    """Make the artifact of the run that this process works for the current one."""
    made = RunArtifact(UUID(str(flow_run.id)), str(flow_run.flow_name), settings)
    token = _CURRENT.set(made)
    try:
        yield made
    finally:
        _CURRENT.reset(token)


def current() -> RunArtifact:
    """The artifact of the run that this process works for."""
    return _CURRENT.get()


def _links(settings: Settings) -> str:
    """The ways on: the report, if there is one by now, and the command for the freshness of the tables."""
    folder = settings.cio_elt_data
    report = folder / "report.html"
    lines = [f"Freshness of all tables: `CIO_ELT_DATA={folder} cio-elt status`"]
    if report.exists():
        lines.insert(0, f"The report: [{report}]({report.as_uri()})")
    return "\n\n".join(["---", *lines])


def _table(rows: Sequence[Row]) -> str:
    lines = [list(rows[0]), ["---:" if _numeric(value) else "---" for value in rows[0].values()]]
    lines += [[_cell(value) for value in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float)


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")
