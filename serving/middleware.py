"""What surrounds every request: a limit on bodies, security headers, a log line and a metric."""

import time
import traceback

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.metrics import Metrics
from serving.problems import answer

__all__ = ["AccessLog", "BodyLimit", "Defects", "SecurityHeaders"]

_MAX_BODY_BYTES = 10 * 1024 * 1024
"""About 30,000 events; what is larger belongs into `recsys import`."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data: https://fastapi.tiangolo.com; "
    "style-src https://cdn.jsdelivr.net; script-src https://cdn.jsdelivr.net 'unsafe-inline'"
)
"""The framework's page /docs draws itself with a script of another host."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",  # feeds are personal
}

_log = structlog.get_logger()


class BodyLimit:
    """Refuses bodies above 10 MiB with 413, declared or streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > _MAX_BODY_BYTES:
            await answer(413, _TOO_LARGE, scope["path"])(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > _MAX_BODY_BYTES:
                raise HTTPException(413, _TOO_LARGE)  # the framework turns others into 400
            return message

        await self._app(scope, counted, send)


_TOO_LARGE = (
    f"the body is larger than {_MAX_BODY_BYTES:,} bytes; send it in several requests, or import "
    "files with `recsys import`"
)


class Defects:
    """Answers what nobody expected with a problem (500), inside the headers of all answers.

    The log line says which error and where, not its message: that may hold a person's id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request; an answer that has begun is cut off instead."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001  (a rim)
            _log.error("defect", kind=type(error).__name__, where=_where(error))
            if not begun:
                await answer(500, _DEFECT, scope["path"])(scope, receive, send)


_DEFECT = "the server failed; this is a defect, its log says where"


def _where(error: BaseException) -> list[str]:
    """Return the innermost calls, the last one first; enough to find the line of ours."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)]


_FRAMES = 12


class SecurityHeaders:
    """Adds the headers that keep a browser from doing what no page here asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, adding to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = _DOCS_POLICY if scope["path"] == "/docs" else _POLICY

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class AccessLog:
    """Writes one line per request and counts it: the route's template, never an id of a person."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            seconds = time.perf_counter() - began
            self._metrics.request(route, scope["method"], status, seconds)
            milliseconds = round(1000 * seconds, 1)
            _log.info(
                "request", method=scope["method"], route=route, status=status, ms=milliseconds
            )
