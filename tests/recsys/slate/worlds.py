"""Random companies as rows, and plain answers about them."""

from datetime import datetime, timedelta
from functools import cache
from math import inf
from typing import Any

import numpy as np
from hypothesis import strategies as st

from recsys.answers import SlateItem
from recsys.engine import Engine
from tests.recsys.slate.companies import AT, DAY, HOUR, Row, engine_of, event

DEPARTMENTS, TOPICS, LANGUAGES = ("plant", "sales", "lab"), ("safety", "人"), ("ja", "en")
FORMATS = ("video", "text_summary", "article", "audio")
STAFF = tuple(f"e{n}" for n in range(5))
NOTICE = "The canteen on the second floor is closed on Friday because the kitchen is repaired"


class World:
    """A random company as rows, and plain answers about it."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.employees = [self._employee(name) for name in STAFF]
        self.contents = [self._content(n) for n in range(int(self._rng.integers(1, 30)))]
        self.renditions = [row for c in self.contents for row in self._renditions(c["content_id"])]
        self.preferences = [self._preferences(name) for name in STAFF if self._often(0.5)]
        self.events = [self._event(n) for n in range(int(self._rng.integers(0, 60)))]
        self._of_content: dict[str, list[Row]] = {}
        for row in self.renditions:
            self._of_content.setdefault(row["content_id"], []).append(row)

    def engine(self) -> Engine:
        return engine_of(
            employees=self.employees, contents=self.contents, renditions=self.renditions,
            preferences=self.preferences, events=self.events,
        )  # fmt: skip

    def row(self, content_id: str) -> Row:
        return next(c for c in self.contents if c["content_id"] == content_id)

    def owed(self, person: str, *, urgent: bool) -> list[str]:
        """Return must-reads by due time, those without last, the newest first, then by id."""
        found = [c for c in self.contents if self._is_owed(person, c)]
        if urgent:
            found = [c for c in found if _is_urgent(c)]
        found.sort(key=lambda c: c["content_id"])
        found.sort(key=lambda c: c["published_at"], reverse=True)
        found.sort(key=lambda c: c["ack_due_at"].timestamp() if c["ack_due_at"] else inf)
        return [c["content_id"] for c in found]

    def is_candidate(self, person: str, row: Row) -> bool:
        wishes = self.wishes(person)
        languages = {name.split("-")[0].lower() for name in wishes["languages"]}
        own = {row["language"], *(r["language"] for r in self._of(row))} - {None}
        return (
            self._is_for(person, row)
            and not self._did(person, row, "open", "acknowledge", "dismiss", "share")
            and not set(wishes["muted_topics"]) & set(row["topics"])
            and (not languages or not row["language"] or bool(own & languages))
        )

    def wishes(self, person: str) -> Row:
        nothing: Row = {"muted_topics": [], "languages": [], "personalization_opt_out": False}
        return next((p for p in self.preferences if p["employee_id"] == person), nothing)

    def meant(self, person: str, row: Row) -> list[Row]:
        """Return the renditions of a content that may be shown to somebody."""
        return [r for r in self._of(row) if self._is_in(person, r["audience"])]

    def minutes(self, item: SlateItem) -> float:
        row = self.row(item.content_id)
        for rendition in self._of(row):
            if rendition["rendition_id"] == item.rendition_id and rendition["duration_seconds"]:
                return float(rendition["duration_seconds"]) / 60
        return float(row["est_minutes"] or 0.0)

    def _of(self, row: Row) -> list[Row]:
        return self._of_content.get(row["content_id"], [])

    def _is_for(self, person: str, row: Row) -> bool:
        is_live = row["status"] != "draft" and row["status"] != "withdrawn"
        is_live &= row["published_at"] <= AT and not (row["expires_at"] and row["expires_at"] <= AT)
        has_some = not self._of(row) or bool(self.meant(person, row))
        return bool(is_live and has_some and self._is_in(person, row["audience"]))

    def _is_owed(self, person: str, row: Row) -> bool:
        done = ("acknowledge",) if row["ack_required"] else (
            "open", "acknowledge", "dismiss", "share",
        )  # fmt: skip
        return row["mandatory"] and self._is_for(person, row) and not self._did(person, row, *done)

    def _is_in(self, person: str, audience: Row | None) -> bool:
        if audience is None:
            return True
        departments = [e["department"] for e in self.employees if e["employee_id"] == person]
        return any(d in audience["department"] for d in departments)

    def _did(self, person: str, row: Row, *kinds: str) -> bool:
        return any(
            e["employee_id"] == person and e["content_id"] == row["content_id"]
            for e in self.events
            if e["event_type"] in kinds and e["occurred_at"] < AT
        )

    def _often(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _one(self, *values: Any) -> Any:  # whatever is drawn from
        return values[int(self._rng.integers(0, len(values)))]

    def _ago(self, days: float) -> datetime:
        return AT - timedelta(seconds=int(86_400 * days * self._rng.random()))

    def _employee(self, name: str) -> Row:
        return {
            "employee_id": name, "department": self._one(*DEPARTMENTS), "valid_from": "2026-01-01",
            "team_id": self._one("t1", "t2"), "language": self._one(None, *LANGUAGES),
            "hire_month": self._one(None, "2026-03", "2026-02", "nonsense"),
        }  # fmt: skip

    def _audience(self) -> Row | None:
        if self._often(0.7):
            return None
        return {"department": [self._one(*DEPARTMENTS, "nowhere")]}

    def _content(self, n: int) -> Row:
        due = AT + timedelta(hours=int(self._rng.integers(-30, 200)))
        text = NOTICE if self._often(0.2) else f"{n} " * 12
        return {
            "content_id": f"c{n:02}", "title": f"{text} {n}",
            "published_at": self._one(self._ago(10), self._ago(1), AT, AT + HOUR),
            "status": self._one("published", "published", "published", None, "draft", "withdrawn"),
            "expires_at": self._one(None, None, None, AT, AT + HOUR),
            "mandatory": self._often(0.25), "ack_required": self._often(0.7),
            "ack_due_at": self._one(None, due), "pinned_until": self._one(None, None, AT, AT + DAY),
            "priority": self._one(None, 0, 1, -2, 9), "audience": self._audience(),
            "topics": [t for t in TOPICS if self._often(0.3)],
            "author_id": self._one(None, "a1", "a2"), "owner_department": self._one(*DEPARTMENTS),
            "language": self._one(None, *LANGUAGES), "est_minutes": self._one(None, 1, 5),
            "campaign_id": self._one(None, "k"), "difficulty": self._one(None, "hard"),
            "content_type": self._one("news", "manual", None),
        }  # fmt: skip

    def _renditions(self, content_id: str) -> list[Row]:
        return [
            {"rendition_id": f"{content_id}-{form}", "content_id": content_id, "format": form,
             "language": self._one(None, *LANGUAGES), "audience": self._audience(),
             "duration_seconds": self._one(None, 60, 240)}
            for form in FORMATS if self._often(0.25)
        ]  # fmt: skip

    def _preferences(self, person: str) -> Row:
        return {
            "employee_id": person, "personalization_opt_out": self._often(0.4),
            "muted_topics": [t for t in TOPICS if self._often(0.2)],
            "languages": [name for name in ("ja-JP", "EN") if self._often(0.3)],
            "preferred_format": self._one(None, *FORMATS),
        }  # fmt: skip

    def _event(self, n: int) -> Row:
        row = event(
            self._one("impression", "impression", "open", "acknowledge", "dismiss", "share"),
            self._one(*self.contents)["content_id"], self._one(*STAFF),
            occurred_at=self._one(self._ago(3), self._ago(0.1), AT),
            device=self._one(None, "mobile"),
        )  # fmt: skip
        if row["event_type"] == "dismiss":
            row["reason"] = self._one(None, "no_time", "not_interested", "not_my_work")
        if row["event_type"] == "share":
            row |= {"reason": self._one("person", "community"), "target_id": self._one(*STAFF)}
        return row | {"event_id": f"v{n}"}


def _is_urgent(row: Row) -> bool:
    if row["ack_due_at"] is None:
        return bool(row["published_at"] + 7 * DAY <= AT)
    return bool(row["ack_due_at"] - 3 * DAY <= AT)


@cache
def world_of(seed: int) -> tuple[World, Engine]:
    """Return a company and an engine over it that tests ask and leave as it is."""
    world = World(seed)
    return world, world.engine()


worlds = st.integers(0, 39).map(world_of)
