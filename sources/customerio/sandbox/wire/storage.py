"""The storage host that serves export files behind signed links.

A link works without a key for 15 minutes. It is not an API call: no rate limit, no JSON. An expired or
altered link gets the storage provider's XML error (its exact form is unverified). A request with an
Authorization header is refused, because a client that sends one leaks its API key to another company.

Files are sent from disk in blocks, and ranges of them too; a range whose `If-Range` names another ETag gets
the whole file. Faults for the operation `storage` apply here.
"""

import asyncio
import hmac
from collections.abc import Iterator
from concurrent.futures import Executor
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import DETAILS, STORAGE, Fault
from sources.customerio.sandbox.state.store.errors import Refused
from sources.customerio.sandbox.state.store.export_file import ExportFile
from sources.customerio.sandbox.wire.http.response import TRANSPORT

FOLDER = "/storage/customerio-exports"
PATH = FOLDER + "/export-{workspace_id:int}-{export_id:int}.csv"
_BLOCK = 1 << 18


def link(engine: Engine, export_id: int, expires: int) -> str:
    """The path and query of a signed link; the file's name has the workspace's id."""
    signature = engine.keys.sign(export_id, expires)
    return f"{FOLDER}/export-{engine.id}-{export_id}.csv?Expires={expires}&Signature={signature}"


class Storage:
    """Serves the files of exports."""

    def __init__(self, engine: Engine, worker: Executor) -> None:
        self._engine = engine
        self._worker = worker

    async def get(self, request: Request) -> Response:
        """A file, whole or a range of it."""
        faults = self._engine.faults.hits(STORAGE)
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._worker, self._get, request, faults)
        response.headers["date"] = formatdate(self._engine.clock.now(), usegmt=True)
        await asyncio.sleep((self._engine.latency_ms + sum(fault.delay_ms for fault in faults)) / 1000)
        return response

    def _get(self, request: Request, faults: list[Fault]) -> Response:
        export_id = int(request.path_params["export_id"])
        error = self._check_link(request, export_id) or _injected_error(faults)
        if error is not None:
            return error
        with self._engine.workspace() as workspace:
            try:
                file = workspace.exports.finished(export_id, workspace.now).file
            except Refused:
                return _xml(404, "NoSuchKey", "The specified key does not exist.")
        response = _file_response(request, file)
        response.cuts = [fault for fault in faults if fault.cuts]
        for fault in faults:
            self._engine.clock.advance(fault.advance_s)
        return response

    def _check_link(self, request: Request, export_id: int) -> Response | None:
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


class Span(Response):
    """A range of bytes of a file, sent in blocks; the faults in `cuts` end the connection before its end."""

    def __init__(self, file: ExportFile, first: int, end: int, status: int, headers: dict[str, str]) -> None:
        super().__init__(None, status, {**headers, "content-length": str(end - first)})
        self._file = file
        self._first = first
        self._end = end
        self.cuts: list[Fault] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the range, up to the first cut."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        shares = [0.5 if fault.cut_at is None else fault.cut_at for fault in self.cuts]
        # A share of the whole file, so that a download which resumes after the cut is not cut again.
        end = max(self._first, min([self._end, *(int(self._file.size * share) for share in shares)]))
        for block in self._blocks(end):
            await send({"type": "http.response.body", "body": block, "more_body": True})
        if end == self._end:
            await send({"type": "http.response.body", "body": b""})
            return
        await asyncio.sleep(sum(fault.stall_ms for fault in self.cuts) / 1000)
        scope[TRANSPORT].close()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _blocks(self, end: int) -> Iterator[bytes]:
        with self._file.path.open("rb") as file:
            file.seek(self._first)
            left = end - self._first
            while left > 0 and (block := file.read(min(_BLOCK, left))):
                left -= len(block)
                yield block


def _file_response(request: Request, file: ExportFile) -> Span:
    headers = {"accept-ranges": "bytes", "etag": file.etag, "content-type": "text/csv"}
    wanted = request.headers.get("range")
    if request.headers.get("if-range", file.etag) != file.etag:
        wanted = None
    span = _span(wanted, file.size)
    if span is None:
        return Span(file, 0, file.size, 200, headers)
    first, last = span
    if first > last:
        return Span(file, 0, 0, 416, {**headers, "content-range": f"bytes */{file.size}"})
    headers["content-range"] = f"bytes {first}-{last}/{file.size}"
    return Span(file, first, last + 1, 206, headers)


def _span(wanted: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None if the header is missing or has another form."""
    if wanted is None or not wanted.startswith("bytes="):
        return None
    first, dash, last = wanted.removeprefix("bytes=").partition("-")
    if not dash or not (first + last).isdecimal():
        return None
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _injected_error(faults: list[Fault]) -> Response | None:
    """The error, or the text, that a fault sets in place of the file; None if no fault does."""
    status = next((fault.status for fault in faults if fault.status is not None), None)
    text = next((fault.text for fault in faults if fault.text is not None), None)
    if text is not None:
        return Response(text, status or 200, media_type="text/html")
    return None if status is None else _xml(status, "InternalError", DETAILS.get(status, "error"))


def _xml(status: int, code: str, message: str) -> Response:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f"<?xml version='1.0' encoding='UTF-8'?>{error}", status, media_type="application/xml")
