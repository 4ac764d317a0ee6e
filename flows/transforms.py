"""`transform`: builds, tests and publishes the marts, and writes the report."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import artifact
from flows.blocks import settings_of_run
from flows.parameters import Anew, WaitMinutes
from flows.runs import concluding
from pipelines.report import report
from pipelines.settings import Settings
from pipelines.transform import UNCHANGED, TransformResult
from pipelines.transform import transform as pipeline


@flow(name="transform", flow_run_name="transform", validate_parameters=False)
@concluding
def transform(full: Anew = False, wait_minutes: WaitMinutes = 50) -> State[Any]:
    """Build and test the marts, publish them, and write the report.

    Args:
        full: Build all marts anew from all rows, and not only from those that changed.
        wait_minutes: How long to wait for another run that writes the warehouse. After that the run ends as
            Skipped, and the next run does its work.
    """
    settings = settings_of_run()
    result = build(settings, full, wait_minutes * 60.0)
    page = draw(settings)
    artifact.current().add("Written", [{"report": str(page), "tests that warn": len(result.warnings)}])
    if result.unchanged:
        return Completed(message=UNCHANGED)
    models, warned = len(result.of("model")), len(result.warnings)
    return Completed(
        message=f"{models} models built and tested, {warned} warning(s), in {result.seconds:.0f} s."
    )


# Not retried: a model or test that failed would fail again in a minute.
@task(name="build, test and publish", cache_policy=NO_CACHE)
def build(settings: Settings, full: bool, wait_s: float) -> TransformResult:
    """Build, test and publish the marts; log schema drift and the tests that warn."""
    logger = get_run_logger()
    result = pipeline(settings, full=full, wait_s=wait_s, notify=logger.info)
    for change in result.changes:
        logger.warning("%s: %s.%s", change.change.replace("_", " "), change.table_name, change.name)
    for node in result.warnings:
        logger.warning("%s: %s rows", node.name, node.failures)
    return result


@task(name="report", cache_policy=NO_CACHE)
def draw(settings: Settings) -> Path:
    """Write the report; returns the path of the page."""
    return Path(report(settings).file)
