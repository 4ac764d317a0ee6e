"""The storage host behind download links.

A link works without any key, for 15 minutes, and is no API call: no limit, no JSON. An expired or altered
one gets the storage provider's XML (its exact form is unverified). Whoever sends credentials along gives a
customer's key to a stranger; a signed link with an Authorization header is refused.
"""

import asyncio
import hmac
from concurrent.futures import Executor
from email.utils import formatdate
from hashlib import md5

from starlette.requests import Request
from starlette.responses import Response

from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.keys import Keys
from sources.customerio.sandbox.state.errors import Refused

_FOLDER = "/storage/customerio-exports"
PATH = _FOLDER + "/export-{export_id:int}.csv"


def link(keys: Keys, export_id: int, expires: int) -> str:
    """The path and query of a signed link."""
    return f"{_FOLDER}/export-{export_id}.csv?Expires={expires}&Signature={keys.sign(export_id, expires)}"


class Storage:
    """Serves files of exports."""

    def __init__(self, engine: Engine, worker: Executor) -> None:
        self._engine = engine
        self._worker = worker

    async def get(self, request: Request) -> Response:
        """A file, whole or a range of it."""
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._worker, self._get, request)
        response.headers["date"] = formatdate(self._engine.clock.now(), usegmt=True)
        await asyncio.sleep(self._engine.latency_ms / 1000)
        return response

    def _get(self, request: Request) -> Response:
        export_id = int(request.path_params["export_id"])
        refused = self._refuse(request, export_id)
        if refused is not None:
            return refused
        with self._engine.present() as workspace:
            try:
                content = workspace.exports.file(export_id, workspace.now).content()
            except Refused:
                return _xml(404, "NoSuchKey", "The specified key does not exist.")
        return _ranged(request.headers.get("range"), content)

    def _refuse(self, request: Request, export_id: int) -> Response | None:
        given, expires = request.query_params.get("Signature", ""), request.query_params.get("Expires", "")
        if "authorization" in request.headers:
            return _xml(
                400, "InvalidArgument", "Only one of a signature and an Authorization header is allowed."
            )
        if not expires.isdecimal() or not hmac.compare_digest(
            given.encode(), self._engine.keys.sign(export_id, int(expires)).encode()
        ):
            return _xml(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        if self._engine.clock.now() > int(expires):
            return _xml(403, "ExpiredToken", "The provided token has expired.")
        return None


def _ranged(wanted: str | None, content: bytes) -> Response:
    headers = {
        "accept-ranges": "bytes",
        "etag": f'"{md5(content, usedforsecurity=False).hexdigest()}"',
        "content-type": "text/csv",
    }
    span = _span(wanted, len(content))
    if span is None:
        return Response(content, headers=headers)
    first, last = span
    if first > last:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{len(content)}"})
    headers["content-range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, headers=headers)


def _span(wanted: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None where the header asks for no range that is understood."""
    if wanted is None or not wanted.startswith("bytes="):
        return None
    first, dash, last = wanted.removeprefix("bytes=").partition("-")
    if not dash or not (first + last).isdecimal():
        return None
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _xml(status: int, code: str, message: str) -> Response:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f"<?xml version='1.0' encoding='UTF-8'?>{error}", status, media_type="application/xml")
