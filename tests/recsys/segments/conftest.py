"""Companies whose people read in planted ways, made without the code that is tested."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from recsys.schema import FORMAT_FAMILIES, FORMATS
from recsys.state.showings import Showings
from recsys.times import DAY_US

Float = npt.NDArray[np.float64]

HABITS: Mapping[str, Mapping[str, float]] = {
    "seldom_opens": {"interest": -1.6},
    "time_poor_interested": {"short": 1.2, "interest": 0.2},
    "light_interest": {"illustration": 1.2, "depth": -1.2},
    "deep_reader": {"text": 1.2, "depth": 1.2},
    "watcher": {"video": 1.5},
    "all_round": {},
}
"""Planted groups, as logits on what they do."""

SECONDS = {
    "video": 300.0, "short_video": 50.0, "illustration": 80.0, "text_summary": 45.0,
    "article": 240.0,
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """Showings of people with planted habits."""

    showings: Showings
    seconds: Float
    """(n_contents, n_formats)."""
    group: npt.NDArray[np.str_]
    """(n_people,)."""
    at: int
    """After the last showing."""


def plant(
    groups: npt.NDArray[np.str_], *, n_showings: int = 250, seed: int = 0, days: int = 40,
    at: int = 100 * DAY_US,
) -> Planted:  # fmt: skip
    """Return ``n_showings`` of each person, over the ``days`` before ``at``."""
    rng = np.random.default_rng(seed)
    n = len(groups) * n_showings
    seconds = np.full((60, len(FORMATS)), np.nan)
    for name, typical in SECONDS.items():
        seconds[:, FORMATS.index(name)] = typical * rng.lognormal(0, 0.3, 60)
    form = rng.choice([FORMATS.index(name) for name in SECONDS], n).astype(np.int8)
    content = rng.integers(0, 60, n).astype(np.int32)
    position = rng.integers(1, 12, n).astype(np.int16)
    employee = np.repeat(np.arange(len(groups), dtype=np.int32), n_showings)
    habit = {
        name: np.array([HABITS[group].get(name, 0.0) for group in groups])[employee]
        for name in ("interest", "depth", "short", *FORMAT_FAMILIES)
    }
    short = -np.log(seconds[content, form] / 120.0)
    liking = habit["short"] * short
    for family, formats in FORMAT_FAMILIES.items():
        liking += habit[family] * np.isin(form, [FORMATS.index(name) for name in formats])
    opens = -0.3 - 0.4 * np.log(position) + habit["interest"] + 0.5 * liking
    opened = rng.random(n) < _sigmoid(opens)
    completed = opened & (rng.random(n) < _sigmoid(0.3 + habit["depth"] + liking))
    deep = opened & (rng.random(n) < _sigmoid(-3.0 + habit["depth"]))
    times = rng.integers(at - days * DAY_US, at, (len(groups), n_showings))
    return Planted(
        Showings(
            employee, content, form, np.sort(times, axis=1).ravel(), position,
            np.zeros(n, np.int8), np.zeros(n, np.float32), np.ones(n, np.bool_), opened,
            completed, deep,
        ),
        seconds, groups, at,
    )  # fmt: skip


def _sigmoid(logit: Float) -> Float:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


@pytest.fixture(scope="session")
def planted() -> Planted:
    """Return three hundred people, fifty of each group, mixed."""
    return plant(np.tile(list(HABITS), 50))


@pytest.fixture(scope="session")
def planting() -> Callable[..., Planted]:
    """Return the function that plants other companies."""
    return plant
