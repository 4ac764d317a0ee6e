"""The methods of both APIs; their parameters are in `methods.pyi`, which is written from the catalogue."""

from sources.customerio.client.api import Operations


class App(Operations):
    """The App API's operations: `client.app.list_campaigns()`."""

    api = "app"


class Track(Operations):
    """The Track API's operations: `client.track.identify(identifier="...", body={...})`."""

    api = "track"
