"""Every operation of both APIs, called through the public client on one workspace, succeeds as documented."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from ulid import ULID

from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.client import App, Client, RateLimits, Track
from sources.customerio.client.api import method_name
from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.state.store.ids import WorkspaceIds
from sources.customerio.sandbox.wire.routes import HANDLERS

Given = dict[str, Any]

# What is read stands first; what is destroyed comes last, and each has a thing of its own.
_EFFECTS = ("read", "write", "send", "destroy")
IN_ORDER = sorted(
    (row for row in OPERATIONS if row.id in HANDLERS), key=lambda row: _EFFECTS.index(row.effect)
)
# Customer.io answers these with 204 and nothing, the others with 200 and a document.
NO_CONTENT = {
    "deleteAsset",
    "deleteAssetFolder",
    "deleteCollection",
    "deleteDesignStudioComponent",
    "deleteDesignStudioEmail",
    "deleteDesignStudioEmailLanguage",
    "deleteDesignStudioFolder",
    "deleteManSegment",
    "deleteNewsletterLanguage",
    "deleteNewsletterTestGroupLanguage",
    "deleteSnippet",
    "deleteSuppression",
    "deletetNewsletters",
    "submitForm",
    "updateAsset",
    "updateAssetFolder",
    "updateAttributeMetadata",
    "updateDesignStudioComponent",
    "updateDesignStudioEmail",
    "updateDesignStudioEmailLanguage",
    "updateDesignStudioFolder",
    "updateEventMetadata",
    "updatePersonOptouts",
}

# Things that stand in the small world, by the parameter that names one.
PATHS: Given = {
    "action_id": 18,
    "asset_id": 1,
    "broadcast_id": 501,
    "campaign_id": 1,
    "collection_id": 1,
    "component_id": WorkspaceIds(1).uuid("design_studio_components", 1),
    "content_id": 10,
    "customer_id": "user-1",
    "device_id": "token/1",
    "domain_name": "example.com",
    "email_id": WorkspaceIds(1).uuid("design_studio_emails", 1),
    "email_address": "bounced+1@example.com",
    "folder_id": WorkspaceIds(1).uuid("design_studio_folders", 1),
    "form_id": 4,
    "identifier": "user-2",
    "language": "de",
    "newsletter_id": 1,
    "object_id": "acme",
    "object_type_id": "1",
    "segment_id": 5,
    "sender_id": 1,
    "snippet_name": "spare",
    "suppression_type": "bounces",
    "test_group_id": 0,
    "transactional_id": 2,
    "trigger_id": 1,
    "webhook_id": 1,
}
DE = {"body": {"subject": "Hallo"}}
ALL_PEOPLE = {"attribute": {"field": "cio_id", "operator": "exists"}}
HTML = {"content": {"subject": "Hallo", "html": "<p>Hallo</p>"}}
DOT = {"name": "dot.gif", "content": "R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAIA"}
TO_PERSON = {"identifiers": {"id": "user-1"}}
PERSON = {"type": "person", "identifiers": {"id": "user-2"}}
IN_2026 = {"start": 1780000000, "end": 1790000000}

# What an operation is called with beside the path's things, or instead of them.
GIVEN: dict[str, Given] = {
    "addCollection": {"body": {"name": "Shops", "data": [{"city": "Ghent"}]}},
    "add_device": {"body": {"device": {"id": "token/1", "platform": "ios", "last_used": 1790000000}}},
    "add_to_segment": {"body": {"ids": ["user-1"]}},
    "batch": {"body": {"batch": [{**PERSON, "action": "identify", "attributes": {"plan": "pro"}}]}},
    "broadcastActionLinks": {"action_id": 5001},
    "broadcastActionMetrics": {"action_id": 5001},
    "campaignActionMetrics": {"version": "2", "res": "days", "tz": "UTC", **IN_2026},
    "campaignJourneyMetrics": {"res": "days", **IN_2026},
    "campaignMetrics": {"version": "2", "res": "weeks", "tz": "UTC", **IN_2026},
    "createAsset": {"body": {"file": DOT, "name": "one pixel", "parent_folder_id": 1}},
    "createAssetFolder": {"body": {"name": "Icons"}},
    "createDesignStudioComponent": {"body": {"name": "Button", "tag": "x-button"}},
    "createDesignStudioEmail": {"body": {"name": "News", **HTML}},
    "createDesignStudioEmailLanguage": {"body": {"language": "it", **HTML}},
    "createDesignStudioFolder": {"body": {"name": "Archive"}},
    "createManSegment": {"body": {"segment": {"name": "By hand"}}},
    "createNewsletter": {"body": {"name": "By call", "type": "email", "recipients": {"segment": {"id": 1}}}},
    "createNewsletterLanguage": {"body": {"language": "it", "subject": "Ciao"}},
    "createNewsletterTestGroup": {"newsletter_id": 9001},
    "createNewsletterTestGroupLanguage": {"newsletter_id": 7, "body": {"language": "it"}},
    "createSnippet": {"body": {"name": "new", "value": "text"}},
    "createWebhook": {
        "body": {"name": "New", "endpoint": "https://hooks.example.com/new", "events": ["email_sent"]}
    },
    "deleteAsset": {"asset_id": 2},
    "deleteAssetFolder": {"folder_id": 3},
    "deleteDesignStudioComponent": {"component_id": WorkspaceIds(1).uuid("design_studio_components", 3)},
    "deleteDesignStudioEmail": {"email_id": WorkspaceIds(1).uuid("design_studio_emails", 6)},
    "deleteDesignStudioFolder": {"folder_id": WorkspaceIds(1).uuid("design_studio_folders", 2)},
    "deleteCollection": {"collection_id": 2},
    "deleteManSegment": {"segment_id": 6},
    "deleteNewsletterLanguage": {"newsletter_id": 4},
    "deleteNewsletterTestGroupLanguage": {"newsletter_id": 7},
    "deleteWebhook": {"webhook_id": 3},
    "deletetNewsletters": {"newsletter_id": 9001},
    "entity": {"body": {**PERSON, "action": "identify", "attributes": {"plan": "team"}}},
    "exportDeliveriesData": {"body": {"newsletter_id": 1}},
    "exportPeopleData": {"body": {"filters": {"and": [ALL_PEOPLE]}}},
    "getAssetFolder": {"folder_id": 1},
    "getBroadcastAction": {"action_id": 5001},
    "getBroadcastActionLanguage": {"broadcast_id": 502, "action_id": 5002},
    "getCampaignActionTranslation": {"campaign_id": 2, "action_id": 31},
    "getNewsletterVariantTranslation": {"newsletter_id": 4},
    "getNewsletterVariantTranslationTest": {"newsletter_id": 7},
    "getObjectsFilter": {
        "body": {
            "object_type_id": "1",
            "filter": {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}},
        }
    },
    "getPeopleById": {"body": {"ids": ["user-1", "nobody"]}},
    "getPeopleEmail": {"email": "maria.eze1@example.com"},
    "getPeopleFilter": {"body": {"filter": ALL_PEOPLE}},
    "identify": {"body": {"plan": "pro"}},
    "merge": {"body": {"primary": {"id": "user-1"}, "secondary": {"id": "user-3"}}},
    "remove_from_segment": {"body": {"ids": ["user-1"]}},
    "sendEmail": {"body": {"to": "maria@example.com", "transactional_message_id": 1, **TO_PERSON}},
    "sendInApp": {"body": {"transactional_message_id": 6, **TO_PERSON}},
    "sendInboxMessage": {"body": {"transactional_message_id": 7, **TO_PERSON}},
    "sendWhatsApp": {"body": {"transactional_message_id": "8", **TO_PERSON}},
    "sendPush": {"body": {"transactional_message_id": 4, **TO_PERSON}},
    "sendSMS": {"body": {"to": "+15555550100", "transactional_message_id": 5, **TO_PERSON}},
    "submitForm": {"body": {"data": {"email": "form@example.com", "plan": "free"}}},
    "suppress": {"identifier": "user-5"},
    "delete": {"identifier": "user-6"},
    "track": {"body": {"name": "bought", "id": str(ULID()), "data": {"total": 3}}},
    "trackAnonymous": {"body": {"name": "looked", "anonymous_id": "a-1", "data": {}}},
    "triggerBroadcast": {"body": {"data": {"headline": "News"}, "ids": ["user-1"]}},
    "updateAsset": {"body": {"name": "terms-2026.pdf", "parent_folder_id": None}},
    "updateAssetFolder": {"folder_id": 1, "body": {"name": "brand"}},
    "updateAttributeMetadata": {"body": {"attributes": [{"name": "plan", "description": "What is paid"}]}},
    "updateBroadcastAction": {"action_id": 5001, **DE},
    "updateBroadcastActionLanguage": {"broadcast_id": 502, "action_id": 5002, **DE},
    "updateCampaignAction": DE,
    "updateCampaignActionTranslation": {"campaign_id": 2, "action_id": 31, **DE},
    "updateCollection": {"body": {"name": "Events"}},
    "updateCollectionContents": {"body": [{"day": "Monday"}]},
    "updateDesignStudioComponent": {"body": {"html": "<div>Head</div>"}},
    "updateDesignStudioEmail": {"body": HTML},
    "updateDesignStudioEmailLanguage": {"body": HTML},
    "updateDesignStudioFolder": {"body": {"name": "All campaigns"}},
    "updateEventMetadata": {"body": {"events": [{"name": "bought", "description": "A purchase"}]}},
    "updateNewsletterTestTranslation": {"newsletter_id": 7, **DE},
    "updateNewsletterVariant": DE,
    "updateNewsletterVariantTranslation": {"newsletter_id": 4, **DE},
    "updatePersonOptouts": {"body": {"optouts": [{"from": "+15550100", "optout": True}]}},
    "updateSnippets": {"body": {"name": "spare", "value": "changed"}},
    "updateTransactional": {"content_id": 901, **DE},
    "updateTransactionalVariant": DE,
    "updateWebhook": {
        "body": {"name": "Changed", "endpoint": "https://hooks.example.com/2", "events": ["email_sent"]}
    },
}


class World:
    """A small served workspace that has a delivery, a finished export and an import."""

    def __init__(self, sandbox: Sandbox, client: Client, csv_url: str) -> None:
        self._client = client
        delivery = str(next(sandbox.rows("messages"))["id"])
        bounced = next(sandbox.rows("esp_suppressions"))
        client.app.create_snippet(body={"name": "spare", "value": "text"})
        sandbox.delete("assets", 3)
        for number in (2, 3):
            sandbox.delete("design_studio_emails", number)
        order = {"import": {"name": "Some", "data_file_url": csv_url, "type": "people", "identifier": "id"}}
        imported = client.app.import_(body=order).json()["import"]
        exported = next(row for row in sandbox.rows("exports") if row["status"] == "done")
        self._named = PATHS | {
            "delivery_id": delivery,
            "export_id": exported["id"],
            "import_id": imported["id"],
            "message_id": delivery,
        }
        about = {"delivery_id": delivery, "timestamp": sandbox.clock.now()}
        drafts = [{"name": name, "type": "email", "recipients": ALL_PEOPLE} for name in ("Now", "Later")]
        now, later = (client.app.create_newsletter(body=one).json()["newsletter"]["id"] for one in drafts)
        sandbox.add("transactional_messages", id=8, name="Parcel", trigger_name="parcel")
        sandbox.add("transactional_contents", transactional_id=8, type="whatsapp", body="It is here.")
        self._given = GIVEN | {
            "sendNewsletter": {"newsletter_id": now, "body": {}},
            "scheduleNewsletter": {
                "newsletter_id": later,
                "body": {"scheduled_at": sandbox.clock.now() + 86_400},
            },
            "import": {"body": order},
            "metrics": {"body": {**about, "metric": "opened"}},
            "pushMetrics": {"body": {**about, "event": "opened", "device_id": "token/1"}},
            "unsubscribe": {"body": {"unsubscribe": True}},
            "deleteSuppression": {"email_address": bounced["email"]},
        }

    def call(self, row: Operation) -> int:
        """Call the operation through the public client; returns the status."""
        paths = {item.name: self._named[item.name] for item in row.path_parameters}
        calls = (App if row.api == "app" else Track)(self._client)
        answer = getattr(calls, method_name(row))(**paths | self._given.get(row.id, {}))
        return int(answer.status)


class _Csv(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """The file that is imported."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"id,plan\nuser-1,pro\nimported-1,free\n")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def _file() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Csv) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/people.csv"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The workspace on which all operations are called, reads first and deletions last."""
    sandbox = Sandbox(scale="tiny")
    sandbox.knobs.export_takes_s = 0
    with sandbox.serve() as served, _file() as csv_url:
        client_of = partial(Client, app_url=served.app_url, track_url=served.track_url)
        with client_of(
            app_api_key=sandbox.app_api_key,
            track_site_id=sandbox.track_site_id,
            track_api_key=sandbox.track_api_key,
            limits=RateLimits(None, speed=float("inf")),
        ) as client:
            yield World(sandbox, client, csv_url)


@pytest.mark.parametrize("row", IN_ORDER, ids=lambda row: str(row.id))
def test_it_succeeds(world: World, row: Operation) -> None:
    """A valid request of each operation gets the documented status: 200 with a body, or 204 without."""
    assert (204 if row.id in NO_CONTENT else 200) == world.call(row)


def test_every_stable_operation_is_answered() -> None:
    """The 182 stable operations have a handler, and no doubtful one has."""
    assert 182 == len(IN_ORDER)
    assert {"stable"} == {row.stability for row in IN_ORDER}
