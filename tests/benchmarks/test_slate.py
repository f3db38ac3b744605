"""Measures of slate policies by hand, and a small run of the whole benchmark."""

import json
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.slate import main
from benchmarks.slate_must_reads import kaplan_meier, must_reads, visits_until
from benchmarks.slate_policies import policy_named
from recsys.errors import ConfigurationError
from recsys.simulator.card import gini
from recsys.simulator.ground import Ground, silent_employees
from recsys.simulator.lived_measures import gini_rows, measures, relative, top_share_rows, weights
from recsys.simulator.living import ANSWERS
from recsys.simulator.traits import Records
from recsys.simulator.visits import VISITS

ONE = np.ones((1, 3))
"""Weights of three employees, each counted once."""


def _ground() -> Ground:
    """Three people, four contents; the first two are silent, the third never visits.

    Person 0 belongs to departments 0 and 1, persons 1 and 2 to department 1. Contents 0 … 3 are
    owned by departments 0, 1, 2 and 2; content 3 is a must-read and is not live for the Gini.
    """
    visits = np.zeros(5, VISITS)
    visits["start"] = [10, 20, 30, 40, 50]
    visits["employee"] = [0, 1, 0, 0, 1]
    return Ground(
        visits=visits,
        first_visit=7,
        visitors=np.array([True, True, False]),
        silent=np.array([True, True, False]),
        quiet=np.array([False, True, False]),
        departments=np.array([[0, 1], [1, -1], [1, -1]]),
        owners=np.array([0, 1, 2, 2]),
        live=np.array([True, True, True, False]),
        ripe=np.array([True, False, True, True]),
        must_reads=np.array([3]),
        counts_from=np.array([15]),
        owes=np.array([[True], [True], [True]]),
    )


def _answers(*rows: tuple[int, int, int, int, str]) -> Records:
    """Rows of employee, content, visit, position and what was done, by first letters."""
    found = np.zeros(len(rows), ANSWERS)
    for record, (employee, content, visit, position, done) in zip(found, rows, strict=True):
        record["employee"], record["content"] = employee, content
        record["visit"], record["position"] = visit, position
        record["p_looked"] = 1.0 / position
        for name in ("looked", "opened", "completed", "dismissed", "acknowledged"):
            record[name] = name[0] in done
    return found


ANSWERED = _answers(
    (0, 0, 7, 1, "loc"), (0, 1, 7, 2, "l"), (0, 2, 7, 4, "lo"),
    (0, 1, 9, 1, "l"), (0, 2, 9, 2, ""),
    (1, 0, 8, 1, "lo"), (1, 1, 8, 2, "ld"),
)  # fmt: skip


def test_measures_by_hand() -> None:
    found = {name: float(f(ONE)[0]) for name, f in measures(ANSWERED, _ground()).items()}
    exposure = [1.0 + 1.0, 1 / 2 + 1.0 + 1 / 2, 1 / 4 + 1 / 2]
    assert found == pytest.approx(
        {
            "completions per visitor": 1 / 2,
            "opens per visitor": 3 / 2,
            "dismissals per visitor": 1 / 2,
            "silent reach: contents looked at": (3 + 2) / 2,
            "silent reach: contents opened": (2 + 1) / 2,
            "silent who opened anything": 1.0,
            "silent looks": (4 + 2) / 2,
            "quiet reach: contents looked at": 2.0,
            "quiet reach: contents opened": 1.0,
            "quiet who opened anything": 1.0,
            "quiet looks": 2.0,
            # Of three opens: 0 reads its own department's, and that of 2; 1 reads that of 0.
            "cross-department share of opens": 2 / 3,
            "cross-department share of looks": 2 / 6,
            "cross-department opens per visitor": 2 / 2,
            "departments met": (1 + 1) / 2,
            "concentration: Gini of exposure": gini(exposure),
            "concentration: share of the top tenth": 2.0 / 4.75,
            "starving contents": 1.0,  # none of the three has ten looks
            "contents seen by the silent": 1.0,
        }
    )


def test_weights_stand_for_people() -> None:
    """Counting the first person twice and leaving the second out."""
    found = measures(ANSWERED, _ground())
    rows = np.array([[2.0, 0.0, 1.0]])
    assert found["opens per visitor"](rows)[0] == pytest.approx(4 / 2)
    assert found["cross-department share of opens"](rows)[0] == pytest.approx(2 / 4)
    assert found["contents seen by the silent"](rows)[0] == 1.0


def test_enough_looks_end_starving() -> None:
    rows = [(0, 0, 7, 1, "l")] * 9
    starving = measures(_answers(*rows), _ground())["starving contents"]
    assert starving(ONE)[0] == 1.0
    assert starving(np.array([[2.0, 1.0, 1.0]]))[0] == pytest.approx(2 / 3)


@given(arrays(float, (3, 20), elements=st.floats(0, 1e6)))
def test_gini_of_rows_is_that_of_each(values: npt.NDArray[np.float64]) -> None:
    values[:, 0] += 1.0
    assert gini_rows(values) == pytest.approx([gini(row) for row in values])
    share = top_share_rows(values)
    assert share == pytest.approx(np.sort(values)[:, -2:].sum(axis=1) / values.sum(axis=1))
    assert ((share >= 0.1 - 1e-12) & (share <= 1.0 + 1e-12)).all()


def test_paired_changes_are_surer_than_levels() -> None:
    """Twice of everybody's own level is +100 % for certain, however people differ."""
    rng = np.random.default_rng(1)
    level = rng.lognormal(0, 1, 200)
    rows = weights(200, 400, rng)
    change = relative(lambda w: 2 * w @ level, lambda w: w @ level, rows)
    assert change == pytest.approx((1.0, 1.0, 1.0))
    other = rng.permutation(level)
    value, low, high = relative(lambda w: w @ other, lambda w: w @ level, rows)
    assert value == pytest.approx(0.0)
    assert low < -0.05 < 0.05 < high
    assert math.isnan(relative(lambda w: w @ level, lambda w: 0 * (w @ level), rows)[0])


def test_the_silent_are_those_with_few_interactions() -> None:
    """Without a device nobody is silent; of equals all are, also if that is more than a quarter."""
    counts = np.array([0, 3, 1, 1, 9, 1, 7, 8, 0])
    staff = np.array([True] * 8 + [False])
    assert silent_employees(counts, staff).tolist() == [
        True, False, True, True, False, True, False, False, False,
    ]  # fmt: skip


def test_visits_until_a_must_read_is_reached() -> None:
    """Person 0 owes it from visit 9 on (two visits), person 1 from visit 8 on (two visits).

    The visit at time 10 is before the publication. Person 0 looks in the second of them; person 1
    visits twice without a look and is censored. At risk: 2, 2; reached: 0, 1.
    """
    answers = _answers((0, 3, 7, 1, "l"), (0, 3, 9, 1, ""), (0, 3, 10, 1, "la"), (1, 3, 8, 1, ""))
    found = must_reads(answers, _ground())
    assert found.at_risk.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found.events.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    curve = kaplan_meier(found, np.array([[1.0, 1, 1], [1, 0, 1], [1, 4, 0]]))
    assert curve.missing_share[:, 1] == pytest.approx([1 / 2, 0, 4 / 5])
    assert visits_until(curve).tolist() == [math.inf, 2, math.inf]
    assert visits_until(curve, share=0.5).tolist() == [2, 2, math.inf]
    assert must_reads(answers, _ground(), "acknowledged").events.sum() == 1


def test_kaplan_meier_with_censoring_by_hand() -> None:
    """Freireich's placebo and 6-MP times are the textbook's; here six pairs: 1, 2+, 2, 3, 3+, 4.

    S(1) = 5/6, S(2) = 5/6 · 4/5, S(3) = S(2) · 2/3, S(4) = 0.
    """
    found = must_reads(_answers(), _ground())
    events = np.array([[1.0, 1, 1, 1]])
    at_risk = np.array([[6.0, 5, 3, 1]])
    curve = kaplan_meier(type(found)(events, at_risk), np.ones((1, 1)))
    expected = [5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 * 2 / 3, 0.0]
    assert curve.missing_share[0] == pytest.approx(expected)
    assert visits_until(curve)[0] == 4


def test_a_misspelt_policy_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'pur'.*pure"):
        policy_named("pur")
    with pytest.raises(ConfigurationError, match="'pure@1'"):
        policy_named("pure@1")


def test_the_quick_run_prints_a_result_for_every_policy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Pure ranking is what others are compared with; must-reads lead in the feed."""
    main(["--quick", "--json", "--policies", "default"])
    (result,) = json.loads(capsys.readouterr().out)
    assert set(result["figures"]) == {"pure", "default"}
    for figure in result["figures"]["pure"].values():
        assert figure["change"] in (0.0, None)
    opens = [figures["opens per visitor"]["value"] for figures in result["figures"].values()]
    assert all(0.5 < value < 20 for value in opens)
    assert result["n_pages"] > 30
    pure, current = (result["must_reads"][name]["looked"]["curve"] for name in ("pure", "default"))
    assert pure[0] + 0.3 < current[0] <= 1.0
