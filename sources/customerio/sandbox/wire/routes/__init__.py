"""The operations' handlers, one module for each of Customer.io's nouns.

The module of an operation is the last noun of its path that has a module, as in `/v1/campaigns/{id}` ->
`campaigns`, `/v1/campaigns/{id}/actions/{id}` -> `actions`, `/v1/customers/{id}/messages` -> `messages`,
`/v1/sender_identities/{id}/used_by` -> `senders`. These paths do not show their module:

    account        /v1/workspaces, /v1/info/..., /api/v1/accounts/region
    archive        /v1/messages/{id}/archived_message
    contents       all below /v1/newsletters/{id}/: contents, languages, test groups
    exports        all of /v1/exports, /v1/exports/customers too
    metrics        links and journey metrics too, of all parents
    objects        object types, and relationships of objects and of people
    people         /v1/customers
    suppressions   /v1/esp/...
    topics         /v1/subscription_topics, ..._channels, ..._center, a person's subscription preferences
    track          the Track API, version 1, and /unsubscribe
    track_batch    the Track API, version 2
    transactional  contents and languages of transactional messages too

Importing this package imports every module in it, so that `HANDLERS` is complete. A new operation is one
function with `@answers("its id")` in such a module; a new module needs no entry anywhere.
"""

from importlib import import_module
from pkgutil import iter_modules

from sources.customerio.sandbox.wire.http.registry import HANDLERS

__all__ = ["HANDLERS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
