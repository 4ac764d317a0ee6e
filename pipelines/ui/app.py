"""The HTTP application: it answers GET and HEAD of this machine's own addresses, and sends no other page.

A name that a stranger's page lets point to this machine (DNS rebinding) is refused by its Host header. The
policy of content allows the pages' own style, and neither a script nor a request elsewhere.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.settings import Settings
from pipelines.ui.pages import PAGES, Page, problem, render, style

HOSTS = ("127.0.0.1", "localhost")
"""The names of this machine that are answered."""
STYLE = "/style.css"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""The headers of every answer."""
_METHODS = ("GET", "HEAD")


def application(settings: Settings) -> ASGIApp:
    """The application of the pages about that data folder."""
    routes = [Route(page.path, _answering(page, settings)) for page in PAGES]
    app = Starlette(
        routes=[*routes, Route(STYLE, _style)],
        exception_handlers={404: partial(_unknown, settings), Exception: partial(_failed, settings)},
    )
    app.router.redirect_slashes = False
    return _Guard(app, settings)


class _Guard:
    """Refuses other hosts and methods, and gives every answer the headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self._refused(scope)
        await (refused or self._app)(scope, receive, send_with_headers)

    def _refused(self, scope: Scope) -> Response | None:
        if not _is_own(Headers(scope=scope).getlist("host")):
            # Without the frame of a page: it names the workspace, which a stranger's page could read here.
            says = f"These pages are answered under the names {' and '.join(HOSTS)} alone. Open one of them."
            return PlainTextResponse(says, 400)
        if scope["method"] not in _METHODS:
            says = f"These pages can only be read: use {' or '.join(_METHODS)}."
            allow = {"allow": ", ".join(_METHODS)}
            return HTMLResponse(problem("Not possible", [says], self._settings), 405, allow)
        return None


def _is_own(hosts: list[str]) -> bool:
    """True if there is one Host header and it names this machine, with any port: a tunnel may change it."""
    try:
        return len(hosts) == 1 and urlsplit(f"//{hosts[0]}").hostname in HOSTS
    except ValueError:
        return False


def _answering(page: Page, settings: Settings) -> Callable[[Request], Response]:
    """The endpoint of a page; Starlette runs it in a thread, so that others are answered meanwhile."""

    def answer(_: Request) -> Response:
        return HTMLResponse(render(page, settings))

    return answer


def _style(_: Request) -> Response:
    return Response(style(), media_type="text/css")


def _unknown(settings: Settings, request: Request, _: HTTPException) -> Response:
    says = f"There is no page {request.url.path}. The links above lead to all that there are."
    return HTMLResponse(problem("No such page", [says], settings), 404)


def _failed(settings: Settings, _: Request, error: Exception) -> Response:
    says = f"This page could not be made ({type(error).__name__}). The other pages may be."
    next_step = "`cio-elt doctor` examines the files of the data folder; if they are in order, this is a bug."
    return HTMLResponse(problem("Not readable", [says, next_step], settings), 500)
