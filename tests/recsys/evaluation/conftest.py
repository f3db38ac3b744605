from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.ids import IdMap
from recsys.interactions import InteractionLog, Targets
from recsys.schema import TABLES
from recsys.times import DAY_US

Build = Callable[[list[int]], tuple[Ranks, EvaluationData]]


@pytest.fixture
def ranked_departments() -> Build:
    """Build ranks of two models for employees spread over departments of the given sizes.

    Each employee has two targets: one content of two hours, one of three days. The first model
    always ranks 1, the second 3. Department numbers are letters; one more employee has none.
    """

    def build(sizes: list[int]) -> tuple[Ranks, EvaluationData]:
        department = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        department = np.append(department, np.int32(-1))
        n_employees = len(department)
        data = EvaluationData(
            employees=IdMap(f"e{i}" for i in range(n_employees)),
            contents=IdMap(["fresh", "old"]),
            log=InteractionLog(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)),
            published_at=np.array([10 * DAY_US - DAY_US // 12, 7 * DAY_US]),
            departments=IdMap("abcdefgh"[: len(sizes)]),
            department=department,
            employee_attributes=sp.csr_array((n_employees, 0), dtype=np.float32),
            content_attributes=sp.csr_array((2, 0), dtype=np.float32),
        )
        n = 2 * n_employees
        targets = Targets(
            np.repeat(np.arange(n_employees, dtype=np.int32), 2),
            np.tile(np.array([0, 1], np.int32), n_employees),
            np.full(n, 10 * DAY_US),
            np.tile(np.array([2, 3]), n_employees),
        )
        rank = np.tile([1.0, 3.0], (n, 1))
        return Ranks(("good", "fair"), targets, rank, np.full(n, 9, np.int32), 4), data

    return build


Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Randomised:
    """Eighty people, each content as a film and as a text, drawn by chance; half like films."""

    LIKED: ClassVar = 0.6
    """Probability of completing what comes in the format somebody likes."""
    OTHER: ClassVar = 0.15
    VIDEO_PROPENSITY: ClassVar = 0.4

    tables: dict[str, Rows]
    split: datetime
    """Two thirds of the time."""
    end: datetime

    def dataset(self, until: datetime | None = None) -> Dataset:
        """Return everything, or what happened before ``until``."""
        kept = [e for e in self.tables["events"] if until is None or e["occurred_at"] < until]
        tables = self.tables | {"events": kept}
        frames = {name: validate(TABLES[name], frame_of(rows)) for name, rows in tables.items()}
        return Dataset({name: found.frame for name, found in frames.items()})

    def write(self, folder: Path) -> Path:
        """Write the tables as a canonical data set."""
        for name, rows in self.tables.items():
            pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
        return folder


@pytest.fixture(scope="session")
def randomised() -> Randomised:
    start, n_people, n_days, n_seen = datetime(2026, 3, 2, tzinfo=UTC), 80, 24, 6
    films, rng = Randomised.VIDEO_PROPENSITY, np.random.default_rng(11)
    employees: Rows = [
        {"employee_id": f"e{i:02}", "department": ("sales", "plant")[i % 2]}
        for i in range(n_people)
    ]
    contents: Rows = [
        {"content_id": f"c{i:03}", "title": f"story {i}", "topics": ("safety", "people")[i % 2],
         "published_at": start + timedelta(hours=4 * i)}
        for i in range(6 * n_days)
    ]  # fmt: skip
    renditions: Rows = [
        {"rendition_id": f"{c['content_id']}-{form}", "content_id": c["content_id"], "format": form}
        for c in contents
        for form in ("video", "text_summary")
    ]
    events: Rows = []
    for day in range(1, n_days):
        for i in range(n_people):
            at = start + timedelta(days=day, seconds=int(rng.integers(0, 80_000)))
            for place in range(n_seen):
                is_video = bool(rng.random() < films)
                shown = renditions[2 * (6 * day - 1 - place) + (not is_video)]
                event = {
                    "employee_id": f"e{i:02}", "content_id": shown["content_id"],
                    "rendition_id": shown["rendition_id"], "position": place + 1,
                    "rendition_propensity": films if is_video else 1 - films,
                    "surface": "portal", "device": "desktop",
                }  # fmt: skip
                seen_at = at + timedelta(seconds=place)
                events.append(event | {"event_type": "impression", "occurred_at": seen_at})
                is_liked = is_video == (i < n_people / 2)
                if rng.random() < (Randomised.LIKED if is_liked else Randomised.OTHER):
                    done_at = at + timedelta(minutes=1 + place)
                    events.append(event | {"event_type": "complete", "occurred_at": done_at})
    events.sort(key=lambda event: event["occurred_at"])
    tables: dict[str, Rows] = {
        "employees": employees, "contents": contents, "renditions": renditions,
        "events": [{"event_id": f"v{n}", **event} for n, event in enumerate(events)],
    }  # fmt: skip
    end = start + timedelta(days=n_days)
    return Randomised(tables, start + timedelta(days=16), end)
