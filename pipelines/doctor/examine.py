"""The checks of the doctor, in their order."""

from collections.abc import Iterator

from pipelines.doctor import files, machine, servers, work
from pipelines.doctor.finding import Check, Finding, unset
from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.failures import elt_error

CHECKS: tuple[Check, ...] = (
    machine.versions,
    machine.settings,
    machine.data_folder,
    machine.permissions,
    machine.disk,
    machine.memory,
    servers.limits,
    servers.customerio,
    servers.prefect,
    work.locks,
    files.warehouse_files,
    files.readers,
    files.small_files,
    files.declarations,
    files.privacy_file,
    work.packages,
    work.pushes,
    work.erasures,
    work.runs,
)


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order of the checks."""
    for check in CHECKS:
        try:
            yield from check(settings)
        except Exception as error:
            # One check that cannot be made does not keep the others back. A foreign message may hold data.
            why = elt_error(error) or type(error).__name__
            yield Finding(
                name=check.__name__.replace("_", " "),
                found=f"It could not be checked: {why}",
                state="fail",
                cure="cio-elt doctor --bundle support.zip",
            )


def settings_finding(error: ConfigError) -> Finding:
    """The finding for settings that cannot be read; nothing else can be checked then."""
    wrong = [name.upper() for name in Settings.model_fields if f"{name.upper()}:" in str(error)]
    return Finding(name="settings", found=str(error), state="fail", cure=unset(*wrong))
