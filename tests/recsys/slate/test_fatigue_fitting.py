"""Fatigue learned from a log: recovered where it was planted, none where there is none."""

import numpy as np
import pytest

from recsys.slate.fatigue_fitting import DEFAULT_FATIGUE, fit_fatigue
from recsys.state.showings import Showings
from recsys.times import DAY_US, HOUR_US


def _log(fatigue: float, *, n_people: int = 300, days: int = 40) -> tuple[Showings, np.ndarray]:
    """People come daily and see eight of the contents of the last week, again and again.

    The odds of opening fall with (1 + earlier showings) ** −fatigue, with position and with age;
    contents and people differ.
    """
    rng = np.random.default_rng(3)
    n_contents = 2 * days
    published_at = np.arange(n_contents) * DAY_US // 2
    appeal, openness = rng.normal(0, 0.7, n_contents), rng.normal(0, 0.5, n_people)
    rows = []
    for person in range(n_people):
        n_shown, seen = np.zeros(n_contents), np.zeros(n_contents, np.bool_)
        for day in range(1, days):
            at = day * DAY_US + int(rng.integers(0, HOUR_US * 8))
            recent = np.flatnonzero((published_at <= at) & (published_at > at - 7 * DAY_US) & ~seen)
            page = rng.permutation(recent)[:8]
            for place, content in enumerate(page.tolist(), start=1):
                age = (at - published_at[content]) / HOUR_US
                logit = -1.5 + appeal[content] + openness[person] - 0.5 * np.log(place)
                logit -= 0.3 * np.log1p(age / 12) + fatigue * np.log1p(n_shown[content])
                is_opened = rng.random() < 1 / (1 + np.exp(-logit))
                rows.append((person, content, at, place, is_opened))
                n_shown[content] += 1
                seen[content] |= is_opened
    table = np.array(rows, np.int64)
    n, people, contents = len(table), table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    no = np.zeros(n, np.bool_)
    showings = Showings(
        people, contents, np.zeros(n, np.int8), table[:, 2], table[:, 3].astype(np.int16),
        np.zeros(n, np.int8), np.zeros(n, np.float32), ~no, table[:, 4] > 0, no, no,
    )  # fmt: skip
    return showings, published_at


@pytest.mark.parametrize("planted", [0.0, 0.3, 0.7])
def test_planted_fatigue_is_recovered(planted: float) -> None:
    # Measured errors are 0.01 to 0.11: rates only stand in for what people are like.
    assert fit_fatigue(*_log(planted)) == pytest.approx(planted, abs=0.12)


def test_the_order_of_people_does_not_matter() -> None:
    showings, published_at = _log(0.3, n_people=60)
    order = np.lexsort((showings.at, -showings.employee))
    again = fit_fatigue(showings.take(order), published_at)
    assert again == pytest.approx(fit_fatigue(showings, published_at), abs=1e-6)


def test_a_log_that_says_nothing_leaves_the_default() -> None:
    showings, published_at = _log(0.3, n_people=3, days=5)
    assert fit_fatigue(showings, published_at) == DEFAULT_FATIGUE
    assert fit_fatigue(showings.take(slice(0, 0)), published_at) == DEFAULT_FATIGUE
