"""The type of a row of `OPERATIONS`: one call of Customer.io's APIs.

The rows are facts about the API: no HTTP objects, no SQL, no dlt. The client, the sandbox, the command line
and the reference page are derived from them.
"""

from dataclasses import dataclass
from typing import Literal

Api = Literal["app", "track"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
ParameterType = Literal["string", "integer", "boolean"]
Body = Literal["none", "json", "multipart"]
"""The encoding of a body: none, JSON, or a form with a file."""
Paging = Literal["none", "start", "offset", "page"]
"""The way to the next page: none, a token as `start`, an `offset`, or the number of the `page`."""
Bucket = Literal["app", "broadcast", "archive", "send", "track"]
"""The rate limit under which a call counts."""
Effect = Literal["read", "write", "send", "destroy"]
"""The effect of a repeated call; see `Operation`."""
Stability = Literal["stable", "doubtful"]
"""If a source proves that the call exists; see `Operation`."""

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

    `records` is the key of the list of rows in the answer (None if the answer is no list).
    `page_default` and `page_max` are rows a page (None: no `limit` parameter, or no documented bound).
    `effect` is the effect of a repeat: `read` none, `write` the same state again, `send` a second message,
    event, import or export, `destroy` a loss that cannot be undone.
    `stability` is `stable` for a call that was seen live or that Customer.io's own libraries make, `doubtful`
    for one that stands in a document alone or was inferred; it may not exist.
    """

    id: str
    api: Api = "app"
    method: Method
    path: str
    query: tuple[Parameter, ...] = ()
    body: Body = "none"
    records: str | None = None
    paging: Paging = "none"
    page_default: int | None = None
    page_max: int | None = None
    bucket: Bucket
    effect: Effect
    # Only the allowlist of addresses and the unsubscribe link answer without credentials.
    authenticated: bool = True
    stability: Stability = "stable"
    # False where Customer.io's id of the call is unknown: then the id is this catalogue's.
    has_page: bool = True

    @property
    def path_parameters(self) -> tuple[Parameter, ...]:
        """The parameters in `path`, in order; `INTEGER_IDS` are integers."""
        names = [part.split("}")[0] for part in self.path.split("{")[1:]]
        return tuple(
            Parameter(name=name, type="integer" if name in INTEGER_IDS else "string", required=True)
            for name in names
        )

    @property
    def docs(self) -> str:
        """The URL of Customer.io's page about this call, or of the whole reference if `has_page` is false."""
        return _DOCS[self.api] + self.id if self.has_page else _DOCS[self.api].removesuffix("#operation/")

    @property
    def body_schema(self) -> str | None:
        """JSON pointer to the body's schema in Customer.io's OpenAPI document of this API, if it has a body."""
        if self.body == "none":
            return None
        path = self.path.replace("~", "~0").replace("/", "~1")
        media = "application~1json" if self.body == "json" else "multipart~1form-data"
        return f"#/paths/{path}/{self.method.lower()}/requestBody/content/{media}/schema"


INTEGER_IDS = frozenset(
    {
        "action_id",
        "asset_id",
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
"""Path parameters that are integers; the others are text."""
