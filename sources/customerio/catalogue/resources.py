"""Every table of the warehouse: `RESOURCES`, one row each.

Column names are the API's own. Times are Unix seconds.
"""

from sources.customerio.catalogue.resource import Resource
from sources.customerio.catalogue.tables_design_studio import DESIGN_STUDIO
from sources.customerio.catalogue.tables_messaging import MESSAGING
from sources.customerio.catalogue.tables_metrics import METRICS
from sources.customerio.catalogue.tables_objects import OBJECTS
from sources.customerio.catalogue.tables_people import PEOPLE
from sources.customerio.catalogue.tables_workspace import WORKSPACE

RESOURCES: tuple[Resource, ...] = (
    *WORKSPACE,
    *DESIGN_STUDIO,
    *MESSAGING,
    *PEOPLE,
    *OBJECTS,
    *METRICS,
)
"""Every table, in the order of a sync."""
