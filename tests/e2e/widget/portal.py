"""A company's portal on another origin than the API: a page with the widget, and its back end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

if TYPE_CHECKING:
    from tests.serving.conftest import Server

__all__ = ["Portal"]

_MEDIA = Path(__file__).parent / "media"
_TYPES = {".webm": "video/webm", ".vtt": "text/vtt", ".svg": "image/svg+xml"}
_STYLE = """
body { margin: 0; font-family: "Noto Sans CJK JP", system-ui, sans-serif; background: #f6f5f1; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1rem; color: #566166; margin: 0 0 1rem; }
.dark { background: #14181a; } .dark h1 { color: #a9b4b8; }
.low { padding-top: 2000px; }
"""


@dataclass
class Portal:
    """What the portal knows, and how it may be made to fail."""

    server: Server | None = None
    tokens: int = 0
    expired: int = 0
    """How many of the next tokens are expired ones, as after a long sleep."""
    app: FastAPI = field(default_factory=FastAPI)

    def __post_init__(self) -> None:
        self.app.get("/")(self._page)
        self.app.post("/intranet/feed-token")(self._token)
        self.app.get("/media/{name}")(self._media)

    def _page(self, request: Request) -> Response:
        """Return the page under a policy that allows nothing inline."""
        asked: dict[str, Any] = dict(request.query_params)
        api = self._api()
        look = asked.pop("class", "")
        lang = asked.get("lang", "en")
        attributes = {"api": api, "token-url": "/intranet/feed-token"} | asked
        told = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
        policy = (
            f"default-src 'none'; script-src {api}; connect-src 'self' {api}; "
            "img-src 'self' data:; media-src 'self'; style-src 'self'; base-uri 'none'"
        )
        html = (
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Portal</title>'
            '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
            '<link rel="stylesheet" href="/media/portal.css">'
            f'<script type="module" src="{api}/widget/intranet-feed.js"></script>'
            f'<body class="{look}"><main><h1>Portal</h1>'
            f"<intranet-feed {told}></intranet-feed></main>"
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    def _token(self, request: Request) -> Response:
        """Answer as the API does to the portal's key, for the person who is signed in."""
        employee = request.cookies.get("signed_in")
        if employee is None or self.server is None:
            return JSONResponse({"detail": "sign in first"}, 401)
        self.tokens += 1
        if self.expired:
            self.expired -= 1
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            token, _ = self.server.services.tokens.make(employee, long_ago)
            later = datetime.now(UTC) + timedelta(minutes=15)
            return JSONResponse({"token": token, "expires_at": later.isoformat()})
        return JSONResponse(self.server.send("POST", f"/v1/employees/{employee}/token"))

    def _media(self, name: str) -> Response:
        if name == "portal.css":
            return Response(_STYLE, media_type="text/css")
        path = _MEDIA / name
        return FileResponse(path, media_type=_TYPES[path.suffix])

    def _api(self) -> str:
        assert self.server is not None
        return str(self.server.client.base_url).rstrip("/")
