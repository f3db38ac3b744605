"""Probabilities of slates that were answered: the policy's own come out again, others add up."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from recsys.answers import Begun, FeedRequest, Slate
from recsys.engine import Engine
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe
from recsys.slate.retracing import Retracing
from recsys.slate.rules.exploration import Explore, PlackettLuce
from recsys.times import to_micros
from tests.recsys.slate.companies import AT, Row, aged, content, engine_of, judging

_WHOLE = DEFAULT_SLATE.without("explore").with_rule(PlackettLuce())
_CONTENTS = [
    *aged(*(f"c{i:02}" for i in range(20)), owner_department="sales"),
    *aged(*(f"c{i:02}" for i in range(20, 40)), owner_department="plant"),
    content("must", mandatory=True, ack_required=True),
    content("pin", pinned_until=AT + timedelta(days=1)),
]
_RENDITIONS: list[Row] = [
    {"rendition_id": f"c{i:02}-{form}", "content_id": f"c{i:02}", "format": form}
    for i in range(0, 40, 2)
    for form in ("video", "text_summary")
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_of(
        employees=[{"employee_id": "e", "department": "sales"}], contents=_CONTENTS,
        renditions=_RENDITIONS, model=judging(is_own_department=1.0),
    )  # fmt: skip


def _retrace(engine: Engine, slate: Slate, recipe: SlateRecipe) -> Retracing:
    engine.slates.use(recipe)
    request = FeedRequest("e", AT, limit=0, request_id=slate.request_id)
    employee = engine.state.catalogue.employees.ids.index("e")
    draft = engine.slates.draft(request, employee, to_micros(AT), Begun(AT, slate.items))
    return Retracing(draft)


def _slate(engine: Engine, recipe: SlateRecipe, request_id: str, limit: int = 20) -> Slate:
    engine.slates.use(recipe)
    return engine.feed(FeedRequest("e", AT, limit=limit, request_id=request_id))


@pytest.mark.parametrize("recipe", [DEFAULT_SLATE, _WHOLE])
def test_a_policys_own_slate_has_the_propensities_it_was_logged_with(
    engine: Engine, recipe: SlateRecipe
) -> None:
    for number in range(4):
        slate = _slate(engine, recipe, f"r{number}")
        logged = np.array([item.propensity for item in slate.items])
        assert [item.slot_type for item in slate.items[:2]] == ["mandatory", "pinned"]
        assert _retrace(engine, slate, recipe).probabilities() == pytest.approx(logged)
        drawn = logged < 1
        assert drawn.sum() == (18 if recipe is _WHOLE else 2)
        found = _retrace(engine, slate, recipe).draws(drawn)
        assert found[drawn] == pytest.approx(logged[drawn])
        assert np.isnan(found[~drawn]).all()


def test_slates_of_one_policy_have_probabilities_that_add_up_under_another(engine: Engine) -> None:
    """Over slates drawn by one policy, the mean of the other's weights is 1."""
    wanted = DEFAULT_SLATE.without("explore").with_rule(PlackettLuce(temperature=2.0))
    weights = []
    for number in range(225):
        slate = _slate(engine, _WHOLE, f"w{number}", limit=5)
        p = np.prod([item.propensity for item in slate.items])
        weights.append(_retrace(engine, slate, wanted).probabilities().prod() / p)
    assert np.mean(weights) == pytest.approx(1.0, abs=4 * np.std(weights) / 15)
    assert np.std(weights) > 0.05


def test_what_a_policy_would_never_do_has_no_probability(engine: Engine) -> None:
    slate = _slate(engine, DEFAULT_SLATE, "r0")
    first, second, *rest = slate.items
    swapped = replace(slate, items=(replace(second, position=1), replace(first, position=2), *rest))
    assert _retrace(engine, swapped, DEFAULT_SLATE).probabilities()[0] == 0
    # The last place of the pool can be drawn, what is below it cannot.
    small = DEFAULT_SLATE.with_rule(Explore(pool=3, exposure=0.0))
    drawn = np.array([item.propensity < 1 for item in slate.items])
    chances = [_retrace(engine, _slate(engine, DEFAULT_SLATE, f"s{n}"), small).draws(drawn)[drawn]
               for n in range(12)]  # fmt: skip
    assert 0 < np.mean(np.array(chances) == 0) < 1
    silent = DEFAULT_SLATE.without("explore")
    assert np.isnan(_retrace(engine, slate, silent).draws(drawn)).all()
