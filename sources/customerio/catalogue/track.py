"""The Track API, versions 1 and 2."""

from sources.customerio.catalogue.operation import Operation
from sources.customerio.catalogue.parameters import ID_TYPE

# fmt: off
# A row has two lines: the request, then its records, body, limits and effect.
TRACK = (
    Operation(id="getRegion", api="track", method="GET", path="/api/v1/accounts/region",
        bucket="track", effect="read"),
    # In no document: the request with which Segment checks credentials [seg26]; the id is this catalogue's own.
    Operation(id="checkCredentials", api="track", method="GET", path="/auth",
        bucket="track", effect="read", has_page=False),
    Operation(id="delete", api="track", method="DELETE", path="/api/v1/customers/{identifier}",
        bucket="track", effect="destroy"),
    Operation(id="identify", api="track", method="PUT", path="/api/v1/customers/{identifier}",
        body="json", bucket="track", effect="write"),
    Operation(id="add_device", api="track", method="PUT", path="/api/v1/customers/{identifier}/devices",
        body="json", bucket="track", effect="write"),
    Operation(id="delete_device", api="track", method="DELETE", path="/api/v1/customers/{identifier}/devices/{device_id}",
        bucket="track", effect="destroy"),
    Operation(id="track", api="track", method="POST", path="/api/v1/customers/{identifier}/events",
        body="json", bucket="track", effect="send"),
    Operation(id="suppress", api="track", method="POST", path="/api/v1/customers/{identifier}/suppress",
        bucket="track", effect="destroy"),
    Operation(id="unsuppress", api="track", method="POST", path="/api/v1/customers/{identifier}/unsuppress",
        bucket="track", effect="write"),
    Operation(id="trackAnonymous", api="track", method="POST", path="/api/v1/events",
        body="json", bucket="track", effect="send"),
    Operation(id="submitForm", api="track", method="POST", path="/api/v1/forms/{form_id}/submit",
        body="json", bucket="track", effect="send"),
    Operation(id="merge", api="track", method="POST", path="/api/v1/merge_customers",
        body="json", bucket="track", effect="destroy"),
    Operation(id="metrics", api="track", method="POST", path="/api/v1/metrics",
        body="json", bucket="track", effect="write"),
    Operation(id="pushMetrics", api="track", method="POST", path="/api/v1/push/events",
        body="json", bucket="track", effect="write"),
    Operation(id="add_to_segment", api="track", method="POST", path="/api/v1/segments/{segment_id}/add_customers",
        query=(ID_TYPE,), body="json", bucket="track", effect="write"),
    Operation(id="remove_from_segment", api="track", method="POST", path="/api/v1/segments/{segment_id}/remove_customers",
        query=(ID_TYPE,), body="json", bucket="track", effect="write"),
    Operation(id="batch", api="track", method="POST", path="/api/v2/batch",
        body="json", bucket="track", effect="write"),
    Operation(id="entity", api="track", method="POST", path="/api/v2/entity",
        body="json", bucket="track", effect="write"),
    Operation(id="unsubscribe", api="track", method="POST", path="/unsubscribe/{delivery_id}",
        body="json", bucket="track", effect="write", authenticated=False),
)
