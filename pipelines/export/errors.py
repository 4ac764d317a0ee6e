"""What can go wrong with an export, by what to do next.

CustomerioError
├── ExportFailed      order it anew: Customer.io gave up, or has forgotten it
├── FileBroken        fetch it again, then order it anew: the file is not what the export says
└── StillPending      go on later: the next run takes up the same export
"""

from sources.customerio.client import CustomerioError


class ExportFailed(CustomerioError):
    """Customer.io could not make the export, or knows it no longer."""


class FileBroken(CustomerioError):
    """The file is cut, ragged, no CSV, or has another number of rows than the export says."""


class StillPending(CustomerioError):
    """The file is not there yet."""
