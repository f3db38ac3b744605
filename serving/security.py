"""Who may call a route: a bearer key with the right scope."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.keys import SCOPES, Scope, hash_key
from serving.problems import ProblemError
from serving.services import ServicesDependency

__all__ = ["requires", "requires_any_key"]

_BEARER = HTTPBearer(auto_error=False, description="A key made by `recsys keys create`.")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="recsys"'}

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def requires(*scopes: Scope) -> Any:  # noqa: ANN401  # what FastAPI's Depends is
    """Return a dependency that lets keys with one of ``scopes`` pass, and admin keys.

    Keys expire and are revoked by the wall clock, whatever clock the data run on.
    """
    allowed = {*scopes, "admin"}

    def check(services: ServicesDependency, credentials: Credentials) -> None:
        if credentials is None:
            raise ProblemError(
                401, "no key was given; send the header 'Authorization: Bearer KEY' with a key "
                "made by `recsys keys create`", headers=_CHALLENGE,
            )  # fmt: skip
        key = services.keys.find(hash_key(credentials.credentials))
        if key is None or not key.is_valid(datetime.now(UTC)):
            raise ProblemError(
                401, "the key is unknown, expired or revoked; make a new one with "
                "`recsys keys create`", headers=_CHALLENGE,
            )  # fmt: skip
        if key.scope not in allowed:
            raise ProblemError(
                403, f"the key has the scope {key.scope}, this route wants "
                f"{' or '.join(sorted(allowed))}; use a key with one of them",
            )  # fmt: skip

    return Depends(check)


def requires_any_key() -> Any:  # noqa: ANN401  # what FastAPI's Depends is
    """Return a dependency that lets every valid key pass."""
    return requires(*SCOPES)
