"""Every method of Customer.io's Node client, called against the sandbox.

`.ci/run` installs the client; without it, or without Node, the test is skipped. The methods and the names of
their parameters are found in the client itself, by `node/every_method.js`.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served
from tests.sources.customerio.sandbox.clients.calls import recorded
from tests.sources.customerio.sandbox.wire.test_every_operation import GIVEN, PATHS

Answer = dict[str, Any]

FOLDER = Path(__file__).parent / "node"
NODE = shutil.which("node")
METHODS = {"track": 19, "app": 160}
"""The number of methods of each client that make a request."""

ALL_PEOPLE = {"attribute": {"field": "cio_id", "operator": "exists"}}
TO = {"identifiers": {"id": "user-1"}}
IN_2026 = {"start": 1_780_000_000, "end": 1_790_000_000}
WEBHOOK = {"name": "New", "endpoint": "https://hooks.example.com/new", "events": ["email_sent"]}

VALUES: dict[str, Any] = {
    "actionId": 18,
    "assetId": 1,
    "anonymousId": "anonymous-1",
    "attributes": [{"name": "plan", "description": "The plan"}],
    "broadcastId": 501,
    "campaignId": 1,
    "collection": {"name": "Shops", "data": [{"city": "Ghent"}]},
    "collectionId": 1,
    "component": {"name": "Button", "tag": "x-button"},
    "componentId": PATHS["component_id"],
    "content": [{"day": "Monday"}],
    "contentId": 10,
    "customerId": "user-1",
    "customerIds": ["user-1", 7],
    "data": {"subject": "Hallo"},
    "deviceToken": "token/1",
    "device_id": "token/1",
    "domainName": "example.com",
    "email": "bounced+1@example.com",
    "emailId": PATHS["email_id"],
    "events": [{"name": "bought", "description": "A purchase"}],
    "file": {"data": "GIF89a\x01\0\x01\0\0\0\0;", "filename": "dot.gif"},
    "filters": ALL_PEOPLE,
    "filter": ALL_PEOPLE,
    "folder": {"name": "New"},
    "folderId": PATHS["folder_id"],
    "formId": "signup",
    "id": "user-1",
    "ids": ["user-1"],
    "language": "de",
    "newsletterId": 1,
    "objectId": "acme",
    "objectTypeId": "1",
    "options": {},
    "path": "https://example.com/",
    "platform": "ios",
    "segment": {"name": "Made elsewhere"},
    "segmentId": 5,
    "senderId": 1,
    "snippet": {"name": "spare", "value": "text"},
    "suppressionType": "bounces",
    "testGroupId": 0,
    "transactionalId": 2,
    "translation": {"language": "it", "content": {"subject": "Ciao"}},
    "triggerId": 1,
    "updates": {"name": "Changed"},
    "webhook": WEBHOOK,
    "webhookId": 1,
}
PERSON = {"type": "person", "action": "identify", "identifiers": {"id": 7}, "attributes": {"plan": "pro"}}
CALLS: dict[str, list[Any]] = {
    "addDevice": ["user-1", "token/1", "ios", {"last_used": 1_790_000_000, "app_version": "1.0"}],
    "batch": [[PERSON]],
    "createDeliveriesExport": [1, {}],
    "createDesignStudioEmail": [{"name": "Welcome"}],
    "createNewsletter": [{"name": "By call", "type": "email", "recipients": ALL_PEOPLE}],
    "createNewsletterLanguage": [1, {"language": "it", "subject": "Ciao"}],
    "createNewsletterTestGroup": [9001],
    "createNewsletterTestGroupLanguage": [7, 0, {"language": "it"}],
    "createImport": [{"name": "Some", "type": "people", "identifier": "id"}],
    "createSuppression": ["bounces", "new@example.com"],
    "deleteAsset": [2],
    "deleteAssetFolder": [3],
    "deleteCollection": [2],
    "deleteDesignStudioComponent": [GIVEN["deleteDesignStudioComponent"]["component_id"]],
    "deleteDesignStudioEmail": [GIVEN["deleteDesignStudioEmail"]["email_id"]],
    "deleteDesignStudioFolder": [GIVEN["deleteDesignStudioFolder"]["folder_id"]],
    "deleteNewsletter": [9001],
    "deleteNewsletterLanguage": [4, "de"],
    "deleteNewsletterTestGroupLanguage": [7, 0, "de"],
    "deleteReportingWebhook": [3],
    "deleteSegment": [6],
    "deleteSnippet": ["spare"],
    "destroy": ["user-6"],
    "entity": [PERSON],
    "findObjects": [
        "1",
        {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}},
    ],
    "getAssetFolder": [1],
    "getBroadcastAction": [501, 5001],
    "getBroadcastActionLanguage": [502, 5002, "de"],
    "getBroadcastActionMetrics": [501, 5001],
    "getBroadcastActionMetricsLinks": [501, 5001],
    "getCampaignActionLanguage": [2, 31, "de"],
    "getCampaignJourneyMetrics": [1, {"res": "days", **IN_2026}],
    "getNewsletterLanguage": [4, "de"],
    "getNewsletterTestGroupLanguage": [7, 0, "de"],
    "identify": [7, {"email": "seven@example.com", "plan": "pro"}],
    "mergeCustomers": ["id", "user-1", "id", 7],
    "searchSuppression": ["bounced+1@example.com"],
    "sendEmail": [{"transactional_message_id": 1, "to": "a@example.com", **TO}],
    "sendPush": [{"transactional_message_id": 4, **TO}],
    "sendSMS": [{"transactional_message_id": 5, "to": "+15555550100", **TO}],
    "sendWhatsApp": [{"transactional_message_id": 8, "to": "+15555550100", **TO}],
    "sendInApp": [{"transactional_message_id": 6, **TO}],
    "sendInboxMessage": [{"transactional_message_id": 7, **TO}],
    "submitForm": ["signup", {"email": "form@example.com", "plan": "free"}],
    "suppress": ["user-5"],
    "unsuppress": ["user-5"],
    "track": ["user-1", {"name": "bought", "data": {"total": 3}}],
    "trackAnonymous": ["anonymous-1", {"name": "looked", "data": {}}],
    "triggerBroadcast": [501, {"headline": "News"}, {"ids": ["user-1"]}],
    "updateAssetFolder": [1, {"name": "brand"}],
    "updateBroadcastAction": [501, 5001, {"subject": "Hallo"}],
    "updateBroadcastActionLanguage": [502, 5002, "de", {"subject": "Hallo"}],
    "updateCampaignActionLanguage": [2, 31, "de", {"subject": "Hallo"}],
    "updateCollection": [1, {"name": "Events"}],
    "updateNewsletterLanguage": [4, "de", {"subject": "Hallo"}],
    "updateNewsletterTestGroupLanguage": [7, 0, "de", {"subject": "Hallo"}],
    "updateReportingWebhook": [1, {**WEBHOOK, "name": "Changed"}],
    "updateTransactionalMessageContent": [2, 901, {"subject": "Hello"}],
}


class Ran(NamedTuple):
    """What the client did: the answer to a call of each method, and the operations that it called.

    An answer has the client, the method, the statuses of its requests, and an error.
    """

    answers: list[Answer]
    operations: set[str]


@pytest.fixture(scope="module")
def ran() -> Iterator[Ran]:
    """The client, called over all of its methods."""
    if NODE is None or not (FOLDER / "node_modules" / "customerio-node").is_dir():
        pytest.skip(f"there is no customerio-node; Node and `npm ci` in {FOLDER.name}/ bring it")
    sandbox = Sandbox(scale="tiny")
    sandbox.knobs.export_takes_s = 0
    _add_what_calls_need(sandbox)
    message = str(next(row["id"] for row in sandbox.rows("messages") if row["type"] == "email"))
    export = next(row["id"] for row in sandbox.rows("exports") if row["status"] == "done")
    metric = {"delivery_id": message, "timestamp": sandbox.clock.now()}
    with sandbox.serve() as served:
        given = {
            "track": [sandbox.track_site_id, sandbox.track_api_key, f"{served.track_url}/api/v1"],
            "app": [sandbox.app_api_key, f"{served.app_url}/v1"],
            "values": VALUES | {"messageId": message, "deliveryId": message},
            "calls": CALLS
            | {
                "downloadExport": [export],
                "getExport": [export],
                "sendNewsletter": [_draft(sandbox, served, "Now"), {}],
                "scheduleNewsletter": [
                    _draft(sandbox, served, "Later"),
                    {"scheduled_at": sandbox.clock.now() + 86_400},
                ],
                "reportMetric": [{**metric, "metric": "opened"}],
                "trackPush": [{**metric, "event": "opened", "device_id": "token/1"}],
            },
        }
        process = subprocess.run(
            [NODE, "every_method.js"],
            cwd=FOLDER,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        answers = [json.loads(line) for line in process.stdout.splitlines()]
        yield Ran(answers, set(sandbox.stats.by_operation))


def _add_what_calls_need(sandbox: Sandbox) -> None:
    """A WhatsApp template; an asset folder, two Design Studio emails and their folder that nothing is in."""
    sandbox.add("transactional_messages", id=8, name="Parcel", trigger_name="parcel")
    sandbox.add("transactional_contents", transactional_id=8, type="whatsapp", body="It is here.")
    sandbox.delete("assets", 3)
    for number in (2, 3):
        sandbox.delete("design_studio_emails", number)


def _draft(sandbox: Sandbox, served: Served, name: str) -> int:
    """The id of a new newsletter that can be sent."""
    body = {"name": name, "type": "email", "recipients": ALL_PEOPLE}
    key = {"Authorization": f"Bearer {sandbox.app_api_key}"}
    answer = httpx.post(f"{served.app_url}/v1/newsletters", json=body, headers=key, trust_env=False)
    return int(answer.raise_for_status().json()["newsletter"]["id"])


def test_every_method_is_called(ran: Ran) -> None:
    """Both clients are called whole."""
    called = {name: sum(each["client"] == name for each in ran.answers) for name in METHODS}

    assert called == METHODS


def test_every_call_succeeds(ran: Ran) -> None:
    """Each method makes a request, and gets a success."""
    failed = {
        each["method"]: (each["statuses"], each["error"])
        for each in ran.answers
        if not each["statuses"] or max(each["statuses"]) >= 300
    }

    assert failed == {}


def test_its_calls_are_recorded(ran: Ran) -> None:
    """The operations that it calls are those that FIDELITY.md names."""
    version = json.loads((FOLDER / "package.json").read_text())["dependencies"]["customerio-node"]

    assert ran.operations == recorded(f"customerio-node {version}")
