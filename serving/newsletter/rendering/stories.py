"""What a mail tells of a rendition, read from the store."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from recsys.catalogue.renditions import primary_language
from recsys.dataset.dataset import ATTRIBUTES
from recsys.schema import IMPLICIT_FORMAT
from recsys.store.port import Store
from serving.newsletter.rendering.tidy import clamp, one_line
from serving.rows import row_values

__all__ = ["Stories", "Story", "web_address"]

_TITLE_COLUMNS = 120
"""Three lines on a telephone: 60 kanji. Longer titles are cut, or ten of them would be the mail."""
_TEXT_COLUMNS = 600
"""More than any layout shows; the rest is behind the link."""
_LONGEST_URL = 2_000
"""What browsers and mail programs are sure to follow."""
_NEVER = datetime.max.replace(tzinfo=UTC)
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""What mail programs draw; SVG they do not."""


@dataclass(frozen=True, slots=True)
class Story:
    """One rendition of a content; texts are one line each and bounded, missing ones empty."""

    content_id: str
    rendition_id: str
    format: str
    title: str
    text: str
    """Its own text or summary, else the content's summary if that is in the same language."""
    language: str
    url: str
    """Absolute, http or https; empty if it has none."""
    image_url: str
    image_alt: str
    duration_seconds: float | None
    has_captions: bool
    est_minutes: float | None
    owner: str
    published_at: datetime
    ack_due_at: datetime | None


class Stories:
    """Stories by content and rendition, each looked up once.

    Make a new one for each run: what it holds does not change any more. A content that is not in
    the store, or not to be read at this moment, has no story. Not for concurrent use.

    Parameters
    ----------
    store
        Holds contents and renditions.
    base_url
        What relative addresses of renditions are relative to: the portal's address.
    at
        The moment: drafts, what was withdrawn and what has expired by then is left out.
    """

    def __init__(self, store: Store, base_url: str, at: datetime) -> None:
        self._store, self._base_url, self._at = store, base_url, at
        self._contents: dict[str, dict[str, Any] | None] = {}
        self._stories: dict[tuple[str, str], Story | None] = {}

    def find(self, content_id: str, rendition_id: str) -> Story | None:
        """Return a story, None if there is none to read."""
        key = content_id, rendition_id
        if key not in self._stories:
            if content_id not in self._contents:
                self._contents[content_id] = self._live(self._row("contents", content_id))
            content = self._contents[content_id]
            self._stories[key] = None if content is None else self._read(content, rendition_id)
        return self._stories[key]

    def _row(self, table: str, subject_id: str) -> dict[str, Any] | None:
        rows = row_values(table, self._store.find(table, subject_id))
        return rows[0] if rows else None

    def _live(self, content: dict[str, Any] | None) -> dict[str, Any] | None:
        if content is None or content.get("status", "published") != "published":
            return None
        return content if content.get("expires_at", _NEVER) > self._at else None

    def _read(self, content: dict[str, Any], rendition_id: str) -> Story:
        rendition = (self._row("renditions", rendition_id) if rendition_id else None) or {}
        more = rendition.get(ATTRIBUTES, {})
        form = rendition.get("format", IMPLICIT_FORMAT)
        url = web_address(rendition.get("url"), self._base_url)
        image_url = web_address(more.get("poster_url"), self._base_url)
        if not image_url and form == "illustration" and _is_picture(url):
            image_url = url
        return Story(
            content_id=content["content_id"],
            rendition_id=rendition_id,
            format=form,
            title=clamp(rendition.get("title") or content["title"], _TITLE_COLUMNS),
            text=clamp(_own_text(more) or _summary(content, rendition), _TEXT_COLUMNS),
            language=_language(content, rendition),
            url=url,
            image_url=image_url,
            image_alt=clamp(_text(more.get("alt_text")), _TITLE_COLUMNS),
            duration_seconds=rendition.get("duration_seconds"),
            has_captions=bool(rendition.get("has_captions") or more.get("captions_url")),
            est_minutes=content.get("est_minutes"),
            owner=clamp(content.get("owner_department", ""), 40),
            published_at=content["published_at"],
            ack_due_at=content.get("ack_due_at"),
        )


def web_address(url: object, base_url: str) -> str:
    """Return an absolute http(s) address, empty for anything else, such as ``javascript:``."""
    text = _text(url).strip()
    if not text or not text.isprintable() or any(mark in text for mark in " \"'<>\\`"):
        return ""
    try:
        absolute = urljoin(base_url, text)
        parts = urlsplit(absolute)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return absolute if is_web and len(absolute) <= _LONGEST_URL else ""


def _own_text(more: dict[str, Any]) -> str:
    """Return what a rendition says itself; it is in the language of its title."""
    return _text(more.get("text")) or _text(more.get("summary"))


def _summary(content: dict[str, Any], rendition: dict[str, Any]) -> str:
    """Return the summary, unless the rendition is in another language."""
    languages = {
        primary_language(row["language"]) for row in (content, rendition) if "language" in row
    }
    summary: str = content.get("summary", "")
    return "" if len(languages) > 1 else summary


def _language(content: dict[str, Any], rendition: dict[str, Any]) -> str:
    """Return a language tag as HTML wants it, empty where nobody knows."""
    tag = one_line(rendition.get("language") or content.get("language")).replace("_", "-")
    return tag if _TAG.fullmatch(tag) else ""


def _is_picture(url: str) -> bool:
    return urlsplit(url).path.lower().endswith(_PICTURES)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
