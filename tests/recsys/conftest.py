"""The command line inside the test process, and a small company with a trained engine."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from recsys import cli
from recsys.affinity.lightfm_model import LightFMConfig
from recsys.affinity.snapshots import SnapshotRecipe
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.engine import Engine
from recsys.fitting import Recipe
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling
from recsys.schema import TABLES


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    def answer(self) -> dict[str, Any]:
        """Return standard output as the one JSON object that it must be."""
        loaded: dict[str, Any] = json.loads(self.stdout)
        return loaded


@pytest.fixture
def recsys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Return a function that runs ``recsys`` with arguments."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["recsys", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, captured.out, captured.err)

    return run


# A kernel compiles on its first call: seconds, once.
settings.register_profile("recsys", deadline=None, max_examples=60)
settings.load_profile("recsys")

_START = datetime(2026, 3, 2, tzinfo=UTC)
_TOPICS = ("safety", "products", "people", "安全")
_TITLES = (
    "New robots at the plant", "工場の安全について", "Segurança no trabalho é de todos",
    "How our people learn", "新しい製品のお知らせ",
)  # fmt: skip


@dataclass(frozen=True)
class Company:
    """Sixty people, three weeks; an engine trained on the first two, and what happened after."""

    dataset: Dataset
    """Everything, the last week included."""
    bundle: Path
    until: datetime
    """Training saw what was known strictly before."""
    later: list[dict[str, Any]]
    """Events from ``until`` on, in time order, as a caller would send them."""

    def engine(self) -> Engine:
        """Return a fresh copy of the trained engine, at ``until``."""
        return Engine.load(self.bundle)

    @staticmethod
    def recipe() -> Recipe:
        """Return a recipe that trains in a second."""
        return Recipe(
            text_size=8,
            sampling=Sampling(n_likely=8, likely_pool=20, n_any=8),
            ranker=RankerRecipe(n_trees=20, n_leaves=7, min_rows_in_leaf=20),
            snapshots=SnapshotRecipe(n_snapshots=2, lightfm=LightFMConfig(n_factors=4, n_epochs=1)),
        )


def _employees() -> list[dict[str, Any]]:
    return [
        {
            "employee_id": f"e{i:02}",
            "department": ("sales", "plant", "research")[i % 3],
            "team_id": f"t{i % 6}",
            "site": ("tokyo", "são paulo")[i % 2],
            "has_pc": i % 4 != 0,
            "valid_from": "2026-01-01",
        }
        for i in range(60)
    ]


def _contents() -> list[dict[str, Any]]:
    return [
        {
            "content_id": f"c{i:02}",
            "title": _TITLES[i % 5],
            "body": f"{_TITLES[i % 5]} {_TOPICS[i % 4]}",
            "topics": [_TOPICS[i % 4]],
            "author_id": f"a{i % 7}",
            "owner_department": ("sales", "plant", "research", None)[i % 4],
            "content_type": ("news", "story", "notice")[i % 3],
            "language": ("en", "ja", "pt", None)[i % 4],
            "published_at": _START + timedelta(hours=8 * i),
            "est_minutes": 2,
            "sensitive": i == 7,
        }
        for i in range(62)
    ]


def _renditions() -> list[dict[str, Any]]:
    return [
        {"rendition_id": f"c{i:02}-{form}", "content_id": f"c{i:02}", "format": form, **length}
        for i in range(0, 62, 2)
        for form, length in (
            ("video", {"duration_seconds": 120}), ("text_summary", {"word_count": 240}),
        )
    ]  # fmt: skip


def _events() -> list[dict[str, Any]]:
    """Everybody comes once a day, is shown the four newest contents and opens what is theirs."""
    rng = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    for day in range(1, 21):
        for i in range(60):
            at = _START + timedelta(days=day, seconds=int(rng.integers(0, 86_000)))
            hours = (at - _START) // timedelta(hours=1)
            for place, content in enumerate(range(hours // 8, max(hours // 8 - 4, -1), -1)):
                event: dict[str, Any] = {
                    "employee_id": f"e{i:02}", "content_id": f"c{content:02}",
                    "occurred_at": at + timedelta(seconds=20 * place), "surface": "portal",
                }  # fmt: skip
                if content % 2 == 0:
                    form = "video" if rng.random() < 0.5 else "text_summary"
                    event["rendition_id"] = f"c{content:02}-{form}"
                rows.append(event | {"event_type": "impression", "position": place + 1})
                if rng.random() < (0.5 if content % 4 == i % 4 else 0.08):
                    done = event | {"occurred_at": event["occurred_at"] + timedelta(seconds=9)}
                    rows.append(done | {"event_type": "read", "dwell_seconds": 50.0})
    rows.sort(key=lambda row: row["occurred_at"])
    return [{"event_id": f"v{n}", **row} for n, row in enumerate(rows)]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Return the company of the engine's tests; its engine has a ranker."""
    events = _events()
    tables = {
        "employees": _employees(), "contents": _contents(), "renditions": _renditions(),
        "events": events,
    }  # fmt: skip
    dataset = Dataset({n: validate(TABLES[n], frame_of(rows)).frame for n, rows in tables.items()})
    until = _START + timedelta(days=15)
    bundle = tmp_path_factory.mktemp("company") / "bundle"
    Engine.fit(dataset, until, recipe=Company.recipe(), seed=1).save(bundle)
    return Company(dataset, bundle, until, [e for e in events if e["occurred_at"] >= until])
