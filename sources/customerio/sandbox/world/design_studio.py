"""Design Studio and assets: a small set at the beginning, edited and added to as the days pass."""

from collections.abc import Iterator

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.planned_changes import AddRecord, EditRecord
from sources.customerio.sandbox.state.store.studio_emails import CONTENT, ENVELOPE

_AGE_S = 200 * DAY
_EDIT_EMAIL_EVERY, _NEW_EMAIL_EVERY, _NEW_ASSET_EVERY = 4, 13, 9
# Records that a day adds are numbered from here on.
_ADDED = 1000

# name, number of the folder it lies in
_FOLDERS = (("Campaigns", None), ("Spring 2026", 1), ("Templates", None))
# name, folder, is a template, is linked to a message, languages
_EMAILS = (
    ("Welcome", 1, False, True, ("de", "fr")),
    ("Spring sale", 2, False, True, ()),
    ("Spring sale, reminder", 2, False, False, ("de",)),
    ("Plain letter", 3, True, False, ()),
    ("Two columns", 3, True, False, ()),
    ("Scratch", None, False, False, ()),
)
_COMPONENTS = (("Header", "x-header", None), ("Footer", "x-footer", None), ("Product card", "x-product", 3))
_ASSET_FOLDERS = (("logos", None), ("photos", None), ("spring", 2))
_ASSETS = (
    ("logo.png", 1, 18_204),
    ("logo-dark.png", 1, 17_990),
    ("meadow.jpg", 3, 412_333),
    ("team.jpg", 2, 238_117),
    ("terms.pdf", None, 90_412),
)


def opening(genesis: int) -> Iterator[AddRecord]:
    """The records that exist when the world begins."""
    first = genesis - _AGE_S
    for table, made in (
        ("design_studio_folders", _placed((name, folder, {}) for name, folder in _FOLDERS)),
        ("design_studio_emails", _placed(_emails())),
        ("design_studio_components", _placed(_components())),
        ("design_studio_translations", _translations()),
        ("asset_folders", _placed((name, folder, {}) for name, folder in _ASSET_FOLDERS)),
        ("assets", _placed((name, folder, {"size": size}) for name, folder, size in _ASSETS)),
    ):
        for number, fields in enumerate(made, start=1):
            at = first + number * DAY
            yield AddRecord(at=genesis, table=table, fields={"id": number, "created": at, **fields})


def daily(day: int, begins: int) -> Iterator[AddRecord | EditRecord]:
    """The changes of a day: an email is edited, and now and then an email or an asset is added."""
    if day % _EDIT_EMAIL_EVERY == 2:
        number = 1 + day // _EDIT_EMAIL_EVERY % len(_EMAILS)
        fields: Record = {"content": _content(_EMAILS[number - 1][0], f"version {day}")}
        yield EditRecord(at=begins + 10 * HOUR, table="design_studio_emails", id=number, fields=fields)
    if day % _NEW_EMAIL_EVERY == 6:
        name = f"Draft of day {day}"
        fields = {"id": _ADDED + day, "name": name, "parent": 1, **_email(name, False, False)}
        yield AddRecord(at=begins + 12 * HOUR, table="design_studio_emails", fields=fields)
    if day % _NEW_ASSET_EVERY == 5:
        fields = {"id": _ADDED + day, "name": f"photo-{day}.jpg", "parent": 2, "size": 100_000 + day}
        yield AddRecord(at=begins + 11 * HOUR, table="assets", fields=fields)


def _placed(rows: Iterator[tuple[str, int | None, Record]]) -> Iterator[Record]:
    for name, folder, fields in rows:
        yield {"name": name, "parent": folder, **fields}


def _emails() -> Iterator[tuple[str, int | None, Record]]:
    for name, folder, template, linked, _ in _EMAILS:
        yield name, folder, _email(name, template, linked)


def _components() -> Iterator[tuple[str, int | None, Record]]:
    for name, tag, folder in _COMPONENTS:
        yield name, folder, {"tag": tag, "html": f"<div>{name}</div>"}


def _translations() -> Iterator[Record]:
    for number, (name, *_, languages) in enumerate(_EMAILS, start=1):
        for language in languages:
            parts = {"content": _content(name, language), "envelope": ENVELOPE, "transformers": {}}
            yield {"email_id": number, "language": language, **parts}


def _email(name: str, template: bool, linked: bool) -> Record:
    parts = {"content": _content(name, "first version"), "envelope": ENVELOPE, "transformers": {}}
    return {"is_template": template, "is_linked": linked, **parts}


def _content(name: str, note: str) -> Record:
    return {**CONTENT, "subject": name, "html": f"<x-header></x-header><p>{name}, {note}</p>"}
