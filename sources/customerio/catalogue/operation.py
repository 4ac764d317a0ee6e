"""What one call of Customer.io's APIs is, as a typed row.

The rows are facts about the API and nothing else: no HTTP objects, no SQL, no dlt. Everything that
makes, answers, lists or documents a call is derived from them.
"""

from dataclasses import dataclass
from typing import Literal

Api = Literal["app", "track"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
ParameterType = Literal["string", "integer", "boolean"]
Paging = Literal["none", "start", "offset"]
Bucket = Literal["app", "broadcast", "archive", "send", "track"]
Effect = Literal["read", "write", "send", "destroy"]

_DOCS = {
    "app": "https://docs.customer.io/integrations/api/app/#operation/",
    "track": "https://docs.customer.io/integrations/api/track/#operation/",
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A path or query parameter. Path parameters are always required."""

    name: str
    type: ParameterType = "string"
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One API call, under Customer.io's own operation id.

    `records` is the key of the answer's list of rows (None where the answer is one thing).
    `page_default` and `page_max` are rows a page (None: no `limit` parameter, or no documented bound).
    `effect` says what a repeat costs: `read` nothing, `write` the same state again, `send` a second message,
    event, import or export, `destroy` something that cannot be brought back.
    """

    id: str
    api: Api = "app"
    method: Method
    path: str
    query: tuple[Parameter, ...] = ()
    body: Literal["none", "json"] = "none"
    records: str | None = None
    paging: Paging = "none"
    page_default: int | None = None
    page_max: int | None = None
    bucket: Bucket
    effect: Effect
    # Only the allowlist of addresses and the unsubscribe link answer without credentials.
    authenticated: bool = True

    @property
    def path_parameters(self) -> tuple[Parameter, ...]:
        """The parameters in `path`, in order; numeric ones are the ids that Customer.io counts up."""
        names = [part.split("}")[0] for part in self.path.split("{")[1:]]
        return tuple(
            Parameter(name=name, type="integer" if name in INTEGER_IDS else "string", required=True)
            for name in names
        )

    @property
    def docs(self) -> str:
        """Customer.io's page about this call."""
        return _DOCS[self.api] + self.id

    @property
    def body_schema(self) -> str | None:
        """JSON pointer to the body's schema in Customer.io's OpenAPI document of this API, if it has a body."""
        if self.body == "none":
            return None
        path = self.path.replace("~", "~0").replace("/", "~1")
        return f"#/paths/{path}/{self.method.lower()}/requestBody/content/application~1json/schema"


INTEGER_IDS = frozenset(
    {
        "action_id",
        "broadcast_id",
        "campaign_id",
        "collection_id",
        "content_id",
        "export_id",
        "form_id",
        "import_id",
        "newsletter_id",
        "segment_id",
        "sender_id",
        "test_group_id",
        "transactional_id",
        "trigger_id",
        "webhook_id",
    }
)
