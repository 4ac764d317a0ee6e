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
SORT = Parameter(name="sort")
