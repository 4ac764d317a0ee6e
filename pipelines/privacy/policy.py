"""The privacy file: which data are hashed or dropped, and how long others are kept.

privacy.yml              beside the warehouse's models, written by people; `schema.json` is its JSON Schema
data folder/privacy.key  the key of the hashes; only its user can read it
data folder/privacy.json the rules that all stored rows have; no run goes on without the file that had them
"""

import hashlib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.secret_key import make_secret_key, secret_key
from pipelines.yaml_file import WrongYaml, YamlFile
from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract.personal_texts import TextKind
from sources.customerio.extract.privacy import NOTHING_PRIVATE, Privacy
from sources.customerio.extract.privacy_rules import Action, HashedIdentifier, PrivacyRules, fault_of_rule
from sources.permissions import replace_file

SCHEMA = Path("warehouse/privacy.schema.json")
"""The JSON Schema of the file, by which editors complete and check it."""
_KEY, _NOTES = "privacy.key", "privacy.json"
_TABLES = tuple(row.table for row in RESOURCES)

Days = Annotated[int, Field(ge=1, le=36_500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Retention(_Part):
    """Ages in days; what is older is deleted once a week. Nothing is deleted where no age is given."""

    activities: Days | None = Field(default=None, description="activities, by their time")
    archived_messages: Days | None = Field(default=None, description="archived messages, by their time")
    deleted_people: Days | None = Field(
        default=None,
        description="rows of people deleted in Customer.io, by the time of the deletion",
    )
    push_payloads: Annotated[int, Field(ge=1, le=30)] | None = Field(
        default=None,
        description="rows of ended runs in the journal of pushes; default 30 days",
    )

    def __bool__(self) -> bool:
        return any(days is not None for _, days in self)


class Policy(_Part):
    """The content of a privacy file."""

    version: Literal[1] = Field(description="the version of this grammar: 1")
    identifiers: dict[HashedIdentifier, Action] = Field(
        default_factory=dict,
        description="places of a person's id or address, in all tables and exports: `keep`, `hash`, `drop`",
    )
    tables: dict[str, dict[str, Action]] = Field(
        default_factory=dict,
        description="by table: a column, a path such as `attributes.phone`, the members of that name in any "
        "JSON column, or `*` for all that has no rule of its own",
    )
    attributes: dict[str, Action] = Field(
        default_factory=dict,
        description="members of that name in the JSON of all tables with data of people, such as attributes "
        "and data of events",
    )
    texts: dict[TextKind, Action] = Field(
        default_factory=dict,
        description="addresses (`email`) and telephone numbers that begin with + (`phone`) in all texts that "
        "no other rule is about",
    )
    retention: Retention = Field(default=Retention(), description="ages in days")

    @property
    def rules(self) -> PrivacyRules:
        """The rules of columns and texts."""
        return PrivacyRules(
            tables=self.tables, identifiers=self.identifiers, attributes=self.attributes, texts=self.texts
        )

    @property
    def digest(self) -> str:
        """A fingerprint of the rules of columns and texts; empty if they keep all data."""
        if not self.rules:
            return ""
        rules = self.model_dump_json(exclude={"version", "retention"})
        return hashlib.sha256(rules.encode()).hexdigest()


class _Notes(msgspec.Struct):
    """The fingerprint of the rules that all stored rows have, and the second of the last retention."""

    applied: str = ""
    retained_at: int = 0


def policy_of(settings: Settings) -> Policy | None:
    """The privacy file of these settings; None if there is none.

    Raises:
        ConfigError: it cannot be used, or it is gone though stored rows have its rules.
    """
    file = settings.cio_elt_privacy
    if file.exists():
        return _read(file)
    if _notes(settings).applied:
        msg = (
            f"{file} is gone, and the warehouse was loaded with its rules. Restore it; to end its rules, "
            "write one with the line `version: 1` alone."
        )
        raise ConfigError(msg)
    if "cio_elt_privacy" in settings.model_fields_set:
        msg = f"CIO_ELT_PRIVACY: there is no file {file}. Write it, or leave the setting out."
        raise ConfigError(msg)
    return None


def privacy_of(settings: Settings) -> Privacy:
    """The rules of the privacy file with their key; without a file, all data are kept.

    Raises:
        ConfigError: as `policy_of`, or the key is lost.
    """
    policy = policy_of(settings)
    if policy is None or not policy.rules:
        return NOTHING_PRIVATE
    prepare(settings.cio_elt_data)
    notes, key = _notes(settings), settings.cio_elt_data / _KEY
    if not notes.applied:
        make_secret_key(key)
        if not settings.load_file.exists():
            _write(settings, _Notes(applied=policy.digest, retained_at=notes.retained_at))
    hashes = secret_key(key, "the hashes of privacy.yml", "new hashes differ from those that are stored")
    return Privacy(hashes, policy.rules)


def is_outdated(settings: Settings) -> bool:
    """True if rows are stored that lack the rules of the file.

    Raises:
        ConfigError: as `policy_of`.
    """
    digest = _digest(settings)
    return settings.load_file.exists() and _notes(settings).applied != digest


def note_applied(settings: Settings) -> None:
    """Note that all stored rows have the rules of the file."""
    _write(settings, _Notes(applied=_digest(settings), retained_at=_notes(settings).retained_at))


def retained_at(settings: Settings) -> int:
    """The Unix second of the last retention; 0 if there was none."""
    return _notes(settings).retained_at


def note_retained(settings: Settings, now: int) -> None:
    """Note the Unix second of a retention."""
    _write(settings, _Notes(applied=_notes(settings).applied, retained_at=now))


def _digest(settings: Settings) -> str:
    policy = policy_of(settings)
    return policy.digest if policy is not None else ""


def _read(file: Path) -> Policy:
    try:
        document = YamlFile(file)
        policy = Policy.model_validate(document.plain)
    except WrongYaml as error:
        raise ConfigError(str(error)) from None
    except ValidationError as error:
        raise ConfigError(document.faults(error, SCHEMA.name)) from None
    for table, rules in policy.tables.items():
        if table not in _TABLES:
            near = get_close_matches(table, _TABLES, n=3, cutoff=0.4)
            known = f"near it are {', '.join(near)}" if near else "warehouse/README.md lists them"
            msg = f"{document.place(('tables', table))}: there is no table {table}; {known}."
            raise ConfigError(msg)
        for name, action in rules.items():
            if fault := fault_of_rule(resource(table), name, action):
                where = document.place(("tables", table, name))
                msg = f"{where}: {table} cannot {action} {name}: {fault}."
                raise ConfigError(msg)
    return policy


def _notes(settings: Settings) -> _Notes:
    file = settings.cio_elt_data / _NOTES
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Notes)
    except (FileNotFoundError, NotADirectoryError):
        return _Notes()
    except (OSError, msgspec.MsgspecError):
        msg = (
            f"{file} cannot be read, and it says which rules the stored rows have. Restore it from a copy, "
            "or delete it and run `cio-elt privacy --apply`."
        )
        raise ConfigError(msg) from None


def _write(settings: Settings, notes: _Notes) -> None:
    replace_file(settings.cio_elt_data / _NOTES, msgspec.json.encode(notes))
