"""The rendition policy: floors, wishes, minutes, captions, and what was drawn."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.formats.choice import choice_probabilities, draw_place
from recsys.randomness import uniform_for


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_every_rendition_keeps_its_floor(expected: list[float]) -> None:
    p = choice_probabilities(expected)
    assert sum(p) == pytest.approx(1)
    assert min(p) >= min(0.03, 1 / len(p)) - 1e-12
    assert p[int(np.argmax(expected))] == max(p)


def test_draws_come_as_often_as_their_propensities_say() -> None:
    stated = choice_probabilities([0.1, 0.3, 0.2, 0.3], floor=0.1)
    assert stated == pytest.approx([0.1, 0.7, 0.1, 0.1])
    drawn = [draw_place(stated, uniform_for("draw", n)) for n in range(4000)]
    counts = np.bincount(drawn, minlength=4)
    assert stats.chisquare(counts, [4000 * p for p in stated]).pvalue > 0.001
    assert draw_place(stated, 1.0 - 2.0**-53) == 3  # rounding leaves nobody out


class _Company:
    """One story in several renditions, and who asks for it."""

    def __init__(self, company: Any, renditions: list[dict[str, Any]]) -> None:
        self.engine, self.at = company.engine(), company.until
        story = {"content_id": "s", "title": "S", "published_at": datetime(2020, 1, 1, tzinfo=UTC)}
        self.engine.upsert_contents([story])
        self.engine.upsert_renditions([{"content_id": "s", **row} for row in renditions])

    def best(self, employee_id: str = "e01", **context: Any) -> str:
        choice = self.engine.rendition(employee_id, "s", self.at, **context)
        chances: dict[str, float] = choice.propensities
        return max(chances, key=lambda name: chances[name])


_BOTH = [
    {"rendition_id": "v", "format": "video", "duration_seconds": 600},
    {"rendition_id": "t", "format": "text_summary", "word_count": 120},
]


@pytest.mark.parametrize(("wish", "shown"), [("video", "v"), ("text_summary", "t")])
def test_a_declared_format_goes_first(company: Any, wish: str, shown: str) -> None:
    asked = _Company(company, _BOTH)
    asked.engine.upsert_preferences([{"employee_id": "e01", "preferred_format": wish}])
    assert asked.best() == shown
    assert asked.engine.rendition("e01", "s", asked.at).source == "declared"


@pytest.mark.parametrize(("wish", "shown"), [("short_video", "v"), ("article", "t")])
def test_what_comes_nearest_to_a_wish_goes_next(company: Any, wish: str, shown: str) -> None:
    asked = _Company(company, _BOTH)
    asked.engine.upsert_preferences([{"employee_id": "e01", "preferred_format": wish}])
    assert asked.best() == shown


def test_of_two_films_the_one_with_captions_is_shown(company: Any) -> None:
    films = [
        {"rendition_id": f"v{n}", "format": "video", "duration_seconds": 60, "has_captions": n == 1}
        for n in range(3)
    ]
    assert _Company(company, films).best() == "v1"


def test_nothing_moves_on_paper(company: Any) -> None:
    asked = _Company(company, _BOTH)
    asked.engine.upsert_preferences([{"employee_id": "e01", "preferred_format": "video"}])
    assert asked.best(surface="print") == "t"
