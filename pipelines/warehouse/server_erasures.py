"""The erasures that a PostgreSQL warehouse knows of, so that each data folder that writes it keeps to them.

The records and their key lie in a data folder. The server has a digest of each hash in them, which tells
nothing about a person without that key: a folder that lacks a record does not write.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.destinations import POSTGRES
from pipelines.warehouse.erasures import KEY_FILE, RECORDS_FILE, erasures
from pipelines.warehouse.server import connected
from pipelines.warehouse.sql import DATASET, OWN, literal

_TABLE = f"{DATASET}.{OWN}erasures"


def agree_erasures(client: Any, settings: Settings) -> None:
    """Check that the data folder has the record of each erasure of this server; tell the server its others.

    The caller holds the writer's lock.

    Raises:
        ConfigError: it lacks one, so that a run of it could bring a person back.
    """
    client.execute_sql(f"CREATE TABLE IF NOT EXISTS {_TABLE} (digest text PRIMARY KEY)")
    there = {digest for (digest,) in client.execute_sql(f"SELECT digest FROM {_TABLE}")}
    here = _digests(settings)
    if there - here:
        msg = (
            "People were erased from this warehouse, and the data folder "
            f"{settings.cio_elt_data} does not have the records of it: a run would bring them back. Copy "
            f"{RECORDS_FILE} and {KEY_FILE} from the data folder of that erasure into it."
        )
        raise ConfigError(msg)
    if new := sorted(here - there):
        values = ", ".join(f"({literal(digest)})" for digest in new)
        client.execute_sql(f"INSERT INTO {_TABLE} VALUES {values}")


def tell_erasures(settings: Settings) -> None:
    """Tell the server which records stand in this data folder; nothing is done for a DuckDB file."""
    if settings.cio_elt_destination == POSTGRES:
        with connected(settings) as client:
            agree_erasures(client, settings)


def forget_erasures(settings: Settings) -> None:
    """Let the server forget all records, until it is told of them again."""
    if settings.cio_elt_destination == POSTGRES:
        with connected(settings) as client:
            client.execute_sql(f"DELETE FROM {_TABLE}")


def _digests(settings: Settings) -> set[str]:
    hashes: Iterable[str] = (each for person in erasures(settings) for each in person.hashes)
    return {sha256(each.encode()).hexdigest()[:24] for each in hashes}
