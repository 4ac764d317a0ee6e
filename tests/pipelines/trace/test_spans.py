"""A run and its steps are spans, where the process has OpenTelemetry set up; their trace has the run's id."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace as api
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from pipelines.errors import ConfigError
from pipelines.trace import recorded
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans that ended, of a provider that the process sets up for this test."""
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # The API takes one provider for the life of a process.
    monkeypatch.setattr(api, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def _named(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_sync_is_a_trace_with_a_span_for_each_step(
    warehouse: Warehouse, ended: InMemorySpanExporter
) -> None:
    """The trace has the run's id, and steps are children of the run, in order; no attribute is a person's."""
    with recorded(warehouse.settings, "sync") as run:
        warehouse.sync("people", "segments")
    spans = ended.get_finished_spans()
    found = _named(ended)

    assert {"sync", "check the workspace", "extract", "load", "publish"} <= found.keys()
    assert {int(run.trace_id, 16)} == {span.context.trace_id for span in spans if span.context}
    top = found["sync"].context
    assert top is not None
    assert {top.span_id} == {span.parent.span_id for span in spans if span.parent and span.name != "sync"}
    begun = [span.start_time or 0 for span in spans if span.name != "sync"]
    assert sorted(begun) == begun
    assert {"cio_elt.command": "sync", "cio_elt.run_id": run.trace_id, "cio_elt.state": "done"} == dict(
        found["sync"].attributes or {}
    )
    assert [] == [span.name for span in spans if span.name != "sync" and (span.attributes or span.events)]


def test_a_run_within_a_span_is_its_child_and_links_to_the_run(
    warehouse: Warehouse, ended: InMemorySpanExporter
) -> None:
    """The caller's trace goes on; the link has the run's id."""
    tracer = api.get_tracer("caller")
    with tracer.start_as_current_span("caller") as caller, recorded(warehouse.settings, "transform") as run:
        run.step("build the models")
    found = _named(ended)["transform"]

    assert found.parent is not None
    assert caller.get_span_context().span_id == found.parent.span_id
    assert [int(run.trace_id, 16)] == [link.context.trace_id for link in found.links]


def test_an_error_is_named_by_its_class_alone(warehouse: Warehouse, ended: InMemorySpanExporter) -> None:
    """Its message may hold a person's data."""
    with pytest.raises(ConfigError), recorded(warehouse.settings, "push run"):
        msg = "ann@example.com is no key"
        raise ConfigError(msg)
    found = _named(ended)["push run"]

    assert StatusCode.ERROR is found.status.status_code
    assert ("ConfigError", "failed") == tuple(
        (found.attributes or {})[name] for name in ("error.type", "cio_elt.state")
    )
    assert "ann@example.com" not in found.to_json()


def test_a_command_without_it_does_not_import_it(shell: Shell) -> None:
    """A process that has not set it up pays nothing: neither `--help` nor a run imports the API."""
    script = (
        "import sys; from click.testing import CliRunner; from pipelines.cli.main import main\n"
        "assert 0 == CliRunner().invoke(main, ['sync', '--help']).exit_code\n"
        "from pipelines.settings import read_settings; from pipelines.trace import recorded\n"
        "with recorded(read_settings(), 'sync') as run: run.step('extract')\n"
        "print('opentelemetry' in sys.modules)\n"
    )
    env = {**shell.env, "PYTHONPATH": str(Path(__file__).parents[3])}
    ran = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert "False\n" == ran.stdout
