"""Settles what earlier runs left: their packages are loaded before anything is read, or set aside."""

from typing import TYPE_CHECKING

from pipelines.notify import Notify
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.warehouse.pipeline import load, pipeline, remove_normalized
from pipelines.warehouse.set_aside import set_aside, unloadable

if TYPE_CHECKING:
    from dlt import Pipeline


def settled(settings: Settings, notify: Notify) -> "Pipeline":
    """The pipeline of this warehouse, with no package left that an earlier run extracted and did not load.

    The watermarks of such a package include it. One that cannot be loaded is set aside, and its watermarks
    with it. `notify` gets a sentence in both cases.

    Raises:
        ConfigError, WarehouseError: as `pipeline`, and if a package cannot be loaded for now.
    """
    step("settle packages of earlier runs")
    target = pipeline(settings)
    remove_normalized(target)
    if not target.has_pending_data:
        return target
    packages = [*target.list_extracted_load_packages(), *target.list_normalized_load_packages()]
    notify(
        f"An earlier run ended before it had loaded everything; loading its {len(packages)} package(s) first."
    )
    try:
        load(target)
    except Exception as error:
        if not unloadable(error):
            raise
        return put_aside(target, settings, error, notify)
    return target


def put_aside(target: "Pipeline", settings: Settings, error: Exception, notify: Notify) -> "Pipeline":
    """Set all waiting packages aside, tell `notify` of each, and return the pipeline without them."""
    for package in set_aside(target, settings, error):
        notify(
            f"Package {package.load_id} cannot be loaded and was set aside; its rows are read again. "
            f"`cio-elt doctor` says why; it is in {package.folder}."
        )
    return pipeline(settings)
