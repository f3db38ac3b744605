"""The description of the API: what every route has in common is said here, once."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.problems import Problem
from serving.rows import ROW_SCHEMAS

__all__ = ["describe"]

_DESCRIPTION = """\
Personal feeds for the intranet, and what the comms team needs to fill them well.

Every error has one shape, `application/problem+json` (RFC 9457): `detail` says what was wrong,
which value, what was expected and what to do next; `errors` names the places. Rows are described
as they should be; in batches a bad row is reported and the others are stored. Writes may be
repeated: the same row again changes nothing.
"""

_TAGS = {
    "feed": "What somebody sees, and what a screen shows.",
    "formats": "In which formats somebody takes contents in.",
    "targeting": "Whom a content is for, whom it reached, and why (not).",
    "events": "What people did.",
    "catalogue": "Contents, renditions and employees.",
    "employees": "An employee's own choices, and their erasure.",
    "newsletters": "What goes to whom by mail.",
    "reports": "Aggregates; groups below ten are hidden and numbers of people rounded to tens.",
    "operations": "Does it run, is it up to date, what is serving.",
}

_ERRORS = {
    "400": "The body is not JSON in UTF-8.",
    "401": "No key, or one that is unknown, expired or revoked.",
    "403": "The key's scope does not open this route.",
    "413": "The body is larger than 10 MiB.",
    "415": "The body is not sent as application/json.",
    "422": "A value is wrong; `errors` names it and says what was expected.",
    "429": "Too many requests; `Retry-After` says when to go on.",
    "default": "Anything else that went wrong.",
}
_WITH_KEY, _WITH_BODY = ("401", "403", "429"), ("400", "413", "415")

_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def describe(app: FastAPI) -> None:
    """Let ``app`` describe its rows, and for every route the errors that can happen there."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's documented way


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=_DESCRIPTION,
        routes=app.routes, tags=[{"name": n, "description": d} for n, d in _TAGS.items()],
    )  # fmt: skip
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):  # the framework's own errors
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    schemas.update(ROW_SCHEMAS)
    for operation in _operations(found["paths"]):
        _add_errors(operation)
        operation["summary"] = _first_sentence(operation["description"])
    return _with_public_names(found)


def _operations(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for methods in paths.values():
        yield from (methods[method] for method in methods if method in _METHODS)


def _add_errors(operation: dict[str, Any]) -> None:
    statuses = ["default"]
    if operation.get("security"):
        statuses += _WITH_KEY
    if "requestBody" in operation:
        statuses += _WITH_BODY
    if "requestBody" in operation or operation.get("parameters"):
        statuses.append("422")
    responses = operation["responses"]
    responses.update({status: _problem(_ERRORS[status]) for status in statuses})
    for status, response in responses.items():
        if status.startswith(("4", "5")):
            responses[status] = _problem(response["description"])
    operation["responses"] = dict(sorted(responses.items()))


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    }


def _with_public_names(found: dict[str, Any]) -> dict[str, Any]:
    """Return a description in which parts of answers are called as in the code, without ``_``."""
    schemas = found["components"]["schemas"]
    found["components"]["schemas"] = {name.lstrip("_"): schemas[name] for name in sorted(schemas)}
    told = orjson.dumps(found).replace(b'"#/components/schemas/_', b'"#/components/schemas/')
    public: dict[str, Any] = orjson.loads(told)
    return public


def _first_sentence(description: str) -> str:
    """Return the first line of a docstring without its full stop."""
    return description.partition("\n")[0].rstrip(".")
