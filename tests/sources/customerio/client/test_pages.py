"""Lists are read to their end, with any form of pages, and never endlessly."""

from collections.abc import Callable
from itertools import repeat
from typing import Any

import httpx
import orjson
import pytest

from sources.customerio.catalogue import operation
from sources.customerio.client import (
    HELD_LIST,
    BadAnswer,
    Client,
    EndlessPages,
    Page,
    TooLarge,
    WrongCall,
    records_of,
)

ClientOf = Callable[..., Client]


class TokenList:
    """A list with pages by token; keeps the queries that it was sent."""

    def __init__(self, key: str, pages: dict[str | None, Any]) -> None:
        self.key = key
        self.pages = pages
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.queries.append(dict(request.url.params))
        return httpx.Response(200, json=self.pages[request.url.params.get("start")])


class OffsetList:
    """A list of that many rows, read by offset; past its end it answers null and nothing else."""

    def __init__(self, rows: int, *, deaf: bool = False) -> None:
        self.rows = [{"email": f"{number}@example.com"} for number in range(rows)]
        self.deaf = deaf
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.queries.append(dict(request.url.params))
        first = 0 if self.deaf else int(request.url.params.get("offset", 0))
        rows = self.rows[first : first + int(request.url.params["limit"])]
        return httpx.Response(
            200, json={"category": "bounces", "suppressions": rows} if rows else {"suppressions": None}
        )


def test_tokens_are_followed_to_the_end(client_of: ClientOf) -> None:
    """Each `next` becomes the next `start`, letter by letter, and the first request has none."""
    outside = TokenList(
        "messages",
        {
            None: {"messages": [{"id": "a"}], "next": "MDo2MQ=="},
            "MDo2MQ==": {"messages": [{"id": "b"}], "next": "a+/b"},
            "a+/b": {"messages": [{"id": "c"}], "next": ""},
        },
    )
    pages = list(client_of(outside).pages("listMessages", query={"start_ts": 5, "drafts": False}))
    assert [page.records for page in pages] == [[{"id": "a"}], [{"id": "b"}], [{"id": "c"}]]
    assert [page.next for page in pages] == ["MDo2MQ==", "a+/b", None]
    first = {"start_ts": "5", "drafts": "false", "limit": "1000"}
    assert outside.queries == [first, first | {"start": "MDo2MQ=="}, first | {"start": "a+/b"}]


@pytest.mark.parametrize("last", [{"next": ""}, {"next": None}, {}])
def test_an_empty_null_or_absent_next_ends_a_list(client_of: ClientOf, last: dict[str, Any]) -> None:
    """All three ends of a list that were seen are ends."""
    outside = TokenList("campaigns", {None: {"newsletters": [{"id": 1}]} | last})
    assert [page.next for page in client_of(outside).pages("listNewsletters")] == [None]


def test_an_empty_page_in_the_middle_ends_nothing(client_of: ClientOf) -> None:
    """Null and empty pages that lead on are passed."""
    outside = TokenList(
        "activities",
        {
            None: {"activities": None, "next": "1"},
            "1": {"activities": [], "next": "2"},
            "2": {"activities": [{"id": "z"}], "next": ""},
        },
    )
    assert [page.records for page in client_of(outside).pages("listActivities")] == [[], [], [{"id": "z"}]]


def test_a_token_that_comes_twice_stops_the_read(client_of: ClientOf) -> None:
    """A list that leads in a circle is an error and not an endless read."""
    outside = TokenList(
        "messages",
        {
            None: {"messages": [], "next": "1"},
            "1": {"messages": [], "next": "2"},
            "2": {"messages": [], "next": "1"},
        },
    )
    pages = client_of(outside).pages("listMessages")
    with pytest.raises(EndlessPages, match="not complete"):
        list(pages)
    assert len(outside.queries) == 3


def test_a_page_that_leads_back_to_the_first_one_stops_the_read(client_of: ClientOf) -> None:
    """A list that begins anew is an error by name, also if its token is another one."""
    outside = TokenList(
        "messages",
        {
            None: {"messages": [{"id": "a"}, {"id": "b"}], "next": "1"},
            "1": {"messages": [{"id": "a"}, {"id": "b"}], "next": "2"},
        },
    )
    with pytest.raises(EndlessPages, match="`listMessages` led back to a page that was already read"):
        list(client_of(outside).pages("listMessages"))


@pytest.mark.parametrize(
    ("operation_id", "path", "limit"),
    [
        ("getSegmentMembership", {"segment_id": 1}, "30000"),
        ("listActivities", None, "100"),
        ("listCampaignActions", {"campaign_id": 1}, None),
        ("listSenders", None, "1000"),
    ],
)
def test_the_largest_page_is_asked_for(
    client_of: ClientOf, operation_id: str, path: dict[str, object] | None, limit: str | None
) -> None:
    """The default limit is the catalogue's maximum, or a large one; a list without the parameter has none."""
    outside = TokenList("", {None: {str(operation(operation_id).records): None}})
    list(client_of(outside).pages(operation_id, path=path))
    assert outside.queries == [{} if limit is None else {"limit": limit}]


def test_a_given_limit_is_kept(client_of: ClientOf) -> None:
    """A given page size is sent; None counts as not given."""
    outside = TokenList("messages", {None: {"messages": None}})
    client = client_of(outside)
    list(client.pages("listMessages", query={"limit": 5}))
    list(client.pages("listMessages", query={"limit": None}))
    assert [query["limit"] for query in outside.queries] == ["5", "1000"]


def test_a_search_sends_its_body_with_every_page(client_of: ClientOf) -> None:
    """People search pages in the query and filters in the body."""
    bodies = []

    def search(request: httpx.Request) -> httpx.Response:
        bodies.append(orjson.loads(request.content))
        token = "" if request.url.params.get("start") else "x"
        return httpx.Response(200, json={"identifiers": None, "ids": None, "next": token})

    people = {"filter": {"and": [{"segment": {"id": 1}}]}}
    pages = list(client_of(search).pages("getPeopleFilter", body=people))
    assert bodies == [people, people]
    assert [page.records for page in pages] == [[], []]


def test_a_list_without_pages_is_one_page(client_of: ClientOf) -> None:
    """Whole lists come as one page with the whole document."""
    document = {"exports": None}
    (page,) = client_of(lambda _: httpx.Response(200, json=document)).pages("listExports")
    assert (page.records, page.document, page.next) == ([], document, None)


def test_a_list_of_one_page_that_leads_on_is_refused(client_of: ClientOf) -> None:
    """A `next` of a list that has no pages says that rows are missing: it is no complete list."""
    outside = TokenList("test_groups", {None: {"test_groups": [], "next": "MQ=="}})
    with pytest.raises(BadAnswer, match="a `next` beside 0 rows of `test_groups`"):
        list(client_of(outside).pages("getNewsletterTestGroups", path={"newsletter_id": 1}))


def test_one_thing_is_its_own_record(client_of: ClientOf) -> None:
    """A document without a list is a page of one row."""
    client = client_of(lambda _: httpx.Response(200, json={"count": 7}))
    (page,) = client.pages("getSegmentCount", path={"segment_id": 1})
    assert page.records == [{"count": 7}]


def test_a_bare_list_is_its_records(client_of: ClientOf) -> None:
    """The content of a collection has no envelope."""
    client = client_of(lambda _: httpx.Response(200, json=[{"a": 1}, {"a": 2}]))
    (page,) = client.pages("getCollectionContents", path={"collection_id": 1})
    assert (page.records, page.document) == ([{"a": 1}, {"a": 2}], {})


def test_offsets_are_read_until_nothing_comes(client_of: ClientOf) -> None:
    """Suppressions are paged by offset, and end with null."""
    outside = OffsetList(2500)
    pages = client_of(outside).pages("getSuppressionByType", path={"suppression_type": "bounces"})
    assert [row for page in pages for row in page.records] == outside.rows
    assert [query.get("offset") for query in outside.queries] == [None, "999", "1998", "2499"]


class ShiftingList(OffsetList):
    """A list by offset that loses its first row, or gets one above it, before each of the given requests."""

    def __init__(self, rows: int, *, before: set[int], added: bool) -> None:
        super().__init__(rows)
        self._before = before
        self._added = added

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if len(self.queries) in self._before:
            new = [{"email": f"new-{len(self.queries)}@example.com"}]
            self.rows = new + self.rows if self._added else self.rows[1:]
        return super().__call__(request)


@pytest.mark.parametrize("added", [False, True])
def test_a_list_by_offset_that_shifts_is_read_again(client_of: ClientOf, added: bool) -> None:
    """After a row went or came above, no row that stayed is left out."""
    outside = ShiftingList(2500, before={1}, added=added)
    stayed = list(outside.rows[1:])

    pages = list(client_of(outside).pages("getSuppressionByType", path={"suppression_type": "bounces"}))

    found = [row["email"] for page in pages for row in page.records]
    assert {row["email"] for row in stayed} <= set(found)
    assert [None, "999", None, "999", "1998"] == [query.get("offset") for query in outside.queries[:5]]


def test_a_list_that_shifts_at_each_request_is_not_believed(client_of: ClientOf) -> None:
    """If the rows move each time, the reading ends with an error and not with a part."""
    outside = ShiftingList(2500, before=set(range(1, 100)), added=False)

    with pytest.raises(BadAnswer, match="moved each of 4 times"):
        list(client_of(outside).pages("getSuppressionByType", path={"suppression_type": "bounces"}))


def test_a_last_page_that_is_empty_and_leads_to_itself_ends_the_list(client_of: ClientOf) -> None:
    """An empty page with its own token is asked twice, and then is the end."""
    outside = TokenList(
        "messages",
        {None: {"messages": [{"id": "a"}], "next": "1"}, "1": {"messages": [], "next": "1"}},
    )

    pages = list(client_of(outside).pages("listMessages"))

    assert [[{"id": "a"}], []] == [page.records for page in pages]
    assert ["1", None] == [page.next for page in pages]
    assert [None, "1", "1"] == [query.get("start") for query in outside.queries]


def test_a_page_that_is_empty_for_a_moment_ends_nothing(client_of: ClientOf) -> None:
    """An empty page with its own token that has rows when it is asked again is read on."""
    answers = iter(
        [
            {"messages": [{"id": "a"}], "next": "1"},
            {"messages": [], "next": "1"},
            {"messages": [{"id": "b"}], "next": ""},
        ]
    )
    pages = client_of(lambda _: httpx.Response(200, json=next(answers))).pages("listMessages")

    assert [[{"id": "a"}], [{"id": "b"}]] == [page.records for page in pages]


@pytest.mark.parametrize("operation_id", ["listNewsletters", "getPeopleFilter", "listActivities"])
def test_fresh_tokens_over_the_same_rows_stop_the_read(client_of: ClientOf, operation_id: str) -> None:
    """A chain of new tokens that gives the same page over and over is no endless read."""
    key = str(operation(operation_id).records)
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={key: [{"id": "b" if asked > 1 else "a"}], "next": str(asked)})

    body: dict[str, Any] | None = {"filter": {}} if operation(operation_id).body == "json" else None
    with pytest.raises(EndlessPages, match="already read"):
        list(client_of(answer).pages(operation_id, body=body))
    assert 3 == asked


def test_a_page_with_rows_that_leads_to_itself_stops_the_read(client_of: ClientOf) -> None:
    """A token that leads to its own page, which has rows, is an error by name."""
    outside = TokenList(
        "messages",
        {None: {"messages": [{"id": "a"}], "next": "1"}, "1": {"messages": [{"id": "b"}], "next": "1"}},
    )
    with pytest.raises(EndlessPages, match="already read"):
        list(client_of(outside).pages("listMessages"))


def test_a_server_deaf_to_offsets_stops_the_read(client_of: ClientOf) -> None:
    """A list that answers the same page for every offset is an error and not an endless read."""
    outside = OffsetList(10, deaf=True)
    with pytest.raises(EndlessPages, match="one page twice"):
        list(client_of(outside).pages("getSuppressionByType", path={"suppression_type": "bounces"}))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"automations":[{"id":1}]}', "no `campaigns`, but automations"),
        (b'{"Bearer 5a135f4d":1,"bob@example.com":2,"automations":[]}', "no `campaigns`, but automations"),
        (b'{"errors":[]}', "no `campaigns`, but errors"),
        (b"{}", "no `campaigns`;"),
        (b'{"message":"hello"}', "no `campaigns`, but message"),
        (b'{"meta":{"error":"not now"}}', "no `campaigns`, but meta"),
        (b'{"error":"not now"}', "no `campaigns`, but error"),
        (b'{"campaigns":null,"meta":{"error":"not now"}}', "an error and no row of `campaigns`"),
        (b'{"campaigns":[],"errors":[{"detail":"not now"}]}', "an error and no row of `campaigns`"),
        (b"[]", "a list instead of an object with `campaigns`"),
        (b'{"campaigns":{"id":1}}', "a dict as `campaigns`"),
        (b'{"campaigns":{}}', "a dict as `campaigns`"),
        (b'{"campaigns":false}', "a bool as `campaigns`"),
        (b'{"campaigns":0}', "a int as `campaigns`"),
        (b'{"campaigns":""}', "a str as `campaigns`"),
        (b'"campaigns"', "a str instead of an object"),
        (b"", "a NoneType instead of an object"),
        (b"<html></html>", "is not JSON"),
    ],
)
def test_another_document_is_not_an_empty_list(client_of: ClientOf, body: bytes, says: str) -> None:
    """A list that cannot be found is an error: taken as empty, every row would look deleted."""
    client = client_of(lambda _: httpx.Response(200, content=body))
    with pytest.raises(BadAnswer, match=says):
        list(client.pages("listCampaigns"))


def test_wrong_parameters_are_refused_before_the_first_page(client_of: ClientOf) -> None:
    """The mistake is raised where it is made, not where the pages are read."""
    with pytest.raises(WrongCall, match="no query parameter limits"):
        client_of(lambda _: httpx.Response(200)).pages("listMessages", query={"limits": 5})


class NumberedList:
    """A list with numbered pages and a total, without `next`; keeps the queries that it was sent."""

    def __init__(self, rows: int, *, deaf: bool = False) -> None:
        self.rows = [{"id": str(number)} for number in range(rows)]
        self.deaf = deaf
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.queries.append(dict(request.url.params))
        number, size = int(request.url.params.get("page", 1)), int(request.url.params["limit"])
        first = 0 if self.deaf else (number - 1) * size
        meta = {"pagination": {"page": number, "limit": size, "total": len(self.rows)}}
        return httpx.Response(200, json={"emails": self.rows[first : first + size], "meta": meta})


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (2, 1), (4, 2), (5, 3)])
def test_numbered_pages_are_read_to_their_total(client_of: ClientOf, rows: int, pages: int) -> None:
    """The last page is the one that reaches the total; no page behind it is asked for."""
    outside = NumberedList(rows)
    read = list(client_of(outside).pages("listEmails", query={"limit": 2}))
    assert outside.rows == [record for page in read for record in page.records]
    assert [None, *map(str, range(2, pages + 1))] == [query.get("page") for query in outside.queries]
    assert [*map(str, range(2, pages + 1)), None] == [page.next for page in read]


def test_a_numbered_page_that_comes_twice_ends_the_read(client_of: ClientOf) -> None:
    """A server that ignores the number would make the read endless."""
    with pytest.raises(EndlessPages, match="one page twice"):
        list(client_of(NumberedList(5, deaf=True)).pages("listEmails", query={"limit": 2}))


def test_a_list_that_is_kept_whole_has_a_size() -> None:
    """Pages that weigh more than such a list may are refused by name, before they are all in memory."""
    row = operation("listCampaigns")
    page = Page([{"id": 1}], {}, weight=HELD_LIST // 2)
    assert records_of(row, [page, page]) == [{"id": 1}, {"id": 1}]
    with pytest.raises(TooLarge, match=r"`listCampaigns` has more than 2 records, some 256 MB in memory"):
        records_of(row, repeat(page))


def test_pages_tell_their_weight(client_of: ClientOf) -> None:
    """A page weighs no less than its text, and more where it has many values."""
    few, many = {"note": "x" * 100}, {f"n{number}": 0 for number in range(100)}
    answers = iter([[few], [many]])
    client = client_of(lambda _: httpx.Response(200, json={"campaigns": next(answers)}))
    light, heavy = [page.weight for _ in range(2) for page in client.pages("listCampaigns")]
    assert 100 < light < 1_000 < heavy


@pytest.mark.parametrize("token", [False, True, {}, [], {"start": "b"}, 1.5])
def test_a_next_that_is_no_token_is_refused(client_of: ClientOf, token: object) -> None:
    """A list whose next page is unknown is not complete."""
    outside = TokenList("newsletters", {None: {"newsletters": [{"id": 1}], "next": token}})
    with pytest.raises(BadAnswer, match=f"a {type(token).__name__} as `next` instead of a token"):
        list(client_of(outside).pages("listNewsletters"))


@pytest.mark.parametrize("meta", [{}, {"meta": None}, {"meta": []}, {"meta": {"pagination": {"total": "9"}}}])
def test_numbered_pages_without_a_total_are_refused(client_of: ClientOf, meta: dict[str, Any]) -> None:
    """Without the number of all rows, a page with rows may not be the last one."""
    client = client_of(lambda _: httpx.Response(200, json={"assets": [{"id": 1}], **meta}))
    with pytest.raises(BadAnswer, match="1 rows of `assets` and no number of all rows"):
        list(client.pages("listAssets"))


def test_an_empty_numbered_page_before_the_total_is_refused(client_of: ClientOf) -> None:
    """Rows that the total promises and no page has are missing."""

    def outside(request: httpx.Request) -> httpx.Response:
        rows = [{"id": 1}] if request.url.params.get("page", "1") == "1" else []
        told = {"pagination": {"total": 3, "limit": 1}}
        return httpx.Response(200, json={"assets": rows, "meta": told})

    with pytest.raises(BadAnswer, match="1 rows, an empty page behind them, and a total of 3"):
        list(client_of(outside).pages("listAssets"))
