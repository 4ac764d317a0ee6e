"""Subscription preferences: the topics of a workspace, and each person's choices."""

from typing import Any

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.workspace import Workspace

# Title and subtitle of the preferences page, by language.
_HEADERS = {
    "": (
        "Manage your subscription preferences",
        "Check the box next to each topic you'd like to hear about.",
    ),
    "de": ("Ihre Abonnements verwalten", "Wählen Sie die Themen, die Sie interessieren."),
    "fr": ("Gérer vos abonnements", "Cochez les sujets qui vous intéressent."),
}


def of(workspace: Workspace, person: Person, language: str | None = None) -> Record:
    """A person's preferences, in a language that the page is translated to, or else in the default one.

    Raises:
        BadRequest: `language` is no language code.
    """
    chosen = _language(language)
    title, subtitle = _HEADERS[chosen]
    return {
        "id": person.id,
        "identifiers": person.identifiers,
        "topics": [_topic(topic, person, chosen) for topic in workspace.tables["subscription_topics"]],
        "unsubscribed": person.attributes.get("unsubscribed") == "true",
        "header": {"title": title, "subtitle": subtitle},
    }


def _language(asked: str | None) -> str:
    primary = (asked or "").replace("_", "-").split("-")[0].lower()
    if asked and not (primary.isalpha() and primary.isascii() and 2 <= len(primary) <= 3):
        msg = f"language {asked!r} is not a language code"
        raise BadRequest(msg)
    return primary if primary in _HEADERS else ""


def _topic(topic: Record, person: Person, language: str) -> Record:
    translations: dict[str, list[str]] = topic.get("translations", {})
    name, description = translations.get(language, (topic["name"], topic["description"]))
    subscribed = _chosen(person).get(topic.get("identifier"), topic["subscribed_by_default"])
    return {"id": topic["id"], "subscribed": subscribed, "name": name, "description": description}


def _chosen(person: Person) -> dict[Any, bool]:
    """The choices by topic: the person's own over those that Customer.io computed."""
    topics: dict[Any, bool] = {}
    for name in ("_cio_subscription_preferences_computed", "cio_subscription_preferences"):
        try:
            preferences = orjson.loads(person.attributes.get(name) or "{}")
        except orjson.JSONDecodeError:
            continue
        given = preferences.get("topics") if isinstance(preferences, dict) else None
        if isinstance(given, dict):
            topics.update({topic: choice is True for topic, choice in given.items()})
    return topics
