from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.candidates.shortlist import ShortlistRecipe, _take_best, make_shortlist
from recsys.engine import Engine
from recsys.features.moment import Moment
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.times import DAY_US, HOUR_US, to_micros

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_NOTHING = ShortlistRecipe(all_up_to=0, newest=0, readers_1h=0, readers_6h=0, readers_3d=0, alike=0)

_FEW_VALUES = st.lists(st.sampled_from([-1.0, 0.0, 1e-30, 0.5, 1.0]), min_size=4, max_size=40)
_ANY_VALUES = st.lists(st.floats(-2, 8, width=32), max_size=60)
scores = (_FEW_VALUES | _ANY_VALUES).map(lambda values: np.array(values, np.float32))


@settings(max_examples=200)
@given(scores, st.integers(0, 12), st.randoms(use_true_random=False))
def test_the_best_are_the_head_of_a_sorted_list(
    scores: npt.NDArray[np.float32], n: int, random: object
) -> None:
    taken = np.array([random.random() < 0.2 for _ in scores], np.bool_)  # type: ignore[attr-defined]
    before = taken.copy()
    _take_best(scores, n, np.full(n, -7, np.int64), taken)
    order = np.lexsort((np.arange(len(scores)), -scores))
    best = order[scores[order] > 0][:n]
    expected = before.copy()
    expected[best] = True
    np.testing.assert_array_equal(taken, expected)


def test_of_equals_the_first_are_taken() -> None:
    taken = np.zeros(5, np.bool_)
    _take_best(np.array([1, 2, 1, 1, 0], np.float32), 3, np.empty(3, np.int64), taken)
    assert taken.tolist() == [True, True, True, False, False]


def _moment(engine: Engine, employee: int) -> Moment:
    at = engine.state.clock
    candidates = engine.eligible.retrieve(employee, at)
    return Moment.of(engine.scorer._sources, employee, candidates, at)


def _heads(moment: Moment, recipe: ShortlistRecipe) -> dict[str, set[int]]:
    """Every list on its own, by sorting."""
    read = moment.sources.state.counters.content.read
    readers = read(moment.contents.astype(np.int64), moment.at).astype(np.float32)
    columns = {
        name: readers[:, POPULARITY_HALF_LIVES.index(half_life)]
        for name, half_life in (
            ("readers_1h", HOUR_US), ("readers_6h", 6 * HOUR_US), ("readers_3d", 3 * DAY_US),
        )
    }  # fmt: skip
    alike = moment.sources.co_reading.recommend(moment.contents, moment.at)
    columns["alike"] = alike.astype(np.float32)
    heads = {"newest": set(range(min(recipe.newest, len(moment.contents))))}
    for name, values in columns.items():
        order = np.argsort(-values, kind="stable")
        heads[name] = set(order[values[order] > 0][: getattr(recipe, name)].tolist())
    return heads


@pytest.mark.parametrize("list_name", ["newest", "readers_1h", "readers_6h", "readers_3d", "alike"])
def test_each_list_alone_gives_its_head(company: "Company", list_name: str) -> None:
    engine = company.engine()
    sizes = {list_name: 4}
    recipe = replace(_NOTHING, **sizes)
    for employee in (3, 30):
        moment = _moment(engine, employee)
        places, _ = make_shortlist(moment, recipe)
        head = _heads(moment, recipe)[list_name]
        assert 0 < len(head) <= 4
        assert places.tolist() == sorted(head)


def test_a_shortlist_is_the_union_of_its_lists_in_the_order_of_candidates(
    company: "Company",
) -> None:
    recipe = ShortlistRecipe(
        all_up_to=5, newest=3, readers_1h=5, readers_6h=4, readers_3d=3, alike=4
    )
    engine = company.engine()
    for employee in (-1, 0, 8, 41):
        moment = _moment(engine, employee)
        heads = _heads(moment, recipe)
        places, readers = make_shortlist(moment, recipe)
        assert places.tolist() == sorted(set.union(*heads.values()))
        assert 5 < len(places) < len(moment.contents)
        assert {0, 1, 2} <= set(places.tolist())
        read = engine.state.counters.content.read(moment.contents.astype(np.int64), moment.at)
        of_3_days = read[:, POPULARITY_HALF_LIVES.index(3 * DAY_US)]
        np.testing.assert_array_equal(readers, of_3_days.astype(np.float32))
        assert int(readers.argmax()) in places


@pytest.mark.parametrize("more", [0, 1])
def test_everything_is_kept_up_to_the_limit(company: "Company", more: int) -> None:
    moment = _moment(company.engine(), 2)
    n = len(moment.contents)
    recipe = ShortlistRecipe(
        **{**dict.fromkeys(ShortlistRecipe.__slots__, 0), "all_up_to": n - more}
    )
    places, readers = make_shortlist(moment, recipe)
    assert places.tolist() == ([] if more else list(range(n)))
    assert readers.shape == (n,)
    assert readers.any() == bool(more)


def test_no_candidates_make_no_shortlist(company: "Company") -> None:
    moment = _moment(company.engine(), 2).narrow(np.zeros(0, np.int64))
    for recipe in (ShortlistRecipe(), _NOTHING):
        places, readers = make_shortlist(moment, recipe)
        assert len(places) == len(readers) == 0


def test_little_of_what_people_choose_is_cut_off(company: "Company") -> None:
    """A seventh of the candidates holds the choices of the week after training."""
    engine = company.engine()
    recipe = ShortlistRecipe(
        all_up_to=0, newest=2, readers_1h=4, readers_6h=4, readers_3d=2, alike=4
    )
    engine.observe(company.later)
    kept = n_choices = n_kept = n_candidates = 0
    for event in company.later:
        if event["event_type"] != "read" or n_choices == 120:
            continue
        engine.state.advance(to_micros(event["occurred_at"]))
        catalogue = engine.state.catalogue
        moment = _moment(engine, catalogue.employees.ids.index(event["employee_id"]))
        chosen = np.flatnonzero(
            moment.contents == catalogue.contents.ids.index(event["content_id"])
        )
        if len(chosen) == 0:
            continue
        places, _ = make_shortlist(moment, recipe)
        kept += int(chosen[0]) in places
        n_choices += 1
        n_kept += len(places)
        n_candidates += len(moment.contents)
    assert n_choices == 120
    assert n_kept < 0.16 * n_candidates  # measured: 0.148
    assert kept >= 117  # measured: all 120
