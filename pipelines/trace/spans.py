"""Spans of OpenTelemetry for a run and its steps, for the SDK and the exporter that the process has set up.

    run `sync` ──> extract ──> load ──> publish

A run outside of any span is a trace whose id is the run's id. Within a span, as of a caller's own trace, it
is a child of that one, and a link has the run's id. Attributes are the command, the run's id, its state and
the class of an error: no person's data.
"""

import os
import sys
from secrets import randbits
from typing import TYPE_CHECKING

from pipelines.trace.ledger import FAILURES

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanContext, Tracer

_SCOPE = "customerio-elt"
_COMMAND, _RUN, _STATE, _ERROR = "cio_elt.command", "cio_elt.run_id", "cio_elt.state", "error.type"


class Spans:
    """The span of a run, and of the step that it is at."""

    def __init__(self, tracer: "Tracer", command: str, run_id: str) -> None:
        """Begin the span of a run; `run_id` has 32 hex digits."""
        from opentelemetry.trace import Link, NonRecordingSpan, get_current_span, set_span_in_context

        own = _context(run_id)
        within = get_current_span().get_span_context().is_valid
        self._tracer = tracer
        self._run = tracer.start_span(
            command,
            context=None if within else set_span_in_context(NonRecordingSpan(own)),
            links=[Link(own)] if within else [],
            attributes={_COMMAND: command, _RUN: run_id},
        )
        self._step: Span | None = None

    def step(self, name: str) -> None:
        """Begin the span of a step; the one before it ends."""
        from opentelemetry.trace import set_span_in_context

        self._end_step()
        self._step = self._tracer.start_span(name, context=set_span_in_context(self._run))

    def end(self, state: str, error: str | None) -> None:
        """End the spans, with the state of the run and the class of the error that ended it."""
        from opentelemetry.trace import Status, StatusCode

        self._end_step()
        self._run.set_attribute(_STATE, state)
        if error is not None:
            self._run.set_attribute(_ERROR, error)
        if state in FAILURES:
            self._run.set_status(Status(StatusCode.ERROR))
        self._run.end()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.end()
            self._step = None


def begin_spans(command: str, run_id: str) -> Spans | None:
    """The spans of a run that begins; None if this process has not set OpenTelemetry up.

    Its API is not imported to find that out: a process that sets it up has imported it, or names a provider
    in OTEL_PYTHON_TRACER_PROVIDER.
    """
    if "opentelemetry.trace" not in sys.modules and not os.environ.get("OTEL_PYTHON_TRACER_PROVIDER"):
        return None
    try:
        from opentelemetry.trace import get_tracer
    except ImportError:
        return None
    return Spans(get_tracer(_SCOPE), command, run_id)


def _context(run_id: str) -> "SpanContext":
    """The context of a span with the run's id as its trace id, of which the run's span is a child."""
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(
        int(run_id, 16), randbits(64) or 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
