"""The parent of a deliveries export, looked up before Customer.io is asked to make a file of it."""

from collections.abc import Mapping

from pipelines.errors import ConfigError
from pipelines.export.requests import DeliveriesRequest, ExportRequest
from sources.customerio.client import Client, CustomerioError, NotFound

_LOOKUPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "campaign_id": (("getCampaigns", "campaign_id"), ("getBroadcast", "broadcast_id")),
    "newsletter_id": (("getNewsletters", "newsletter_id"),),
    "transactional_message_id": (("getTransactional", "transactional_id"),),
}
"""By parameter: each call that returns a parent of that kind, and the name of the id in its path.

No call returns an action by its id alone.
"""
_LISTS: Mapping[str, str] = {
    "campaign_id": "listCampaigns",
    "newsletter_id": "listNewsletters",
    "transactional_message_id": "listTransactional",
}


def check_parent(client: Client, request: ExportRequest) -> None:
    """Check that the parent of a deliveries export exists; Customer.io would make an empty file of it.

    A parent that cannot be looked up, as with a key without that scope, is taken as it is.

    Raises:
        ConfigError: the workspace has no such parent.
    """
    if not isinstance(request, DeliveriesRequest):
        return
    ((parameter, number),) = request.parents.items()
    lookups = _LOOKUPS.get(parameter, ())
    if lookups and not any(_may_exist(client, call, name, number) for call, name in lookups):
        kind = parameter.removesuffix("_id").replace("_", " ")
        msg = (
            f"This workspace has no {kind} {number} (404), so there is nothing to export. "
            f"`cio-elt api call {_LISTS[parameter]}` lists the ids."
        )
        raise ConfigError(msg)


def _may_exist(client: Client, call: str, name: str, number: int) -> bool:
    try:
        client.call(call, path={name: number})
    except NotFound:
        return False
    except CustomerioError:
        return True
    return True
