"""The settings: read once from the environment or `.env`, and checked before any request.

The environment comes before `.env`; an empty variable counts as not set.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from pipelines.errors import ConfigError, problems
from pipelines.times import length, moment
from sources.permissions import replace_file

_ENV_FILE = ".env"
_MASK = "********"
LIMITS_FOLDER = Path(tempfile.gettempdir()) / f"cio-elt-{os.getuid()}"


def _unix(value: Any) -> Any:
    return moment(value) if isinstance(value, str) else value


def _past(value: int) -> int:
    if value > datetime.now(UTC).timestamp():
        msg = "it is in the future; name a day in the past, such as 2025-01-31, or leave it out"
        raise ValueError(msg)
    return value


def _pasted(value: Any) -> Any:
    """Strip spaces, line breaks and quotes around a pasted value; an empty text becomes None."""
    return (value.strip().strip("\"'").strip() or None) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return [name for part in value.split(",") if (name := part.strip())] if isinstance(value, str) else value


def _ages(value: Any) -> Any:
    return [_age(part) for part in _names(value)] if isinstance(value, str) else value


def _age(text: str) -> tuple[int, int]:
    age, _, interval = (part.strip() for part in text.partition("/"))
    return length(age), length(interval) if interval else 0


def _rising(value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    ages = [age for age, _ in value]
    if ages != sorted(set(ages)):
        msg = "the ages do not rise; write the youngest first, such as 1d, 7d/1d, 30d/3d"
        raise ValueError(msg)
    if value and value[0][1]:
        msg = "each sync reads the youngest age, which has an interval; write it without one, as 1d, 7d/1d"
        raise ValueError(msg)
    return value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _of_postgres(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        msg = "it is not the URL of a PostgreSQL database, such as postgresql://user:password@host/database"
        raise ValueError(msg)
    return value


Bands = Annotated[tuple[tuple[int, int], ...], NoDecode, BeforeValidator(_ages), AfterValidator(_rising)]
"""Ages of deliveries up to which they are read again, each with its interval; in seconds, 0 is each sync."""
Secret = Annotated[SecretStr | None, BeforeValidator(_pasted)]
Text = Annotated[str | None, BeforeValidator(_pasted)]


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


Folder = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """The settings; each has the name of its environment variable, in lower case.

    Times are Unix seconds, written as a day such as 2025-01-31 in the environment; lags are seconds. A folder
    may be given relative to the current one; the setting is its absolute path. Each field's description has
    its meaning and its default.
    """

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    customerio_app_api_key: Secret = Field(None, description="App API key of the workspace; required")
    customerio_track_site_id: Secret = Field(None, description="Track API site id; required by `push`")
    customerio_track_api_key: Secret = Field(None, description="Track API key; required by `push`")
    customerio_region: Annotated[Literal["us", "eu"], BeforeValidator(_lower)] = Field(
        "us", description="region of the workspace: `us` (default) or `eu`"
    )
    customerio_app_url: Text = Field(None, description="URL of the App API; default: the region's host")
    customerio_track_url: Text = Field(None, description="URL of the Track API; default: the region's host")
    customerio_start: Annotated[int, BeforeValidator(_unix), AfterValidator(_past)] | None = Field(
        None, ge=0, description="oldest day of deliveries to load; default: the oldest delivery"
    )
    customerio_bands: Bands = Field(
        (),
        description="ages of deliveries that are read again, each with its interval; none is each sync; "
        "default `1d, 7d/1d, 30d/3d, 180d/30d`",
    )
    customerio_people_by_search: int = Field(
        10_000,
        ge=0,
        description="largest number of people that a sync reads by search, not by export; default 10,000",
    )
    customerio_suppression_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        (),
        description="sending domains, separated by commas, whose suppressed addresses are read, besides the "
        "senders' own",
    )
    cio_elt_data: Folder = Field(
        Path("warehouse/data"), description="folder of the warehouse and its state; default `warehouse/data`"
    )
    cio_elt_push: Folder = Field(
        Path("warehouse/push"), description="folder of the push specs; default `warehouse/push`"
    )
    cio_elt_privacy: Folder = Field(
        Path("warehouse/privacy.yml"),
        description="file of the columns that are hashed or dropped; default `warehouse/privacy.yml`, which "
        "may be missing",
    )
    cio_elt_destination: str = Field(
        "duckdb", description="a destination of dlt that merges rows, such as `postgres`; default `duckdb`"
    )
    cio_elt_limits: Folder = Field(
        LIMITS_FOLDER,
        description="folder of the rate limits that all runs on this machine share; default: a folder in the "
        "system's temporary one",
    )
    cio_elt_limits_url: Annotated[Secret, AfterValidator(_of_postgres)] = Field(
        None, description="URL of a PostgreSQL database for the rate limits, shared by several machines"
    )
    cio_elt_speed: float = Field(
        1.0,
        gt=0,
        description="share of Customer.io's rate limits to use; 0.5 leaves half to others; default 1.0",
    )

    cio_elt_deletion_share: float = Field(
        0.3,
        ge=0,
        le=1,
        description="largest share of a table's rows that one sync marks as deleted; more are held back, "
        "and the sync ends with 4; 1 holds nothing back; default 0.3",
    )
    cio_elt_any_clock: bool = Field(
        False,
        description="accept a server whose clock is more than an hour from this machine's, for a server of "
        "your own; default false",
    )
    cio_elt_published_mode: Annotated[Literal["0600", "0640", "0644"], BeforeValidator(_lower)] = Field(
        "0600",
        description="permissions of the published file: `0600` (default) is for its owner alone, `0640` lets "
        "its group read it, `0644` all users of the machine; all other files are for their owner alone",
    )
    cio_elt_log: Annotated[
        Literal["debug", "info", "warning", "error", "json"] | None, BeforeValidator(_lower)
    ] = Field(
        None,
        description="lines of the log on stderr: from which level on (`debug`, `info`, `warning`, `error`), "
        "or `json` for JSON documents from `info` on; default: none, `logs/cio-elt.log` has them",
    )
    cio_elt_target_lag: int = Field(
        7200,
        gt=0,
        description="seconds that a table may be behind Customer.io before `status` reports it; default 7200",
    )

    @property
    def load_file(self) -> Path:
        """The private DuckDB file, which loads write."""
        return self.cio_elt_data / "load.duckdb"

    @property
    def published_file(self) -> Path:
        """The published DuckDB file, which readers open."""
        return self.cio_elt_data / "customerio.duckdb"

    @property
    def published_mode(self) -> int:
        """The permissions of the published file."""
        return int(self.cio_elt_published_mode, 8)

    @property
    def publishes(self) -> bool:
        """True if the warehouse is a DuckDB file, which is published for its readers by a copy."""
        return self.cio_elt_destination == "duckdb"


Origin = Literal["environment", ".env", "default"]
"""The place that a setting's value comes from."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting with its value, which is None if it is not set; a secret is masked.

    `variable` is its environment variable, `file` the absolute path of the `.env` that has it.
    """

    variable: str
    value: Any
    origin: Origin
    file: Path | None
    description: str


def settings_with_origins() -> list[Setting]:
    """Every setting of this process, and the place that its value comes from.

    Raises:
        ConfigError: a value is invalid; as `read_settings`.
    """
    settings = read_settings()
    environment, file = EnvSettingsSource(Settings)(), DotEnvSettingsSource(Settings)()
    found = []
    for name, field in Settings.model_fields.items():
        origin: Origin = "environment" if name in environment else ".env" if name in file else "default"
        value = getattr(settings, name)
        found.append(
            Setting(
                variable=name.upper(),
                value=_MASK if isinstance(value, SecretStr) else value,
                origin=origin,
                file=env_file() if origin == ".env" else None,
                description=str(field.description),
            )
        )
    return found


def write_env_file(values: Mapping[str, str]) -> Path:
    """Write these variables into `.env`, which only this user may read; its other lines stay.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    file = env_file()
    try:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        kept = [line for line in lines if _variable(line) not in values]
        written = (*kept, *map(_assignment, values.items()))
        replace_file(file, "".join(f"{line}\n" for line in written).encode())
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file} cannot be written ({error}). Make the folder writable, or move the file away."
        raise ConfigError(msg) from None
    return file


def _variable(line: str) -> str:
    """The variable that a line of `.env` sets; empty for a comment."""
    found = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", line)
    return found[1] if found else ""


def _assignment(pair: tuple[str, str]) -> str:
    """A line of `.env`; a value with a sign that has a meaning there is quoted."""
    name, value = pair
    if re.fullmatch(r"[\w./:@%+,=-]*", value):
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"


def env_file() -> Path:
    """The absolute path of the `.env` that is read, which may be missing: that of the current folder."""
    return Path(_ENV_FILE).absolute()


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` replace single ones by name, except for those that are None.

    Raises:
        ConfigError: a value is invalid; the message names each such variable and a valid value.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        wrong = [
            f"{str(problem['loc'][0]).upper()}: {problem['msg'].removeprefix('Value error, ')}."
            for problem in problems(error)
        ]
        next_step = f"Set them in the environment or in {env_file()}."
        msg = f"Some settings cannot be used. {' '.join(wrong)} {next_step}"
        raise ConfigError(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The file {env_file()} cannot be read ({error}). Save it as UTF-8 text, or move it away."
        raise ConfigError(msg) from None
