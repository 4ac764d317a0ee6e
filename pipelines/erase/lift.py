"""Lifts the records of erased people, so that they may come again."""

from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.warehouse import erasures
from pipelines.warehouse.server_erasures import forget_erasures, tell_erasures
from pipelines.warehouse.writer import writing


def lift(
    settings: Settings,
    identifiers: erasures.Identifiers,
    *,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> int:
    """Remove the records of the people with one of these identifiers; returns their number.

    Another data folder of a server keeps its copies, until they are lifted there too.

    Raises:
        ConfigError: the records or their key cannot be read.
        Busy: another run wrote the warehouse for longer than `wait_s`.
    """
    with writing(settings, wait_s=wait_s, notify=notify):
        # In this order, a run that is killed leaves a folder that may write.
        forget_erasures(settings)
        lifted = erasures.lift(settings, identifiers)
        tell_erasures(settings)
        return lifted
