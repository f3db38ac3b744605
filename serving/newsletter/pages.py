"""The small pages behind the links of a mail."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse

from serving.texts import Language, texts

__all__ = ["POLICY", "message_page", "unsubscribe_page"]

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Mails carry their styles in themselves, and pictures from where they are; nothing here runs."""

_HEADERS = {"Content-Security-Policy": POLICY, "X-Robots-Tag": "noindex"}


def message_page(language: Language, key: str, *, status: int, portal_url: str) -> HTMLResponse:
    """Return a page that says what is the matter; ``key`` is that of the texts."""
    words = texts(language)
    return _page(
        status, lang=language, title=words[f"{key}.title"], text=words[f"{key}.text"], button="",
        portal=words["link.portal"], portal_url=portal_url,
    )  # fmt: skip


def unsubscribe_page(language: Language, step: str) -> HTMLResponse:
    """Return the page that asks (``ask``), or says what was done (``done``, ``again``)."""
    words = texts(language)
    return _page(
        200, lang=language, **{n: words[f"unsubscribe.{step}.{n}"] for n in _PARTS},
        is_first=step == "ask", again="yes" if step == "done" else "no",
    )  # fmt: skip


_PARTS = ("title", "text", "button")


def _page(status: int, **view: object) -> HTMLResponse:
    return HTMLResponse(_template().render(view), status, _HEADERS)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("serving.newsletter", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html")
