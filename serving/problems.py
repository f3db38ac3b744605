"""One shape for everything that goes wrong: ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recsys.errors import RecsysError, StoreError

__all__ = ["PROBLEM_RESPONSES", "Fault", "Problem", "ProblemError", "add_handlers", "answer"]

_log = structlog.get_logger()


class Fault(BaseModel):
    """One thing that is wrong with a request: where, and what was expected there."""

    location: str
    expected: str


class Problem(BaseModel):
    """What every error looks like; ``type`` is ``about:blank``: the status says it all."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Anything that went wrong, in one shape (RFC 9457).",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
}
"""For the OpenAPI description of every route."""


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
        title=HTTPStatus(status).phrase, status=status, detail=detail, instance=path,
        errors=list(errors),
    )  # fmt: skip
    shown = problem.model_dump(exclude=set() if problem.errors else {"errors"})
    return Response(
        orjson.dumps(shown), status, headers=headers, media_type="application/problem+json"
    )


def add_handlers(app: FastAPI) -> None:
    """Let every error that is expected of ``app`` end as a problem; others are defects."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(StoreError, _on_store)


def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(
        error.status, error.detail, request.url.path, errors=error.errors, headers=error.headers
    )


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {
        404: f"nothing is found at {request.url.path}; /docs lists all routes",
        405: f"{request.method} is not possible at {request.url.path}; /docs lists what is",
    }.get(error.status_code, str(error.detail))
    return answer(error.status_code, detail, request.url.path, headers=error.headers)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(location=".".join(map(str, fault["loc"])), expected=str(fault["msg"]))
        for fault in error.errors()
    ]
    detail = f"the request has {len(faults)} fault(s); correct what `errors` names and send it anew"
    return answer(422, detail, request.url.path, errors=faults)


def _on_store(request: Request, error: Exception) -> Response:
    _log.error("store_failed", reason=str(error))
    detail = "the store cannot be used at the moment; try again, the server's log has the reason"
    return answer(503, detail, request.url.path, headers={"Retry-After": "1"})
