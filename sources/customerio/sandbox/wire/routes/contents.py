"""Newsletter contents: variants, their languages, A/B test groups."""

from typing import Any

from sources.customerio.sandbox.state.rules import contents, newsletters
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_CONTENTS, _GROUPS = "newsletter_contents", "newsletter_test_groups"


@answers("listNewsletterVariants")
def list_contents(context: RequestContext) -> dict[str, Any]:
    """Lists the variants of a newsletter: every language of every test group."""
    rows = contents.children(context.workspace, _CONTENTS, context.id("newsletter_id"))
    return {"contents": [contents.shown(context.workspace, _CONTENTS, row) for row in rows]}


@answers("getNewsletterTestGroups")
def list_groups(context: RequestContext) -> dict[str, Any]:
    """Lists the test groups; a newsletter without an A/B test has none."""
    rows = contents.children(context.workspace, _GROUPS, context.id("newsletter_id"))
    return {"test_groups": [contents.shown(context.workspace, _GROUPS, row) for row in rows]}


@answers("getNewsletterVariant")
def get_content(context: RequestContext) -> dict[str, Any]:
    """Returns one variant."""
    return _shown(context, _content(context))


@answers("updateNewsletterVariant")
def update_content(context: RequestContext) -> dict[str, Any]:
    """Changes one variant."""
    return _updated(context, _content(context))


@answers("getNewsletterVariantTranslation")
def get_language(context: RequestContext) -> dict[str, Any]:
    """Returns one language; with an A/B test, that of the first group."""
    return _shown(context, _translation(context))


@answers("updateNewsletterVariantTranslation")
def update_language(context: RequestContext) -> dict[str, Any]:
    """Changes one language; with an A/B test, that of the first group."""
    return _updated(context, _translation(context))


@answers("getNewsletterVariantTranslationTest")
def get_test_group_language(context: RequestContext) -> dict[str, Any]:
    """Returns one language of a test group."""
    return _shown(context, _test_group_translation(context))


@answers("updateNewsletterTestTranslation")
def update_test_group_language(context: RequestContext) -> dict[str, Any]:
    """Changes one language of a test group."""
    return _updated(context, _test_group_translation(context))


@answers("createNewsletterLanguage")
def create_language(context: RequestContext) -> dict[str, Any]:
    """Adds a language to a newsletter (the form of the answer is unverified)."""
    row = newsletters.add_language(context.workspace, context.id("newsletter_id"), context.json())
    return _shown(context, row)


@answers("deleteNewsletterLanguage")
def delete_language(context: RequestContext) -> ApiResponse:
    """Deletes a language of a newsletter."""
    newsletters.remove_language(context.workspace, context.id("newsletter_id"), context.path["language"])
    return ApiResponse(status=204)


@answers("createNewsletterTestGroup")
def create_group(context: RequestContext) -> dict[str, Any]:
    """Adds a test group; returns the updated newsletter [spec26]."""
    return {"newsletter": newsletters.add_test_group(context.workspace, context.id("newsletter_id"))}


@answers("createNewsletterTestGroupLanguage")
def create_test_group_language(context: RequestContext) -> dict[str, Any]:
    """Adds a language to a test group (the form of the answer is unverified)."""
    newsletter_id, group = context.id("newsletter_id"), context.id("test_group_id")
    return _shown(context, newsletters.add_language(context.workspace, newsletter_id, context.json(), group))


@answers("deleteNewsletterTestGroupLanguage")
def delete_test_group_language(context: RequestContext) -> ApiResponse:
    """Deletes a language of a test group."""
    newsletter_id, group = context.id("newsletter_id"), context.id("test_group_id")
    newsletters.remove_language(context.workspace, newsletter_id, context.path["language"], group)
    return ApiResponse(status=204)


def _content(context: RequestContext) -> Record:
    return contents.child(context.workspace, _CONTENTS, context.id("newsletter_id"), context.id("content_id"))


def _translation(context: RequestContext) -> Record:
    rows = contents.children(context.workspace, _CONTENTS, context.id("newsletter_id"))
    return contents.in_language(rows, context.path["language"])


def _test_group_translation(context: RequestContext) -> Record:
    rows = contents.test_group(context.workspace, context.id("newsletter_id"), context.id("test_group_id"))
    return contents.in_language(rows, context.path["language"])


def _updated(context: RequestContext, row: Record) -> dict[str, Any]:
    edit_content(context.workspace, _CONTENTS, row, context.json())
    return _shown(context, row)


def _shown(context: RequestContext, row: Record) -> dict[str, Any]:
    return {"content": contents.shown(context.workspace, _CONTENTS, row)}
