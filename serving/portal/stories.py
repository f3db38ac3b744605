"""A content in one of its renditions, as a page shows it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pandas as pd

from recsys.dataset.dataset import ATTRIBUTES
from serving.known import no_content
from serving.services import Services

__all__ = ["Form", "Story", "find_story", "forms_of"]

_FILMS = ("video", "short_video")
_PICTURES = ("illustration", "animation", "infographic")

_MOST_FORMS = 50
_KANA = re.compile("[\u3040-\u30ff]")
"""Hiragana and katakana: no other language is written with them."""


@dataclass(frozen=True, slots=True)
class Form:
    """A rendition to choose."""

    rendition_id: str
    format: str
    language: str


@dataclass(frozen=True, slots=True)
class Story:
    """What a page shows of a content in a rendition; empty text where nothing is known."""

    content_id: str
    rendition_id: str
    title: str
    summary: str
    body: str
    format: str
    language: str
    published_at: datetime
    topics: tuple[str, ...]
    owner: str
    duration_seconds: float | None
    ack_required: bool
    ack_due_at: datetime | None
    text_language: str
    """Of summary and body, which exist once; renditions may be in other languages."""
    url: str = ""
    captions_url: str = ""
    poster_url: str = ""
    alt_text: str = ""
    text: str = ""
    own_summary: str = ""
    """Of the rendition."""

    @property
    def is_film(self) -> bool:
        """Whether there is a film to play."""
        return self.format in _FILMS and bool(self.url)

    @property
    def is_picture(self) -> bool:
        """Whether there is a picture to look at."""
        return self.format in _PICTURES and bool(self.url)

    @property
    def is_recording(self) -> bool:
        """Whether there is something to listen to."""
        return self.format == "audio" and bool(self.url)

    @property
    def points(self) -> list[str]:
        """Return lines in the rendition's language: its own text, else a summary that fits."""
        fits = not self.language or (self.language == "ja") == (self.text_language == "ja")
        told = self.text or self.own_summary or (self.summary if fits else "")
        return [line for line in told.split("\n") if line.strip()]


def find_story(services: Services, content_id: str, rendition_id: str) -> Story:
    """Return a content in a rendition, without one as an article; a problem (404) if unknown."""
    content = _first(services.store.find("contents", content_id))
    if content is None:
        raise no_content(content_id)
    rendition = _first(services.store.find("renditions", rendition_id)) or {}
    own = orjson.loads(rendition.get(ATTRIBUTES) or "{}")
    told = {name: str(own.get(name) or "") for name in _OWN}
    return Story(
        content_id=content_id,
        rendition_id=rendition_id,
        title=rendition.get("title") or content["title"],
        summary=content["summary"] or "",
        body=content["body"] or "",
        format=rendition.get("format", "article"),
        language=rendition.get("language") or content["language"] or "",
        published_at=content["published_at"].to_pydatetime(),
        topics=tuple((content["topics"] or "").split(";")) if content["topics"] else (),
        owner=content["owner_department"] or "",
        duration_seconds=rendition.get("duration_seconds"),
        ack_required=bool(content["ack_required"]),
        ack_due_at=content["ack_due_at"],
        text_language=_text_language(content),
        url=rendition.get("url") or "",
        own_summary=own.get("summary") or "",
        **told,
    )


_OWN = ("captions_url", "poster_url", "alt_text", "text")
"""Columns of the company's own."""


def forms_of(services: Services, content_id: str, language: str) -> list[Form]:
    """Return the renditions of a content, those in ``language`` first."""
    where = {"content_id": content_id}
    rows = services.store.page("renditions", limit=_MOST_FORMS, where=where)
    columns = (rows[name].fillna("") for name in ("rendition_id", "format", "language"))
    forms = [Form(*row) for row in zip(*columns, strict=True)]
    return sorted(forms, key=lambda form: form.language != language)


def _text_language(content: dict[str, Any]) -> str:
    if _KANA.search(f"{content['summary']} {content['body']}"):
        return "ja"
    return "" if content["language"] in (None, "ja") else str(content["language"])


def _first(frame: pd.DataFrame) -> dict[str, Any] | None:
    """Return the first row with None where a value is missing; None without rows."""
    if frame.empty:
        return None
    row = frame.astype(object).iloc[0]
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}
