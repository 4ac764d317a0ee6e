"""Which operations the sandbox answers, and with what."""

from sources.customerio.catalogue import OPERATIONS
from sources.customerio.sandbox.wire.http.request_context import Handler
from sources.customerio.sandbox.wire.routes import (
    account,
    actions,
    activities,
    archive,
    broadcasts,
    campaigns,
    collections,
    contents,
    data_index,
    exports,
    imports,
    messages,
    metrics,
    newsletters,
    objects,
    people,
    segments,
    senders,
    sends,
    snippets,
    suppressions,
    topics,
    track,
    track_batch,
    transactional,
    triggers,
    webhooks,
)

ANSWERS: dict[str, Handler] = {
    **account.HANDLERS,
    **activities.HANDLERS,
    **broadcasts.HANDLERS,
    **campaigns.HANDLERS,
    **collections.HANDLERS,
    **data_index.HANDLERS,
    **exports.HANDLERS,
    **imports.HANDLERS,
    **messages.HANDLERS,
    **metrics.HANDLERS,
    **newsletters.HANDLERS,
    **objects.HANDLERS,
    **people.HANDLERS,
    **segments.HANDLERS,
    **senders.HANDLERS,
    **snippets.HANDLERS,
    **suppressions.HANDLERS,
    **topics.HANDLERS,
    **track.HANDLERS,
    **track_batch.HANDLERS,
    **actions.HANDLERS,
    **archive.HANDLERS,
    **contents.HANDLERS,
    **sends.HANDLERS,
    **transactional.HANDLERS,
    **triggers.HANDLERS,
    **webhooks.HANDLERS,
}


def coverage() -> list[dict[str, object]]:
    """Every operation of the catalogue, and whether it is answered."""
    return [
        {
            "operation": row.id,
            "api": row.api,
            "call": f"{row.method} {row.path}",
            "answered": row.id in ANSWERS,
        }
        for row in OPERATIONS
    ]
