"""Query parameters that several operations share, each written once."""

from sources.customerio.catalogue.operation import Parameter

START = Parameter(name="start")
LIMIT = Parameter(name="limit", type="integer")
START_TS = Parameter(name="start_ts", type="integer")
END_TS = Parameter(name="end_ts", type="integer")
ID_TYPE = Parameter(name="id_type")
TYPE = Parameter(name="type")
METRIC = Parameter(name="metric")
DRAFTS = Parameter(name="drafts", type="boolean")
PERIOD = Parameter(name="period")
STEPS = Parameter(name="steps", type="integer")
UNIQUE = Parameter(name="unique", type="boolean")
VERSION = Parameter(name="version", type="integer", required=True)
RES = Parameter(name="res")
TZ = Parameter(name="tz")
START_AT = Parameter(name="start", type="integer")
END_AT = Parameter(name="end", type="integer")
STATE = Parameter(name="state")
NAME = Parameter(name="name")
ASSOCIATIONS = Parameter(name="associations", type="boolean")
TRACKED_RESPONSES = Parameter(name="get_tracked_responses", type="boolean")
SORT = Parameter(name="sort")

_IN_FOLDER = (
    Parameter(name="parent_folder_id"),
    Parameter(name="direct_descendants_only", type="boolean"),
)
_BY_PAGE = (Parameter(name="page", type="integer"), LIMIT)
ASSET_LIST = (*_IN_FOLDER, *_BY_PAGE)
DESIGN_STUDIO_LIST = (
    *_IN_FOLDER,
    Parameter(name="sort_by"),
    Parameter(name="sort_order"),
    Parameter(name="created_before", type="integer"),
    Parameter(name="created_after", type="integer"),
    Parameter(name="updated_before", type="integer"),
    Parameter(name="updated_after", type="integer"),
    *_BY_PAGE,
)
