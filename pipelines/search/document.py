"""The grammar of a search document, as pydantic models; null for an optional key means that it is left out.

    {"query": {"filter": FILTER, "sort": [{FIELD: "asc" | "desc"}, ...]},
     "limit": 1000, "cursor": CURSOR, "fields": [FIELD, ...], "include_deleted": false}

    FILTER: {OPERATOR: {FIELD: VALUE}} | {"and": [FILTER, ...]} | {"or": [FILTER, ...]} | {"not": FILTER}

The models check the shape. Fields and values are checked against the table when the SQL is made.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from pipelines.errors import ConfigError
from pipelines.search.document_errors import TOO_DEEP, TOO_MANY, describe
from pipelines.search.limits import DEFAULT_LIMIT, MAX_CONDITIONS, MAX_DEPTH, MAX_LIMIT, MAX_SORT

# Keys of a filter that are not given have no value; the properties read the given one alone.
_OMITTED: Any = None


class _Object(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _OptionalKeys(_Object):
    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: given for name, given in value.items() if given is not None}


Comparison = Annotated[dict[str, Any], Field(min_length=1, max_length=1)]
"""A field's path, and the value that it is compared with."""


class Filter(_Object):
    """A condition, or several that are joined: exactly one of these keys is given."""

    and_: Annotated[list["Filter"], Field(min_length=1)] = Field(_OMITTED, alias="and")
    or_: Annotated[list["Filter"], Field(min_length=1)] = Field(_OMITTED, alias="or")
    not_: "Filter" = Field(_OMITTED, alias="not")
    eq: Comparison = _OMITTED
    neq: Comparison = _OMITTED
    gt: Comparison = _OMITTED
    gte: Comparison = _OMITTED
    lt: Comparison = _OMITTED
    lte: Comparison = _OMITTED
    in_: Comparison = Field(_OMITTED, alias="in")
    like: Comparison = _OMITTED
    fuzzy: Comparison = _OMITTED
    keyword: Comparison = _OMITTED

    @model_validator(mode="before")
    @classmethod
    def _one_key(cls, value: object) -> object:
        if isinstance(value, dict) and len(value) != 1:
            kind = "one_key"
            raise PydanticCustomError(kind, "A filter has one key.")
        return value

    @property
    def word(self) -> str:
        """The given key: `and`, `or`, `not` or an operator."""
        (name,) = self.model_fields_set
        return name.rstrip("_")

    @property
    def parts(self) -> list["Filter"]:
        """The filters that `and`, `or` or `not` joins; empty for a condition."""
        if self.word == "not":
            return [self.not_]
        return {"and": self.and_, "or": self.or_}.get(self.word, [])

    @property
    def comparison(self) -> tuple[str, Any]:
        """The field's path and the value of a condition."""
        (name,) = self.model_fields_set
        ((path, value),) = getattr(self, name).items()
        return path, value

    def condition_depths(self, depth: int = 0) -> Iterator[int]:
        """The nesting depth of each condition."""
        if not self.parts:
            yield depth
        for part in self.parts:
            yield from part.condition_depths(depth + 1)


class Sort(RootModel[Annotated[dict[str, Literal["asc", "desc"]], Field(min_length=1, max_length=1)]]):
    """A field to sort by, and the direction; records without a value come last in both directions."""

    model_config = ConfigDict(strict=True, frozen=True)

    @property
    def path(self) -> str:
        """The path of the field to sort by."""
        (path,) = self.root
        return path

    @property
    def descending(self) -> bool:
        """True if the order is descending."""
        return self.root[self.path] == "desc"


class Query(_OptionalKeys):
    """The records to find, and their order."""

    filter: Filter | None = None
    sort: Annotated[list[Sort], Field(max_length=MAX_SORT)] = []

    @model_validator(mode="before")
    @classmethod
    def _without_empty_filter(cls, value: object) -> object:
        if isinstance(value, dict) and value.get("filter") == {}:
            return {name: given for name, given in value.items() if name != "filter"}
        return value


class Search(_OptionalKeys):
    """A search. Without `fields`, records are whole; `include_deleted` adds tombstones."""

    query: Query = Query()
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: str | None = None
    fields: Annotated[list[str], Field(min_length=1)] | None = None
    include_deleted: bool = False


def parse(document: object) -> Search:
    """The search that a JSON document describes.

    Raises:
        ConfigError: the document has another shape; the message names the place and the right shape.
    """
    try:
        search = Search.model_validate(document)
    except ValidationError as error:
        raise ConfigError(describe(error)) from None
    if search.query.filter is not None:
        _check_size(search.query.filter)
    return search


def _check_size(condition: Filter) -> None:
    """Refuse filters that DuckDB would plan for minutes."""
    depths = list(condition.condition_depths())
    if max(depths) > MAX_DEPTH:
        raise ConfigError(TOO_DEEP)
    if len(depths) > MAX_CONDITIONS:
        raise ConfigError(TOO_MANY)
