"""Whether a sync could be pushed: its model runs, and has the columns and types that are declared."""

from pathlib import Path

from pipelines.push.deliver.staging import check_staging
from pipelines.push.journal.database import Sync
from pipelines.push.plan.prepare import run_the_model
from pipelines.push.plan.query import workbench
from pipelines.push.plan.transport import lane_of
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings


def validate(settings: Settings, declaration: PushSpec, folder: Path) -> dict[str, str]:
    """The columns that the model has, with their SQL types; no row of it is read.

    Raises:
        ModelFailed: the model cannot be run, or a column is not there or not of the right type.
        ConfigError: rows cannot travel as it says.
    """
    check_staging(settings, declaration)
    lane_of(declaration, adds=1, requests=1)
    with workbench(settings) as bench:
        return run_the_model(bench, declaration, Sync("", declaration.sync), folder, rows=False).columns
