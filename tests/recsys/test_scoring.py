"""Scores of all candidates when trees rank only a shortlist of them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys.candidates.shortlist import ShortlistRecipe
from recsys.engine import Engine
from recsys.ranker.ranker import Ranker
from recsys.scoring import LiveScorer, Shortlisted
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.times import DAY_US, HOUR_US

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_CUT = ShortlistRecipe(all_up_to=5, newest=4, readers_1h=4, readers_6h=3, readers_3d=2, alike=3)
_PEOPLE = ("e01", "e17", "e44", "nobody")


def _scorer(engine: Engine, shortlist: ShortlistRecipe) -> LiveScorer:
    return LiveScorer(replace(engine.model, shortlist=shortlist), engine.state)


def _question(engine: Engine, person: str) -> tuple[int, npt.NDArray[np.int32], int]:
    employee, at = engine.state.catalogue.employees.ids.index(person), engine.state.clock
    return employee, engine.eligible.retrieve(employee, at), at


def _ranker(engine: Engine) -> Ranker:
    assert engine.model.ranker is not None
    return engine.model.ranker


@pytest.mark.parametrize("shortlist", [_CUT, ShortlistRecipe()], ids=["cut", "everything"])
@pytest.mark.parametrize("person", _PEOPLE)
def test_the_best_are_the_head_of_the_full_order_for_every_k(
    company: "Company", shortlist: ShortlistRecipe, person: str
) -> None:
    engine = company.engine()
    employee, candidates, at = _question(engine, person)
    scores = _scorer(engine, shortlist).score(employee, candidates, at)
    expected = np.lexsort((np.arange(len(candidates)), -scores))
    for k in (*range(len(candidates) + 3), None):
        places, best = _scorer(engine, shortlist).best(employee, candidates, at, k)
        np.testing.assert_array_equal(places, expected[:k])
        np.testing.assert_array_equal(best, scores[expected[:k]])


@pytest.mark.parametrize("person", _PEOPLE)
def test_scores_are_those_of_the_trees_and_lower_for_the_rest(
    company: "Company", person: str
) -> None:
    engine = company.engine()
    employee, candidates, at = _question(engine, person)
    scorer = _scorer(engine, _CUT)
    listed = scorer.shortlist(employee, candidates, at)
    scores = listed.scores(_ranker(engine))
    assert not listed.is_everything
    assert ((scores > 0) & (scores < 1)).all()
    raw = _ranker(engine).score(listed.features)
    ranked = scores[listed.places]
    assert (np.diff(ranked[np.argsort(raw, kind="stable")]) >= 0).all()
    assert ((raw[:, None] > raw) == (ranked[:, None] > ranked)).all()
    rest = np.setdiff1d(np.arange(len(candidates)), listed.places)
    assert scores[rest].max() < ranked.min()
    read = engine.state.counters.content.read(candidates.astype(np.int64), at)
    readers = read[:, POPULARITY_HALF_LIVES.index(3 * DAY_US)].astype(np.float32)[rest]
    assert len(np.unique(readers)) > 3
    assert (np.argsort(-scores[rest], kind="stable") == np.argsort(-readers, kind="stable")).all()


class _Constant:
    """Stands in for a ranker: one probability for every row."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def probability(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        return np.full(len(features), self._probability)


_NEXT_TO_EACH_OTHER = [0.1 + n * 2.0**-27 for n in range(40)]  # all the float32 there are

readers = st.lists(st.floats(0, 2**20, width=32) | st.just(-1e-9), min_size=2, max_size=30)


@example(_NEXT_TO_EACH_OTHER, 1, 0.004)
@given(readers, st.integers(0, 2**31), st.sampled_from([1e-13, 0.004, 1 - 1e-13]))
def test_the_rest_comes_after_the_shortlist_in_order_of_readers(
    readers: list[float], which: int, probability: float
) -> None:
    """However near or far readers are, and however sure the ranker is."""
    n = len(readers)
    places = np.flatnonzero([which >> i & 1 for i in range(n)])
    places = places if 0 < len(places) < n else np.array([0])
    listed = Shortlisted(
        places, np.zeros((len(places), 1), np.float32), np.array(readers, np.float32)
    )
    ranker: Ranker = _Constant(probability)  # type: ignore[assignment]  # only asked for these
    scores = listed.scores(ranker)
    rest = np.setdiff1d(np.arange(n), places)
    assert (scores[places] == probability).all()
    assert (scores[rest] < probability).all()
    assert (scores[rest] > 0).all()
    by_readers = scores[rest][np.argsort(listed.readers[rest], kind="stable")]
    assert (np.diff(by_readers) >= 0).all()


def test_whoever_opted_out_is_ranked_as_somebody_unknown(company: "Company") -> None:
    engine = company.engine()
    employee, candidates, at = _question(engine, "e01")
    own = _scorer(engine, _CUT).score(employee, candidates, at)
    unknown = _scorer(engine, _CUT).score(-1, candidates, at)
    assert not np.array_equal(own, unknown)
    row = {"employee_id": "e01", "personalization_opt_out": True}
    assert engine.upsert_preferences([row]).rejected == 0
    scorer = _scorer(engine, _CUT)
    np.testing.assert_array_equal(scorer.score(employee, candidates, at), unknown)
    engine.upsert_preferences([row | {"personalization_opt_out": False}])
    np.testing.assert_array_equal(_scorer(engine, _CUT).score(employee, candidates, at), own)


def test_an_answer_does_not_depend_on_what_was_asked_before(company: "Company") -> None:
    engine = company.engine()
    shared = _scorer(engine, _CUT)
    candidates = _question(engine, "nobody")[1]  # the same array for all
    for person in (*_PEOPLE, "e01"):
        employee, own, at = _question(engine, person)
        for asked in (candidates, own):
            np.testing.assert_array_equal(
                shared.score(employee, asked, at),
                _scorer(engine, _CUT).score(employee, asked, at),
            )


def test_the_same_candidates_are_scored_anew_at_a_later_moment(company: "Company") -> None:
    engine = company.engine()
    employee, candidates, at = _question(engine, "e01")
    scorer, later = _scorer(engine, _CUT), at + DAY_US
    scorer.score(employee, candidates, at)
    engine.observe(company.later)
    engine.state.advance(later)
    np.testing.assert_array_equal(
        scorer.score(employee, candidates, later),
        _scorer(engine, _CUT).score(employee, candidates, later),
    )


def test_without_a_ranker_the_order_is_that_of_readers_of_the_last_hour(company: "Company") -> None:
    engine = company.engine()
    employee, candidates, at = _question(engine, "e01")
    scorer = LiveScorer(replace(engine.model, ranker=None), engine.state)
    read = engine.state.counters.content.read(candidates.astype(np.int64), at)
    readers = read[:, POPULARITY_HALF_LIVES.index(HOUR_US)].astype(np.float32)
    expected = np.argsort(-readers, kind="stable")
    for k in (0, 3, len(candidates), None):
        places, scores = scorer.best(employee, candidates, at, k)
        np.testing.assert_array_equal(places, expected[:k])
        np.testing.assert_array_equal(scores, readers[expected[:k]])


def test_no_candidates_have_no_scores(company: "Company") -> None:
    engine = company.engine()
    employee, candidates, at = _question(engine, "e01")
    for shortlist in (_CUT, ShortlistRecipe()):
        scorer = _scorer(engine, shortlist)
        assert scorer.score(employee, candidates[:0], at).shape == (0,)
        for k in (0, 5, None):
            places, scores = scorer.best(employee, candidates[:0], at, k)
            assert len(places) == len(scores) == 0
