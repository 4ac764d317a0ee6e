"""The trace of each run: its row in the ledger, its lines in the log, and one id through all of them.

    trace    the run of this process, and the step that it is at
    ledger   a row for each run, which a killed run leaves too
    logs     the log file and the lines on stderr
    spans    OpenTelemetry's spans, if the process has it set up
    liveness the lock by which a run is seen to be killed

The id is a trace id as OpenTelemetry has it, 32 hex digits. It is the `trace_id` of
`customerio_raw.sync_runs` and of the journal's runs of pushes, and the id of the Prefect run.
"""

from pipelines.trace.ledger import FAILURES, Run, RunLedger, State, failed_last
from pipelines.trace.liveness import was_left
from pipelines.trace.logs import hide, log_note, set_up_logs
from pipelines.trace.trace import Trace, current_id, note_loads, recorded, step

__all__ = [
    "FAILURES",
    "Run",
    "RunLedger",
    "State",
    "Trace",
    "current_id",
    "failed_last",
    "hide",
    "log_note",
    "note_loads",
    "recorded",
    "set_up_logs",
    "step",
    "was_left",
]
