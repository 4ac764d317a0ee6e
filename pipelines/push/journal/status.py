"""The state of each push: its last run, its rejected rows, its dead letters."""

from dataclasses import dataclass

from pipelines.push.journal.database import FILE, SCHEMA, Journal
from pipelines.settings import Settings


@dataclass(frozen=True, kw_only=True)
class PushStatus:
    """The state of a push of a workspace. Times are Unix seconds of this machine's clock.

    `held` rows are in the snapshot; of those, `doubtful` ones may not have arrived. `rejected` rows are
    retried by the next run; `dead` ones (dead letters) only once they change, or after `push retry`;
    `invalid` ones could not be sent. `degraded` says why the push counts as degraded, and is empty if it does
    not.
    """

    workspace: str
    sync: str
    last_run: str | None
    state: str | None
    started_at: float | None
    finished_at: float | None
    accepted: int | None
    dropped: int | None
    share: float | None
    share_low: float | None
    held: int
    doubtful: int
    rejected: int
    dead: int
    invalid: int
    degraded: str
    error: str | None


def read_status(settings: Settings) -> list[PushStatus]:
    """The state of each push that has run, by name; none, and no journal is made, before the first one."""
    if not (settings.cio_elt_data / FILE).exists():
        return []
    with Journal(settings.cio_elt_data).open() as connection:
        found = connection.execute(_STATUS)
        names = [column[0] for column in found.description]
        return [PushStatus(**dict(zip(names, row, strict=True))) for row in found.fetchall()]


_STATUS = f"""
WITH syncs AS (
    SELECT workspace, sync FROM {SCHEMA}.runs UNION SELECT workspace, sync FROM {SCHEMA}.rejects
),
last AS (SELECT workspace, sync, max_by(r, started_at) AS r FROM {SCHEMA}.runs AS r GROUP BY ALL),
held AS (
    SELECT workspace, sync, count(*) AS held, count_if(digest IS NULL) AS doubtful
    FROM {SCHEMA}.snapshot GROUP BY ALL
),
refused AS (
    SELECT workspace, sync, count_if(NOT dead AND action <> 'invalid') AS rejected,
           count_if(dead AND action <> 'invalid') AS dead, count_if(action = 'invalid') AS invalid
    FROM {SCHEMA}.rejects GROUP BY ALL
)
SELECT workspace, sync, last.r.run_id AS last_run, last.r.state AS state, last.r.started_at AS started_at,
       last.r.finished_at AS finished_at, last.r.accepted AS accepted, last.r.dropped AS dropped,
       last.r.share AS share, last.r.share_low AS share_low, coalesce(held, 0) AS held,
       coalesce(doubtful, 0) AS doubtful, coalesce(rejected, 0) AS rejected, coalesce(dead, 0) AS dead,
       coalesce(invalid, 0) AS invalid, coalesce(h.reason, '') AS degraded,
       last.r.error AS error
FROM syncs LEFT JOIN last USING (workspace, sync) LEFT JOIN held USING (workspace, sync)
LEFT JOIN refused USING (workspace, sync)
LEFT JOIN {SCHEMA}.health AS h USING (workspace, sync) ORDER BY sync, workspace
"""
