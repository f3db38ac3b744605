"""No NUL characters in addresses: no id has one, and PostgreSQL cannot even be asked for it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.problems import Fault, answer

__all__ = ["RefuseNul"]

_DETAIL = (
    "the address holds a NUL character (%00), which no id or text has; leave it out, or check how "
    "the id was encoded"
)


class RefuseNul:
    """Refuses addresses with a NUL in path or query with 422; rows are checked one by one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request without NUL characters."""
        if scope["type"] == "http":
            parts = {"path": "\0" in scope["path"], "query": b"%00" in scope["query_string"]}
            faults = [
                Fault(location=part, expected="text without NUL characters")
                for part, has_nul in parts.items()
                if has_nul
            ]
            if faults:
                refusal = answer(422, _DETAIL, scope["path"], errors=faults)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
