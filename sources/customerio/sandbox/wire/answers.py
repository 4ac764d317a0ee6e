"""Which operations the sandbox answers, and with what."""

from sources.customerio.catalogue import OPERATIONS
from sources.customerio.sandbox.wire import (
    account,
    activities,
    broadcasts,
    campaigns,
    exports,
    messages,
    newsletters,
    people,
    segments,
)
from sources.customerio.sandbox.wire.ask import Handler

# The Track API's writes have their place here: a module of handlers beside `people` and `segments`.
ANSWERS: dict[str, Handler] = {
    **account.HANDLERS,
    **activities.HANDLERS,
    **broadcasts.HANDLERS,
    **campaigns.HANDLERS,
    **exports.HANDLERS,
    **messages.HANDLERS,
    **newsletters.HANDLERS,
    **people.HANDLERS,
    **segments.HANDLERS,
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
