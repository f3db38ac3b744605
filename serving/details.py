"""What a reader's page shows of a slot besides title and link: texts, pictures, other renditions.

Read only for who asks (``details=true``): the texts of a page weigh more than the rest of it, and
callers that show links alone should not wait for them.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import pandas as pd
from starlette.concurrency import run_in_threadpool

from recsys.answers import FeedRequest
from recsys.catalogue.renditions import Rendition, primary_language
from recsys.dataset.dataset import ATTRIBUTES
from recsys.engine import Engine
from serving.feeds import FeedQuery, Page, minutes
from serving.services import Services

__all__ = ["add_details"]

MEDIA_COLUMNS = ("captions_url", "poster_url", "alt_text")
"""Of renditions; like ``summary`` and ``text`` not declared: kept as attributes, shown if texts."""

_KANA = re.compile("[\u3040-\u30ff]")
"""Hiragana and katakana: no other language is written with them."""

Row = Mapping[str, Any]
_NOTHING: Row = {}


async def add_details(services: Services, query: FeedQuery, page: Page) -> None:
    """Give a page the ``clock``, and every item its ``details`` (:class:`serving.models.Details`).

    Other renditions are those that the employee may see now; where the engine has no time for
    that question, only the one that was drawn.
    """
    page["clock"] = services.clock.now()
    content_ids = [item["content_id"] for item in page["items"]]

    def question(engine: Engine, at: datetime) -> list[list[Rendition]]:
        request = FeedRequest(query.employee_id, at, surface=query.surface, device=query.device)
        return engine.suitable(request, content_ids)

    suitable = await services.worker.ask(question) or [[] for _ in content_ids]
    shown = [
        [_drawn(item), *(r for r in others if r.rendition_id != item["rendition_id"])]
        for item, others in zip(page["items"], suitable, strict=True)
    ]
    await run_in_threadpool(_fill, services, page, shown)


def _drawn(item: Row) -> Rendition:
    """Return a stand-in for what was drawn, which may have gone since; minutes are known."""
    seconds = math.nan if item["est_minutes"] is None else 60.0 * item["est_minutes"]
    return Rendition(item["rendition_id"], item["format"], expected_seconds=seconds)


def _fill(services: Services, page: Page, shown: list[list[Rendition]]) -> None:
    items = page["items"]
    contents = _rows(services, "contents", {item["content_id"] for item in items})
    wanted = {r.rendition_id for renditions in shown for r in renditions if r.rendition_id}
    rows = _rows(services, "renditions", wanted)
    for item, renditions in zip(items, shown, strict=True):
        content = contents.get(item["content_id"], _NOTHING)
        item["details"] = {
            "published_at": content.get("published_at"),
            "ack_required": bool(content.get("ack_required", False)),
            "ack_due_at": content.get("ack_due_at"),
            "renditions": [
                _rendition(content, r, rows.get(r.rendition_id, _NOTHING)) for r in renditions
            ],
        }


def _rendition(content: Row, rendition: Rendition, row: Row) -> dict[str, Any]:
    attributes = orjson.loads(row.get(ATTRIBUTES, "{}"))
    own = {name: value for name, value in attributes.items() if isinstance(value, str)}
    form, language = row.get("format", rendition.format), row.get("language")
    fallback = content.get("summary") if _speaks(content, language) else None
    text = own.get("text") or _text(content, form, row.get("url"), language)
    return {
        "rendition_id": rendition.rendition_id,
        "format": form,
        "language": language or content.get("language"),
        "title": row.get("title") or content.get("title") or "",
        "url": row.get("url"),
        "est_minutes": minutes(rendition, content.get("est_minutes", math.nan)),
        "duration_seconds": row.get("duration_seconds"),
        "has_captions": bool(row.get("has_captions", False)),
        "summary": own.get("summary") or fallback,
        "text": text,
    } | {name: own.get(name) for name in MEDIA_COLUMNS}


def _text(content: Row, form: str, url: str | None, language: str | None) -> str | None:
    """Return what can be read in place: a summary is one, an article that is nowhere else too."""
    if not _speaks(content, language):
        return None
    if form == "text_summary":
        return content.get("summary")
    if form == "article" and not url:
        return content.get("body") or content.get("summary")
    return None


def _speaks(content: Row, language: str | None) -> bool:
    """Whether the content's texts, which exist once, may be in the language of a rendition.

    A content of renditions in several languages often has none of its own; kana give Japanese away.
    """
    spoken = content.get("language") or ("ja" if _KANA.search(content.get("summary", "")) else None)
    return not language or not spoken or primary_language(language) == primary_language(spoken)


def _rows(services: Services, table: str, ids: set[str]) -> dict[str, Row]:
    """Return the stored rows by id, without what is missing in them."""
    frame = services.store.find(table, *ids)
    return {
        row[0]: {
            str(name): value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
            for name, value in zip(frame.columns, row, strict=True)
            if not pd.isna(value)
        }
        for row in frame.astype(object).itertuples(index=False, name=None)
    }
