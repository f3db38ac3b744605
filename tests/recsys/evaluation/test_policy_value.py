"""Values of policies in a company where the best rendition of everybody is known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from recsys.evaluation.formats.baselines import PastRates
from recsys.evaluation.formats.walk import FormatTest, prepare_formats, walk
from recsys.evaluation.policy_estimates import ESTIMATORS
from recsys.evaluation.policy_report import INSUFFICIENT, policy_json, policy_table
from recsys.evaluation.policy_value import (
    Asked,
    Float,
    PolicyJudge,
    PolicyValues,
    RenditionPolicy,
    engine_policy,
    policies_of,
)

if TYPE_CHECKING:
    from tests.recsys.evaluation.conftest import Randomised


def _test(randomised: "Randomised") -> FormatTest:
    return prepare_formats(randomised.dataset(), train_until=randomised.split, until=randomised.end)


def _values(test: FormatTest, policies: Mapping[str, RenditionPolicy]) -> PolicyValues:
    judge = PolicyJudge(test, policies, PastRates(test.state))
    walk(test, [judge])
    return judge.values()


def _oracle(test: FormatTest) -> RenditionPolicy:
    ids = test.state.catalogue.employees.ids

    def choose(asked: Asked) -> Float:
        likes = "video" if int(ids.id(asked.employee)[1:]) < 40 else "text_summary"
        return np.array([float(r.format == likes) for r in asked.renditions])

    return choose


@pytest.fixture(scope="module")
def found(randomised: "Randomised") -> PolicyValues:
    test = _test(randomised)
    policies = policies_of(test, PastRates(test.state)) | {"oracle": _oracle(test)}
    return _values(test, policies)


def test_planted_values_are_recovered(randomised: "Randomised", found: PolicyValues) -> None:
    likes, other = randomised.LIKED, randomised.OTHER
    truth = {
        "logging": (likes + other) / 2, "uniform": (likes + other) / 2,
        "most_completed": (likes + other) / 2, "oracle": likes,
    }  # fmt: skip
    values = {each.policy: each for each in found.values}
    assert list(values) == ["logging", "uniform", "most_completed", "recsys", "oracle"]
    for name, value in truth.items():
        estimates = values[name].estimates
        assert list(estimates) == list(ESTIMATORS[:2] if name == "logging" else ESTIMATORS)
        for estimate in estimates.values():
            assert estimate.verdict == "ok"
            assert estimate.interval[0] <= value <= estimate.interval[1], name
    for each in found.values:
        assert each.mean_weight == pytest.approx(1, abs=0.06), each.policy
    # The engine pays the floor of 0.03 for exploring: 0.97 · 0.6 + 0.03 · 0.15 at best.
    engine = values["recsys"].estimates["snips"]
    assert engine.interval[0] > values["logging"].estimates["snips"].interval[1]
    assert engine.value == pytest.approx(0.97 * likes + 0.03 * other, abs=0.04)
    assert (found.n_showings, found.n_employees) == (3840, 80)
    assert values["logging"].estimates["ips"].ess == pytest.approx(3840)
    both = values["logging"].estimates
    assert both["ips"].value == pytest.approx(both["snips"].value)
    # The reward model knows what somebody has completed: what is left is less.
    assert values["recsys"].estimates["dr"].stderr < 0.9 * values["recsys"].estimates["ips"].stderr


def test_the_engines_policy_is_what_the_engine_answers(randomised: "Randomised") -> None:
    test = _test(randomised)
    catalogue = test.state.catalogue
    policy, renditions = engine_policy(test.state, test.tastes), tuple(catalogue.renditions.of(50))
    for employee in range(0, 80, 8):
        p = policy(Asked(employee, test.state.clock, 50, -1, renditions))
        assert p.sum() == pytest.approx(1)
        assert p.min() == pytest.approx(0.03)


def test_only_showings_drawn_by_chance_are_judged(randomised: "Randomised") -> None:
    """No propensity, or one of 1, says that nothing was drawn: there is nothing to judge by."""

    def logged(event: dict[str, Any]) -> dict[str, Any]:
        number = int(event["employee_id"][1:])
        if number % 4 == 0:
            return event | {"rendition_propensity": 1.0}
        return event | {"rendition_propensity": None} if number % 4 == 1 else event

    events = [logged(event) for event in randomised.tables["events"]]
    world = replace(randomised, tables=randomised.tables | {"events": events})
    test = _test(world)
    found = _values(test, {"oracle": _oracle(test)})
    assert (found.n_showings, found.n_employees) == (3840 // 2, 40)


def test_where_only_one_rendition_suits_there_is_no_policy(randomised: "Randomised") -> None:
    def is_left(content_id: str, form: str) -> bool:
        return form == "video" or int(content_id[1:]) % 3 > 0

    renditions = [
        r for r in randomised.tables["renditions"] if is_left(r["content_id"], r["format"])
    ]
    world = replace(randomised, tables=randomised.tables | {"renditions": renditions})
    test = _test(world)
    ids = test.state.catalogue.contents.ids
    both = [int(ids.id(c)[1:]) % 3 > 0 for c in test.showings.content.tolist()]
    assert 0 < sum(both) < len(both)
    assert _values(test, {}).n_showings == sum(both)


def test_too_little_support_is_said(randomised: "Randomised") -> None:
    test = _test(randomised)

    def never(asked: Asked) -> Float:
        return np.zeros(len(asked.renditions))

    found = _values(test, {"never": never})
    assert found.values[1].estimates["snips"].verdict.startswith("refused")
    answer = policy_json(found)
    assert answer["policies"][1]["snips"]["value"] is None
    table = policy_table(found)
    assert list(table.columns[2].cells)[2:] == [INSUFFICIENT] * 5
    assert "never: refused: no overlap" in str(table.caption)


def test_few_people_are_not_shown(found: PolicyValues) -> None:
    few = replace(found, n_employees=9)
    assert policy_json(few) == {
        "suppressed": True, "n_showings": None, "n_employees": None, "policies": [],
    }  # fmt: skip
    assert policy_table(few).row_count == 0
    nothing = PolicyValues((), 0, 0)
    assert policy_json(nothing)["suppressed"]
