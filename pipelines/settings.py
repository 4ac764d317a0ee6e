"""Everything a user can set, read once from the environment or `.env`, checked before any request."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pipelines.errors import ConfigError
from pipelines.times import moment

LIMITS_FOLDER = Path(tempfile.gettempdir()) / f"cio-elt-{os.getuid()}"


def _unix(value: Any) -> Any:
    return moment(value) if isinstance(value, str) else value


def _past(value: int) -> int:
    if value > datetime.now(UTC).timestamp():
        msg = "it lies in the future; name a day in the past, such as 2025-01-31, or leave it out"
        raise ValueError(msg)
    return value


def _pasted(value: Any) -> Any:
    """What is pasted comes with spaces, line breaks, or quotes that docker leaves in; nothing is no value."""
    return (value.strip().strip("\"'").strip() or None) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return [name for part in value.split(",") if (name := part.strip())] if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _of_postgres(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        msg = "it is no URL of a PostgreSQL database, such as postgresql://user:password@host/database"
        raise ValueError(msg)
    return value


Secret = Annotated[SecretStr | None, BeforeValidator(_pasted)]
Text = Annotated[str | None, BeforeValidator(_pasted)]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]


class Settings(BaseSettings):
    """The settings, by the names of their environment variables (in lower case)."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    customerio_app_api_key: Secret = Field(None, description="App API key of the workspace")
    customerio_track_site_id: Secret = Field(None, description="Track API site id")
    customerio_track_api_key: Secret = Field(None, description="Track API key")
    customerio_region: Annotated[Literal["us", "eu"], BeforeValidator(_lower)] = Field(
        "us", description="where the workspace lives"
    )
    customerio_app_url: Text = Field(None, description="App API host instead of the region's")
    customerio_track_url: Text = Field(None, description="Track API host instead of the region's")
    customerio_start: Annotated[int, BeforeValidator(_unix), AfterValidator(_past)] | None = Field(
        None, ge=0, description="oldest day of deliveries to load; default: as far back as there are any"
    )
    customerio_people_by_search: int = Field(
        10_000, ge=0, description="people up to which a sync reads them by search; more come by an export"
    )
    customerio_suppression_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        (), description="sending domains, by commas, whose suppressed addresses are read besides the senders'"
    )
    cio_elt_data: Folder = Field(Path("warehouse/data"), description="folder of the warehouse and its state")
    cio_elt_push: Folder = Field(Path("warehouse/push"), description="folder of the declarations of pushes")
    cio_elt_destination: str = Field("duckdb", description="any SQL destination of dlt")
    cio_elt_limits: Folder = Field(
        LIMITS_FOLDER, description="folder of the rate limits that all runs on this machine share"
    )
    cio_elt_limits_url: Annotated[Secret, AfterValidator(_of_postgres)] = Field(
        None, description="PostgreSQL database that keeps the rate limits instead, for several machines"
    )
    cio_elt_speed: float = Field(
        1.0, gt=0, description="share of Customer.io's rate limits to use: 0.5 leaves half to others"
    )

    cio_elt_target_lag: int = Field(
        7200, gt=0, description="seconds that a table may be behind Customer.io before `status` says so"
    )

    @property
    def load_file(self) -> Path:
        """The private DuckDB file that loads write."""
        return self.cio_elt_data / "load.duckdb"

    @property
    def published_file(self) -> Path:
        """The DuckDB file that people read."""
        return self.cio_elt_data / "customerio.duckdb"

    @property
    def publishes(self) -> bool:
        """Whether the warehouse is a file that must be swapped to be read; servers need no such thing."""
        return self.cio_elt_destination == "duckdb"


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process.

    Raises:
        ConfigError: a value is unusable; the message names each variable and what would be right.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = [
            f"{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}."
            for fault in error.errors(include_input=False, include_url=False)
        ]
        msg = f"Some settings cannot be used. {' '.join(faults)} Set them in the environment or in .env."
        raise ConfigError(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = (
            f"The file .env in this folder cannot be read ({error}). Save it as UTF-8 text, or move it away."
        )
        raise ConfigError(msg) from None
