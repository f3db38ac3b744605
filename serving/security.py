"""Who may call a route: a key with the right scope, or the token of the employee it is about."""

import math
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from serving.keys import SCOPES, Scope, hash_key
from serving.limits import RateLimit
from serving.problems import ProblemError
from serving.services import Services
from serving.tokens import PREFIX

__all__ = ["Own", "requires", "requires_any_key"]

Own = Literal["path", "query", "rows"]
"""Where a route names the employee it is about: the path parameter ``employee_id``, the query
parameter ``employee``, or rows of the body, which the route then checks itself."""

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="recsys"'}


def requires(*scopes: Scope, own: Own | None = None) -> Any:  # noqa: ANN401  # FastAPI's Depends
    """Return a dependency that lets keys with one of ``scopes`` pass, and admin keys.

    With ``own``, a token of the very employee the request is about passes too. As a parameter of
    a route the dependency gives the id of the employee whose token was sent, None for a key.

    Keys and tokens expire, and keys are revoked, by the wall clock, whatever clock the data run
    on; a revoked key stops within a second (:class:`serving.keys.KeyCache`). Both are limited in
    how many requests they may send (429).
    """
    return Depends(_Gate(frozenset({*scopes, "admin"}), own))


def requires_any_key() -> Any:  # noqa: ANN401  # what FastAPI's Depends is
    """Return a dependency that lets every valid key pass."""
    return requires(*SCOPES)


class _Gate(SecurityBase):
    """One call on the event loop, without a thread: a key's look-up excepted, once a second."""

    def __init__(self, allowed: frozenset[str], own: Own | None) -> None:
        self.model = HTTPBearer(
            description="A key made by `recsys keys create`, or a token of an employee."
        )
        self.scheme_name = "bearer"
        self._allowed = allowed
        self._own = own

    async def __call__(self, request: Request) -> str | None:
        """Return whose token was sent, None for a key; raise a problem if neither may pass."""
        services: Services = request.app.state.services
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not credentials:
            raise _unknown("no key was given; send the header 'Authorization: Bearer KEY' with a "
                           "key made by `recsys keys create`")  # fmt: skip
        if credentials.startswith(PREFIX):
            return self._check_token(services, credentials, request)
        request.state.key_id = await self._check_key(services, credentials)
        return None

    async def _check_key(self, services: Services, credentials: str) -> str:
        key_hash = hash_key(credentials)
        key = services.key_cache.remembered(key_hash)
        if key is None:
            key = await run_in_threadpool(services.key_cache.find, key_hash)
        if key is None or not key.is_valid(datetime.now(UTC)):
            raise _unknown("the key is unknown, expired or revoked; make a new one with "
                           "`recsys keys create`")  # fmt: skip
        _count(services.key_limit, key.key_id, "key")
        if key.scope not in self._allowed:
            raise ProblemError(
                403, f"the key has the scope {key.scope}, this route wants "
                f"{' or '.join(sorted(self._allowed))}; use a key with one of them",
            )  # fmt: skip
        return key.key_id

    def _check_token(self, services: Services, token: str, request: Request) -> str:
        employee_id = services.tokens.employee(token, datetime.now(UTC))
        if employee_id is None:
            raise _unknown("the token has expired or was not made here; ask for a new one with "
                           "POST /v1/employees/{id}/token and a key")  # fmt: skip
        _count(services.token_limit, employee_id, "token")
        if self._own != "rows" and _named(request, self._own) != [employee_id]:
            raise ProblemError(
                403, "an employee's token opens what is that employee's own: feed, formats, "
                "preferences, events, and explain and related with `employee` as in the token; "
                "use a key for anything else",
            )  # fmt: skip
        return employee_id


def _named(request: Request, own: Own | None) -> list[str]:
    """Return the employees a request is about; a parameter that is repeated names several."""
    if own == "path":
        return [request.path_params["employee_id"]]
    return request.query_params.getlist("employee") if own == "query" else []


def _count(limit: RateLimit, caller: str, kind: str) -> None:
    wait_seconds = limit.wait_seconds(caller)
    if wait_seconds:
        whole = math.ceil(wait_seconds)
        raise ProblemError(
            429, f"more than {limit.per_second:g} requests a second came with this {kind}; send "
            f"the next one in {whole} second(s), and fewer from then on",
            headers={"Retry-After": str(whole)},
        )  # fmt: skip


def _unknown(detail: str) -> ProblemError:
    return ProblemError(401, detail, headers=_CHALLENGE)
