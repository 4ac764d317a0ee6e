"""The schemas of answers that the older documents lack, written by hand from what is known of them.

Customer.io's library and newer documents name the fields [sdk node][spec26]; a trial workspace showed the
lists of Design Studio, opt-outs and channels [live-estuary]. Nothing describes the body of `GET /auth`
[seg26], which therefore has no schema.
"""

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_INT: Schema = {"type": "integer"}
_BOOL: Schema = {"type": "boolean"}


def _or_null(part: Schema) -> Schema:
    return {"type": [part["type"], "null"]}


def _record(*, optional: tuple[str, ...] = (), **fields: Schema) -> Schema:
    """A closed object; all of its fields are required but the optional ones."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _list(part: Schema) -> Schema:
    return {"type": "array", "items": part}


_PAGE = _record(
    pagination=_record(page=_INT, limit=_INT, total=_INT), filters={"type": "object"}, optional=("filters",)
)
_TIMES: Schema = {"created": _INT, "updated": _INT}
_FOLDER: Schema = {"id": _TEXT, "name": _TEXT, "parent_folder_id": _or_null(_TEXT), **_TIMES}
_COMPONENT: Schema = {**_FOLDER, "tag": _TEXT}
_EMAIL: Schema = {**_FOLDER, "is_template": _BOOL, "is_linked": _BOOL, "has_translations": _BOOL}
_PARTS: Schema = {
    "content": _record(subject=_TEXT, preheader_text=_TEXT, html=_TEXT, amp=_TEXT, text=_TEXT),
    "envelope": _record(
        from_id=_or_null(_INT),
        reply_to_id=_or_null(_INT),
        recipient=_TEXT,
        bcc=_TEXT,
        fake_bcc=_BOOL,
        headers={"type": "array"},
    ),
    "transformers": {"type": "object"},
}
_TRANSLATION = _record(id=_TEXT, language=_TEXT, **_TIMES, **_PARTS, optional=("id", "created", "updated"))
_ASSET_FOLDER = _record(id=_INT, name=_TEXT, parent_folder_id=_or_null(_INT), **_TIMES)
_ASSET = _record(id=_INT, name=_TEXT, parent_folder_id=_or_null(_INT), path=_TEXT, size=_INT, **_TIMES)
_OPTOUTS = _list({**_record(channel=_TEXT), "properties": {"channel": _TEXT, "from": _TEXT}})
_CHANNEL = _record(
    id=_INT,
    type=_TEXT,
    name=_TEXT,
    identifier=_TEXT,
    description=_TEXT,
    subscribed_by_default=_BOOL,
    optional=("identifier",),
)
_SUPPRESSION = _record(created=_INT, email=_TEXT, reason=_TEXT, status=_TEXT)

RESPONSES: dict[str, Schema] = {
    "getOptouts": _record(
        optouts=_list(_record(cio_id=_TEXT, customer_id=_or_null(_TEXT), optouts=_OPTOUTS)),
        next=_TEXT,
        optional=("next",),
    ),
    "getPersonOptouts": _record(
        cio_id=_TEXT,
        customer_id=_or_null(_TEXT),
        optouts=_OPTOUTS,
        optional=("cio_id", "customer_id"),
    ),
    "getChannels": _record(channels=_list(_CHANNEL)),
    "getSubscriptionCenterToken": _record(token=_TEXT, url=_TEXT),
    "getDomainSuppressionsByType": _record(
        category=_TEXT, suppressions=_list(_SUPPRESSION), next=_TEXT, optional=("next",)
    ),
    "listFolders": _record(folders=_list(_record(**_FOLDER)), meta=_PAGE),
    "getDesignStudioFolder": _record(folder=_record(**_FOLDER)),
    "listEmails": _record(emails=_list(_record(**_EMAIL)), folders=_list(_record(**_FOLDER)), meta=_PAGE),
    "getEmail": _record(email=_record(**_EMAIL, available_languages=_list(_TEXT), **_PARTS)),
    "listDesignStudioEmailLanguages": _record(email_translations=_list(_TRANSLATION)),
    "getDesignStudioEmailLanguage": _record(email_translation=_TRANSLATION),
    "listComponents": _record(
        components=_list(_record(**_COMPONENT)), folders=_list(_record(**_FOLDER)), meta=_PAGE
    ),
    "getDesignStudioComponent": _record(component=_record(**_COMPONENT, html=_TEXT, optional=("html",))),
    "listAssets": _record(assets=_list(_ASSET), meta=_PAGE),
    "getAsset": _record(asset=_ASSET),
    "listAssetFolders": _record(folders=_list(_ASSET_FOLDER), meta=_PAGE),
    "getAssetFolder": _record(folder=_ASSET_FOLDER),
}
"""The schema of the 200, by operation."""
