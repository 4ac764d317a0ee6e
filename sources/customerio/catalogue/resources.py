"""Every table of the warehouse: `RESOURCES`, one row each.

Column names are the API's own. Times are Unix seconds.
"""

from collections.abc import Mapping
from itertools import chain

from sources.customerio.catalogue.resource import Resource
from sources.customerio.catalogue.tables_design_studio import DESIGN_STUDIO
from sources.customerio.catalogue.tables_messaging import MESSAGING
from sources.customerio.catalogue.tables_metrics import METRICS
from sources.customerio.catalogue.tables_objects import OBJECTS
from sources.customerio.catalogue.tables_people import PEOPLE
from sources.customerio.catalogue.tables_workspace import WORKSPACE

GROUPS: Mapping[str, tuple[Resource, ...]] = {
    "workspace": WORKSPACE,
    "design studio": DESIGN_STUDIO,
    "messaging": MESSAGING,
    "people": PEOPLE,
    "objects": OBJECTS,
    "metrics": METRICS,
}
"""The tables by the part of Customer.io that they are about, in the order of a sync."""

RESOURCES: tuple[Resource, ...] = tuple(chain.from_iterable(GROUPS.values()))
"""Every table, in the order of a sync."""
