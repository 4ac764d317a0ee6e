"""What newsletters say: contents, their languages, test groups."""

from typing import Any

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_CONTENTS, _GROUPS = "newsletter_contents", "newsletter_test_groups"


def list_contents(ask: RequestContext) -> dict[str, Any]:
    """Every language and every tested variant."""
    rows = contents.children(ask.workspace, _CONTENTS, ask.id("newsletter_id"))
    return {"contents": [contents.shown(ask.workspace, _CONTENTS, row) for row in rows]}


def list_groups(ask: RequestContext) -> dict[str, Any]:
    """The test groups; a newsletter that tests nothing has none."""
    rows = contents.children(ask.workspace, _GROUPS, ask.id("newsletter_id"))
    return {"test_groups": [contents.shown(ask.workspace, _GROUPS, row) for row in rows]}


def get_content(ask: RequestContext) -> dict[str, Any]:
    """One variant."""
    return _shown(ask, _content(ask))


def update_content(ask: RequestContext) -> dict[str, Any]:
    """Change one variant."""
    return _updated(ask, _content(ask))


def get_language(ask: RequestContext) -> dict[str, Any]:
    """One language; of an A/B test the first group's."""
    return _shown(ask, _translation(ask))


def update_language(ask: RequestContext) -> dict[str, Any]:
    """Change one language."""
    return _updated(ask, _translation(ask))


def get_tested(ask: RequestContext) -> dict[str, Any]:
    """One language of a test group."""
    return _shown(ask, _tested(ask))


def update_tested(ask: RequestContext) -> dict[str, Any]:
    """Change one language of a test group."""
    return _updated(ask, _tested(ask))


def _content(ask: RequestContext) -> Record:
    return contents.child(ask.workspace, _CONTENTS, ask.id("newsletter_id"), ask.id("content_id"))


def _translation(ask: RequestContext) -> Record:
    rows = contents.children(ask.workspace, _CONTENTS, ask.id("newsletter_id"))
    return contents.in_language(rows, ask.path["language"])


def _tested(ask: RequestContext) -> Record:
    rows = contents.test_group(ask.workspace, ask.id("newsletter_id"), ask.id("test_group_id"))
    return contents.in_language(rows, ask.path["language"])


def _updated(ask: RequestContext, row: Record) -> dict[str, Any]:
    edit_content(ask.workspace, _CONTENTS, row, ask.json())
    return _shown(ask, row)


def _shown(ask: RequestContext, row: Record) -> dict[str, Any]:
    return {"content": contents.shown(ask.workspace, _CONTENTS, row)}


HANDLERS: dict[str, Handler] = {
    "listNewsletterVariants": list_contents,
    "getNewsletterTestGroups": list_groups,
    "getNewsletterVariant": get_content,
    "updateNewsletterVariant": update_content,
    "getNewsletterVariantTranslation": get_language,
    "updateNewsletterVariantTranslation": update_language,
    "getNewsletterVariantTranslationTest": get_tested,
    "updateNewsletterTestTranslation": update_tested,
}
