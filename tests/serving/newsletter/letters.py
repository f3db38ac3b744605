"""Stories of a small company in a store, and mails about them."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recsys.answers import SlotType
from recsys.borders import checked_rows
from recsys.store.database import Database
from recsys.store.sql_store import SqlStore
from serving.newsletter.links import Links
from serving.newsletter.mail import Mail, MailItem
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import Renderer
from serving.newsletter.rendering.stories import Stories

NOW = datetime(2026, 7, 3, 3, tzinfo=UTC)
PUBLIC_URL = "https://news.example"
PORTAL_URL = "https://portal.example/home/"
LINKS = Links(b"s" * 32, PUBLIC_URL)


def item(
    content_id: str, rendition_id: str = "", form: str = "article", *, position: int = 1,
    slot_type: SlotType = "personal", reasons: tuple[str, ...] = (), section: str = "news",
) -> MailItem:  # fmt: skip
    return MailItem(
        content_id, rendition_id, form, section, position, slot_type, 0.25, 0.5, reasons
    )


def mail(*items: MailItem, employee_id: str = "e-1", language: str = "ja", **more: Any) -> Mail:
    """Return a mail with its items in their sections, in the order of their first item."""
    sections: dict[str, list[MailItem]] = {}
    for one in items:
        sections.setdefault(one.section, []).append(one)
    held = tuple((name, tuple(found)) for name, found in sections.items())
    return Mail("w27", 1, employee_id, language, held, **more)


WHOLE = (
    item("must", slot_type="mandatory", reasons=("must_read", "due_soon"), section="must"),
    item("talk", "talk-film", "video", position=2, reasons=("topic_you_read",)),
    item("plant", "plant-drawn", "illustration", position=3, reasons=("author_you_read",)),
    item("contest", "contest-brief", "text_summary", position=4, slot_type="explore"),
    item("sales", "", "article", position=5, slot_type="other_department",
         reasons=("other_department",), section="else"),
)  # fmt: skip
"""A mail with one of each: must-read, video, illustration, text, other department."""

CONTENTS: list[dict[str, object]] = [
    {"content_id": "must", "title": "情報セキュリティ研修", "summary": "7月10日までに。",
     "mandatory": True, "ack_required": True, "ack_due_at": (NOW + timedelta(7)).isoformat(),
     "est_minutes": 15},
    {"content_id": "talk", "title": "社長と有識者の対談", "summary": "これからの五年。"},
    {"content_id": "plant", "title": "工場の一日", "summary": "四日市から。"},
    {"content_id": "contest", "title": "コンテスト二次審査", "summary": "短い要約。"},
    {"content_id": "sales", "title": "改善三つ", "owner_department": "営業部"},
]  # fmt: skip
RENDITIONS: list[dict[str, object]] = [
    {"rendition_id": "talk-film", "content_id": "talk", "format": "video", "language": "ja",
     "duration_seconds": 200, "has_captions": True, "url": "/videos/talk",
     "poster_url": "https://media.example/talk.jpg"},
    {"rendition_id": "plant-drawn", "content_id": "plant", "format": "illustration",
     "url": "https://media.example/plant.png", "alt_text": "朝礼から出荷までの絵"},
    {"rendition_id": "contest-brief", "content_id": "contest", "format": "text_summary",
     "text": "応募120件から12件が通過しました。最終審査は9月です。",
     "url": "https://portal.example/contest"},
]  # fmt: skip


def put(store: SqlStore, table: str, rows: list[dict[str, object]]) -> None:
    base = {"published_at": "2026-07-01T00:00:00Z", "language": "ja"} if table == "contents" else {}
    frame, rejects = checked_rows(table, [base | row for row in rows])
    assert not rejects
    store.write(table, frame, received_at=NOW)


@pytest.fixture(scope="session")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with the stories; to be copied, not written to."""
    path = tmp_path_factory.mktemp("news") / "news.db"
    with closing(SqlStore(Database(f"sqlite:///{path}"))) as store:
        store.migrate()
        put(store, "contents", CONTENTS)
        put(store, "renditions", RENDITIONS)
    return path


@pytest.fixture
def database(news: Path, tmp_path: Path) -> Iterator[Database]:
    """A copy of the small company's database."""
    copy = shutil.copy(news, tmp_path / "news.db")
    with closing(Database(f"sqlite:///{copy}")) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> SqlStore:
    return SqlStore(database)


@pytest.fixture
def renderer(store: SqlStore) -> Renderer:
    return Renderer(Stories(store, PORTAL_URL, NOW), LINKS, Edition(NOW))
