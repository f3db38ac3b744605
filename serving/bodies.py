"""Bodies that are read without a model: rows by the thousand, each to be judged by itself."""

import json
from typing import Any

import orjson
from fastapi import Request

from serving.models import MAX_ROWS
from serving.problems import NOT_JSON, Fault, ProblemError

__all__ = ["read_rows"]


async def read_rows(request: Request, name: str) -> list[object]:
    """Return the list at ``name`` of a JSON body; anything else is a problem.

    A model would copy every row before it is looked at, which costs as much as storing it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise ProblemError(415, NOT_JSON)
    body = _parsed(await request.body())
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise _unfit(f"body.{name}", f'an object with a list, {{"{name}": [...]}}')
    if len(rows) > MAX_ROWS:
        raise _unfit(f"body.{name}", f"at most {MAX_ROWS:,} rows, not {len(rows):,}")
    return rows


def _parsed(body: bytes) -> Any:  # noqa: ANN401  (JSON)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:  # slower, and understands half a surrogate pair and NaN, which are for rows to answer for
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unfit("body", f"JSON in UTF-8; {error}") from None


def _unfit(location: str, expected: str) -> ProblemError:
    fault = Fault(location=location, expected=expected)
    detail = (
        f"the request has 1 fault: {location} should be {expected}; correct it and send it anew"
    )
    return ProblemError(422, detail, errors=[fault])
