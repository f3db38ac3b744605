"""The contents of a company as arrays by content index."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalogue.columns import GrowingColumns, flags, id_codes, micros, numbers, texts
from recsys.ids import IdMap
from recsys.schema import CONTENT_STATUSES, CONTENT_TYPES
from recsys.times import NO_TIME

__all__ = ["MAX_TOPICS", "ContentTable"]

MAX_TOPICS = 6
"""Topics of a content beyond the sixth do not enter features (texts still do)."""

Index = npt.NDArray[np.int32]

_PUBLISHED = CONTENT_STATUSES.index("published")
_NEVER = np.iinfo(np.int64).max
_NOTHING_KEPT = (0, 0, np.zeros(0, np.int32))


class ContentTable:
    """Contents by index. An index may exist before its content does: events can arrive first.

    Arrays are views of shape (len,), valid until the next :meth:`upsert`; int codes are −1 and
    times ``NO_TIME`` where a value is missing. Not thread-safe for writers.
    """

    def __init__(self) -> None:
        self.ids = IdMap()
        self.authors = IdMap()
        self.departments = IdMap()
        self.campaigns = IdMap()
        self.difficulties = IdMap()
        self.topics_map = IdMap()
        self.languages = IdMap()
        self.rules = IdMap()
        """Distinct audience rules of contents and renditions, as compact JSON text."""
        self.titles: dict[int, str] = {}
        self.texts: dict[int, str] = {}
        """Title, summary and body of each content, for text features."""
        self._columns = GrowingColumns(
            {
                "known": (np.bool_, False),
                "published_at": (np.int64, NO_TIME),
                "expires_at": (np.int64, _NEVER),
                "ack_due_at": (np.int64, NO_TIME),
                "pinned_until": (np.int64, NO_TIME),
                "status": (np.int8, -1),
                "author": (np.int32, -1),
                "owner_department": (np.int32, -1),
                "campaign": (np.int32, -1),
                "difficulty": (np.int32, -1),
                "language": (np.int32, -1),
                "content_type": (np.int8, -1),
                "mandatory": (np.bool_, False),
                "ack_required": (np.bool_, False),
                "sensitive": (np.bool_, False),
                "rule": (np.int32, -1),
                "est_minutes": (np.float32, np.nan),
                "priority": (np.float32, np.nan),
            }
        )
        self._topics = np.full((0, MAX_TOPICS), -1, np.int32)
        self._published: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        """Publication times in the order of ``_order``."""
        self._order: npt.NDArray[np.int32] | None = None
        self._steps: npt.NDArray[np.int32] | None = None
        self._marked: dict[str, npt.NDArray[np.int32]] = {}
        self._live: tuple[int, int, Index] = _NOTHING_KEPT
        """From when until before when the contents that follow are the live ones."""

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, column: str) -> npt.NDArray[np.generic]:
        """Return one column, shape (len,); a view."""
        return self._columns.view(column, len(self))

    @property
    def published_at(self) -> npt.NDArray[np.int64]:
        """Return int64 microseconds; ``NO_TIME`` for indices without a content yet."""
        return self["published_at"].view(np.int64)

    @property
    def topics(self) -> npt.NDArray[np.int32]:
        """Return int32 topic indices, shape (len, MAX_TOPICS), −1 where there is none."""
        if len(self._topics) < len(self):
            grown = np.full((max(len(self), 2 * len(self._topics)), MAX_TOPICS), -1, np.int32)
            grown[: len(self._topics)] = self._topics
            self._topics = grown
        return self._topics[: len(self)]

    def upsert(self, frame: pd.DataFrame) -> npt.NDArray[np.int32]:
        """Insert or replace the contents of a canonical frame; return their indices."""
        rows = self.ids.add_many(frame["content_id"])
        put = self._columns.put
        put("known", rows, np.ones(len(rows), np.bool_))
        put("published_at", rows, micros(frame["published_at"]))
        expires_at = micros(frame["expires_at"])
        put("expires_at", rows, np.where(expires_at == NO_TIME, _NEVER, expires_at))
        put("ack_due_at", rows, micros(frame["ack_due_at"]))
        put("pinned_until", rows, micros(frame["pinned_until"]))
        put("status", rows, id_codes(frame["status"], CONTENT_STATUSES, default="published"))
        put("author", rows, self.authors.add_many(frame["author_id"]))
        put("owner_department", rows, self.departments.add_many(frame["owner_department"]))
        put("campaign", rows, self.campaigns.add_many(frame["campaign_id"]))
        put("difficulty", rows, self.difficulties.add_many(frame["difficulty"].str.lower()))
        put("language", rows, self.languages.add_many(frame["language"].str.lower()))
        put("content_type", rows, id_codes(frame["content_type"], CONTENT_TYPES))
        put("rule", rows, self.rules.add_many(frame["audience"]))
        for name in ("mandatory", "ack_required", "sensitive"):
            put(name, rows, flags(frame[name]))
        for name in ("est_minutes", "priority"):
            put(name, rows, numbers(frame[name]))
        self._put_topics(rows, frame["topics"])
        self._put_texts(rows, frame)
        self._order = self._steps = None
        self._marked = {}
        self._live = _NOTHING_KEPT
        return rows

    def live(self, at: int) -> npt.NDArray[np.int32]:
        """Return indices that are published at ``at`` and neither expired nor withdrawn.

        Newest first, ties by content id: the tie-break of every ranking. Do not modify: an answer
        is kept until the next publication or expiry, an :meth:`upsert`, or an earlier ``at``.
        """
        since, until, found = self._live
        if not since <= at < until:
            order = self._newest_first()
            start = len(order) - int(np.searchsorted(self._published[::-1], at, side="right"))
            expires_at = self["expires_at"].view(np.int64)[order[start:]]
            is_live = expires_at > at
            found = order[start:][is_live]
            until = int(expires_at[is_live].min(initial=_NEVER))
            if start > 0:
                until = min(until, int(self._published[start - 1]))
            self._live = at, until, found
        return found

    def live_marked(self, column: Literal["mandatory", "pinned_until"], at: int) -> Index:
        """Return those :meth:`live` contents that have a column, in the same order.

        They are few, so this is quick whatever the number of contents.
        """
        marked = self._marked.get(column)
        if marked is None:
            order = self._newest_first()
            values = self[column][order]
            marked = order[values != (False if values.dtype == np.bool_ else NO_TIME)]
            self._marked[column] = marked
        published, expires = self.published_at[marked], self["expires_at"].view(np.int64)[marked]
        return marked[(published <= at) & (expires > at)]

    @property
    def steps(self) -> npt.NDArray[np.int32]:
        """Return int32, shape (len,): how many published contents came before each, at any time.

        Differences say how many contents lie between two in the stream of news, whatever else
        the company publishes later.
        """
        if self._steps is None or len(self._steps) < len(self):
            self._newest_first()
            before = np.searchsorted(self._published[::-1], self.published_at, side="left")
            self._steps = before.astype(np.int32)
        return self._steps

    def _newest_first(self) -> npt.NDArray[np.int32]:
        if self._order is None:
            self._order = self._sorted()
            self._published = self.published_at[self._order]
        return self._order

    def _sorted(self) -> npt.NDArray[np.int32]:
        listed = np.flatnonzero(self["known"] & (self["status"] == _PUBLISHED))
        # Not an array of strings: it pads every id to the longest and drops a final NUL.
        by_id = np.array(sorted(listed.tolist(), key=self.ids.ids.__getitem__), np.int64)
        return by_id[np.argsort(-self.published_at[by_id], kind="stable")].astype(np.int32)

    def _put_topics(self, rows: npt.NDArray[np.int32], topics: "pd.Series[str]") -> None:
        table = self.topics
        table[rows] = -1
        for row, text in zip(rows, texts(topics), strict=True):
            for place, topic in enumerate(text.split(";")[:MAX_TOPICS] if text else ()):
                table[row, place] = self.topics_map.add(topic)

    def _put_texts(self, rows: npt.NDArray[np.int32], frame: pd.DataFrame) -> None:
        parts = (texts(frame[name]) for name in ("title", "summary", "body"))
        for row, title, summary, body in zip(rows, *parts, strict=True):
            self.titles[int(row)] = title
            self.texts[int(row)] = " ".join(part for part in (title, summary, body) if part)
