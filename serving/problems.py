"""One shape for everything that goes wrong: ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recsys.errors import RecsysError, StoreError

__all__ = [
    "GONE",
    "NOT_FOUND",
    "NOT_JSON",
    "Fault",
    "Problem",
    "ProblemError",
    "add_handlers",
    "answer",
]

_log = structlog.get_logger()


class Fault(BaseModel):
    """One thing that is wrong with a request: where, and what was expected there."""

    location: str
    expected: str


class Problem(BaseModel):
    """What every error looks like; ``type`` is ``about:blank``: the status says it all."""

    type: str = "about:blank"
    title: str = Field(description="Of the status.")
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing."}}
GONE: dict[int | str, dict[str, Any]] = {
    410: {"description": "The employee was erased; nothing is stored about them any more."}
}
"""For routes about something that has to be there; the shape is that of all problems."""


NOT_JSON = (
    "the body is not sent as JSON; send the header 'Content-Type: application/json' and a body in "
    "JSON"
)

_UNQUOTED = "/:@!$&'()*+,;="
"""What a path holds as it is (RFC 3986, section 3.3): `instance` is a reference, not a text."""


class ProblemError(RecsysError):
    """Ends a request with a problem.

    ``detail`` says what, which value, what was expected and what to do next.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers


def answer(
    status: int,
    detail: str,
    path: str,
    *,
    errors: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as a response."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=_writable(detail),
        instance=quote(path, _UNQUOTED, errors="replace"),
        errors=[
            Fault(location=_writable(fault.location), expected=_writable(fault.expected))
            for fault in errors
        ],
    )  # fmt: skip
    shown = problem.model_dump(exclude=set() if problem.errors else {"errors"})
    return Response(
        orjson.dumps(shown), status, headers=headers, media_type="application/problem+json"
    )


def _writable(text: str) -> str:
    """Return a text that may quote a caller's, in characters that UTF-8 has."""
    return text.encode("utf-8", "backslashreplace").decode()


def add_handlers(app: FastAPI) -> None:
    """Let every error that is expected of ``app`` end as a problem; others are defects."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(StoreError, _on_store)


def _path(request: Request) -> str:
    """Return the path asked for; the framework's own URL ends at a ``?`` that was meant."""
    path: str = request.scope["path"]
    return path


def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(
        error.status,
        error.detail,
        _path(request),
        errors=error.errors,
        headers=error.headers,
    )


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {
        400: "the body is not JSON in UTF-8; check what is sent and how it is encoded",
        404: f"nothing is found at {_path(request)}; /docs lists all routes",
        405: f"{request.method} is not possible at {_path(request)}; /docs lists what is",
    }.get(error.status_code, str(error.detail))
    return answer(error.status_code, detail, _path(request), headers=error.headers)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes) and error.body:  # JSON would have been read by now
        return answer(415, NOT_JSON, _path(request))
    faults = [
        Fault(location=".".join(map(str, fault["loc"])), expected=str(fault["msg"]))
        for fault in error.errors()
    ]
    detail = f"the request has {len(faults)} fault(s); correct what `errors` names and send it anew"
    return answer(422, detail, _path(request), errors=faults)


def _on_store(request: Request, error: Exception) -> Response:
    _log.error("store_failed", reason=str(error))
    detail = "the store cannot be used at the moment; try again, the server's log has the reason"
    return answer(503, detail, _path(request), headers={"Retry-After": "1"})
