"""Templates to HTML; all text is escaped."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from serving.texts import Language, texts

__all__ = ["render"]


def render(template: str, language: Language, view: Mapping[str, Any]) -> HTMLResponse:
    """Return a page in ``language``."""
    words = texts(language)
    page = _environment().get_template(template)
    return HTMLResponse(
        page.render(
            view,
            lang=language,
            other="en" if language == "ja" else "ja",
            t=lambda key, **values: words[key].format(**values),
            ago=lambda then, now: _ago(then, now, words),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("serving.portal"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["query"] = lambda **values: urlencode(values)
    environment.filters["clock"] = _minutes_seconds
    environment.filters["percent"] = lambda share: f"{100 * share:.0f}"
    return environment


def _ago(then: datetime, now: datetime, words: Mapping[str, str]) -> str:
    minutes = max(int((now - then).total_seconds() // 60), 0)
    for unit, length in (("days", 1440), ("hours", 60), ("minutes", 1)):
        if minutes >= length:
            return words[f"ago.{unit}"].format(n=minutes // length)
    return words["ago.now"]


def _minutes_seconds(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
