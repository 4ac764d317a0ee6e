"""Customer.io's API as typed rows: `OPERATIONS` (calls), `RESOURCES` (tables), `DELIVERY_METRICS`.

The client's calls, the dlt resources, the sandbox's routes, the command line's choices and the reference
pages are all derived from these tuples; nothing else in the project names a path or a key column.
"""

from sources.customerio.catalogue.app_design_studio import APP_DESIGN_STUDIO
from sources.customerio.catalogue.app_messaging import APP_MESSAGING
from sources.customerio.catalogue.app_people import APP_PEOPLE
from sources.customerio.catalogue.app_workspace import APP_WORKSPACE
from sources.customerio.catalogue.delivery_metrics import (
    DELIVERY_METRIC_NAMES,
    DELIVERY_METRICS,
    DeliveryMetric,
)
from sources.customerio.catalogue.doubtful import DOUBTFUL
from sources.customerio.catalogue.operation import Bucket, Operation, Parameter
from sources.customerio.catalogue.resource import (
    PERSON_PATHS,
    ChangesWith,
    ColumnType,
    PersonKind,
    Resource,
)
from sources.customerio.catalogue.resources import GROUPS, RESOURCES
from sources.customerio.catalogue.track import TRACK

__all__ = [
    "DELIVERY_METRICS",
    "DELIVERY_METRIC_NAMES",
    "GROUPS",
    "OPERATIONS",
    "PERSON_PATHS",
    "RESOURCES",
    "Bucket",
    "ChangesWith",
    "ColumnType",
    "DeliveryMetric",
    "Operation",
    "Parameter",
    "PersonKind",
    "Resource",
    "operation",
    "resource",
]

OPERATIONS: tuple[Operation, ...] = (
    *APP_MESSAGING,
    *APP_PEOPLE,
    *APP_WORKSPACE,
    *APP_DESIGN_STUDIO,
    *TRACK,
    *DOUBTFUL,
)
"""Every call of the App API and the Track API; the doubtful ones come last."""

_OPERATIONS = {row.id: row for row in OPERATIONS}
_RESOURCES = {row.table: row for row in RESOURCES}


def operation(operation_id: str) -> Operation:
    """The operation of that id; KeyError if Customer.io has none of that name."""
    return _OPERATIONS[operation_id]


def resource(table: str) -> Resource:
    """The resource that fills that table; KeyError if there is none."""
    return _RESOURCES[table]
