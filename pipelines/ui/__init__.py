"""Local read-only pages for analysts and operators, which `cio-elt ui` serves.

    server    one socket on loopback, until the process is interrupted
    app       requests: the checks of host and method, the headers, the refusals
    pages     the list of the pages, each with its template and the module that reads its data
    overview, tables, coverage, costs, runs, pushes, schema
              the data of a page, read anew for each request

Data come from the published file and from state files, which no page changes. No page has a key or a person's
data.
"""

from pipelines.ui.server import Listener, listening

__all__ = ["Listener", "listening"]
