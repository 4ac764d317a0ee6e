"""Every method of Customer.io's Node client, called against the sandbox.

`.ci/run` installs the client; without it, or without Node, the test is skipped. The methods and the names of
their parameters are found in the client itself, by `node/every_method.js`.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.customerio.sandbox import Sandbox

Answer = dict[str, Any]

FOLDER = Path(__file__).parent / "node"
NODE = shutil.which("node")
METHODS = {"track": 19, "app": 160}
"""The number of methods of each client that make a request."""

# Operations of newer documents, which need things that this world does not have.
NEWER = (
    *(
        "DesignStudio",
        "Asset",
        "WhatsApp",
        "SubscriptionChannels",
        "SubscriptionCenterToken",
        "DomainSuppressions",
    ),
    *("createNewsletter", "sendNewsletter", "scheduleNewsletter"),
    *("deleteNewsletterLanguage", "deleteNewsletterTestGroupLanguage"),
)

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
    "component": {"name": "Footer", "tag": "footer"},
    "componentId": "0b6c7a52-6a3c-4f4e-9d57-0b1f4a3f6a10",
    "content": [{"day": "Monday"}],
    "contentId": 10,
    "customerId": "user-1",
    "customerIds": ["user-1", 7],
    "data": {"subject": "Hallo"},
    "deviceToken": "token/1",
    "device_id": "token/1",
    "domainName": "example.com",
    "email": "bounced+1@example.com",
    "emailId": "0b6c7a52-6a3c-4f4e-9d57-0b1f4a3f6a11",
    "events": [{"name": "bought", "description": "A purchase"}],
    "file": {"data": "GIF89a", "filename": "dot.gif"},
    "filters": ALL_PEOPLE,
    "filter": ALL_PEOPLE,
    "folder": {"name": "New"},
    "folderId": "0b6c7a52-6a3c-4f4e-9d57-0b1f4a3f6a12",
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
    "translation": {"language": "de"},
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
    "createImport": [{"name": "Some", "type": "people", "identifier": "id"}],
    "createSuppression": ["bounces", "new@example.com"],
    "deleteCollection": [2],
    "deleteNewsletter": [9001],
    "deleteReportingWebhook": [3],
    "deleteSegment": [6],
    "deleteSnippet": ["spare"],
    "destroy": ["user-6"],
    "entity": [PERSON],
    "findObjects": [
        "1",
        {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}},
    ],
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
    "sendWhatsApp": [{"transactional_message_id": 5, "to": "+15555550100", **TO}],
    "sendInApp": [{"transactional_message_id": 6, **TO}],
    "sendInboxMessage": [{"transactional_message_id": 7, **TO}],
    "submitForm": ["signup", {"email": "form@example.com", "plan": "free"}],
    "suppress": ["user-5"],
    "unsuppress": ["user-5"],
    "track": ["user-1", {"name": "bought", "data": {"total": 3}}],
    "trackAnonymous": ["anonymous-1", {"name": "looked", "data": {}}],
    "triggerBroadcast": [501, {"headline": "News"}, {"ids": ["user-1"]}],
    "updateBroadcastAction": [501, 5001, {"subject": "Hallo"}],
    "updateBroadcastActionLanguage": [502, 5002, "de", {"subject": "Hallo"}],
    "updateCampaignActionLanguage": [2, 31, "de", {"subject": "Hallo"}],
    "updateCollection": [1, {"name": "Events"}],
    "updateNewsletterLanguage": [4, "de", {"subject": "Hallo"}],
    "updateNewsletterTestGroupLanguage": [7, 0, "de", {"subject": "Hallo"}],
    "updateReportingWebhook": [1, {**WEBHOOK, "name": "Changed"}],
    "updateTransactionalMessageContent": [2, 901, {"subject": "Hello"}],
}


@pytest.fixture(scope="module")
def answers() -> Iterator[list[Answer]]:
    """The answer to a call of each method: the client, the method, the statuses of its requests, an error."""
    if NODE is None or not (FOLDER / "node_modules" / "customerio-node").is_dir():
        pytest.skip(f"there is no customerio-node; Node and `npm ci` in {FOLDER.name}/ bring it")
    sandbox = Sandbox(scale="tiny")
    sandbox.knobs.export_takes_s = 0
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
                "reportMetric": [{**metric, "metric": "opened"}],
                "trackPush": [{**metric, "event": "opened", "device_id": "token/1"}],
            },
        }
        ran = subprocess.run(
            [NODE, "every_method.js"],
            cwd=FOLDER,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        yield [json.loads(line) for line in ran.stdout.splitlines()]


def test_every_method_is_called(answers: list[Answer]) -> None:
    """Both clients are called whole."""
    called = {name: sum(each["client"] == name for each in answers) for name in METHODS}

    assert called == METHODS


def test_every_call_succeeds(answers: list[Answer]) -> None:
    """Each method gets a success, but for newer operations, whose requests are answered in any case."""
    failed = {
        each["method"]: (each["statuses"], each["error"])
        for each in answers
        if not each["statuses"] or max(each["statuses"]) >= (500 if _is_newer(each["method"]) else 300)
    }

    assert failed == {}


def _is_newer(method: str) -> bool:
    return any(word in method for word in NEWER)
