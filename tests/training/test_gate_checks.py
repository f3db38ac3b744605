"""The checks beside the champion on fabricated ranks, against other implementations and by hand."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.multitest import multipletests

from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks
from recsys.features.matrix import FEATURE_NAMES
from recsys.interactions import Targets
from recsys.model import Model
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import TrainingRows
from recsys.times import to_micros
from training.gate import judge
from training.gate_checks import Check, Group, for_whom, holm
from training.latency import SLOWEST_RATIO, Timed, check_latency
from training.leaks import check_generalisation, check_provenance, held_back_ndcg
from training.reliability import check_calibration

_PEOPLE, _EACH = 90, 4
_EMPLOYEE = np.repeat(np.arange(_PEOPLE, dtype=np.int32), _EACH)
_RNG = np.random.default_rng(3)
_CHAMPION = _RNG.integers(1, 12, len(_EMPLOYEE)).astype(np.float64)
_EQUAL = np.where(_RNG.random(len(_EMPLOYEE)) < 0.5, _CHAMPION, np.roll(_CHAMPION, 1))


def _groups(word: str, n: int) -> list[Group]:
    number: npt.NDArray[np.int32] = _EMPLOYEE % n
    return [Group(f"{word} {i}", np.isin(number, [i])) for i in range(n)]


_DEPARTMENTS, _STYLES = _groups("department", 3), _groups("work style", 2)


def test_holm_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(0)
    for size in range(1, 30):
        p_values = np.round(rng.random(size) ** 4, 2).tolist()  # small ones, and equal ones
        expected = multipletests(p_values, method="holm")[1]
        assert holm(p_values) == pytest.approx(expected)


def _for_whom(
    rank: npt.NDArray[np.float64],
    slices: list[Group] = _DEPARTMENTS,
    styles: list[Group] = _STYLES,
) -> tuple[Check, Check]:
    return for_whom(rank, _CHAMPION, _EMPLOYEE, slices, styles, seed=0)


def test_equal_models_pass() -> None:
    slices, fairness = _for_whom(_EQUAL)
    assert slices.passed
    assert fairness.passed
    assert "not worse than champion in NDCG@10 in any of 3 comparisons" in slices.sentence


def test_a_ruined_department_is_named_and_no_other() -> None:
    ruined = np.where(_DEPARTMENTS[1].rows, 40.0, _EQUAL)
    slices, _ = _for_whom(ruined)
    assert slices.passed is False
    assert slices.sentence.startswith("worse than champion in NDCG@10: department 1 -")
    assert "department 0" not in slices.sentence


def test_a_style_served_worse_widens_the_gap() -> None:
    ruined = np.where(_STYLES[0].rows, 40.0, _CHAMPION)
    fairness = _for_whom(ruined, slices=[])[1]
    assert fairness.passed is False
    assert "work style 0 -" in fairness.sentence
    assert "gap between the work styles served best and worst +" in fairness.sentence
    level = np.where(_STYLES[1].rows, 40.0, ruined)
    assert "gap" not in _for_whom(level, slices=[])[1].sentence, "both are served as badly"


def test_groups_of_fewer_than_ten_people_are_not_looked_at() -> None:
    few = Group("department tiny", _EMPLOYEE < 9)
    ruined = np.where(few.rows, 40.0, _CHAMPION)
    slices, fairness = _for_whom(ruined, slices=[few], styles=[])
    assert (slices.passed, fairness.passed) == (None, None)
    assert "tiny" not in slices.sentence


def test_the_p_value_is_that_of_scipy() -> None:
    rank = _EQUAL + (_EMPLOYEE % 5 == 0)
    everybody = Group("all", np.ones(len(rank), np.bool_))
    sentence = _for_whom(rank, slices=[everybody], styles=[])[0].sentence
    sums = np.bincount(_EMPLOYEE, ndcg(rank, 10) - ndcg(_CHAMPION, 10))
    expected = permutation_test(
        (sums,), np.sum, permutation_type="samples", alternative="less",
        n_resamples=9_999, rng=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    assert float(sentence.split("(p ")[1][:5]) == pytest.approx(expected, abs=0.02)


def test_what_fails_keeps_a_better_model_back() -> None:
    n = len(_EMPLOYEE)
    targets = Targets(
        _EMPLOYEE, np.zeros(n, np.int32), np.arange(n, dtype=np.int64), np.zeros(n, np.int64)
    )
    rank = np.stack([np.ones(n), _CHAMPION, _CHAMPION], axis=1)
    ranks = Ranks(
        ("recsys", "champion", "newest_first"), targets, rank, np.full(n, 50, np.int32), 0
    )
    unknown, failed = Check("latency", None, "unknown"), Check("slices", False, "ruined")
    assert judge(ranks, champion_until=0, seed=0, checks=[unknown]).decision == "promote"
    verdict = judge(ranks, champion_until=0, seed=0, checks=[unknown, failed])
    assert verdict.decision == "keep"
    assert verdict.reasons[-1] == "slices: ruined"
    assert [check.name for check in verdict.checks] == [
        "baseline", "champion", "latency", "slices",
    ]  # fmt: skip
    first = judge(ranks, champion_until=None, seed=0, checks=[failed])
    assert first.decision == "keep", "also the first model of a company"


def test_latency_is_a_ratio_of_medians_and_a_quick_model_is_never_too_slow() -> None:
    slow, champion = [10.0] * 150, [5.0] * 150
    assert check_latency(slow, champion).passed is False
    assert check_latency([5.0 * SLOWEST_RATIO] * 150, champion).passed
    assert check_latency([*[5.0] * 150, *[900.0] * 100], champion).passed, "hiccups of the machine"
    assert check_latency([2.5] * 150, [0.1] * 150).passed
    assert check_latency(slow, None).passed is None
    assert check_latency(slow[:50], champion).passed is None
    assert check_latency([], None).passed is None


def test_a_timed_scorer_ranks_as_the_other() -> None:
    scorer = SimpleNamespace(name="a", score=lambda *_: np.array([1.0, 2.0]))
    timed = Timed(scorer)
    assert timed.score(0, np.array([1, 2], np.int32), 5).tolist() == [1.0, 2.0]
    assert (timed.name, len(timed.ms)) == ("a", 1)


@pytest.mark.parametrize(("factor", "passed"), [(1.0, True), (1.3, True), (2.5, False)])
def test_probabilities_may_be_off_by_half(factor: float, passed: bool) -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.0, 0.04, 200_000)
    label = rng.random(len(truth)) < truth
    off = (np.minimum(truth * factor, 1.0), label)
    assert check_calibration(off, None).passed is passed
    assert check_calibration(off, off).passed, "the champion is as far off"
    assert check_calibration(off, (truth, label)).passed is passed
    assert check_calibration(None, off).passed is None


_SPLIT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model_day", "factors_day", "rows_day", "said"),
    [
        (1, 1, 1, None), (2, 1, 1, "the model (2026-05-02"), (1, 2, 1, "its affinities"),
        (1, 1, 2, "the ranker's last question"),
    ],
)  # fmt: skip
def test_nothing_may_be_later_than_the_split(
    model_day: int, factors_day: int, rows_day: int, said: str | None
) -> None:
    def day(n: int) -> datetime:
        return _SPLIT.replace(day=n)

    factors = SimpleNamespace(fitted_at=to_micros(day(factors_day)))
    model = cast("Model", SimpleNamespace(trained_until=day(model_day), factors=factors))
    check = check_provenance(model, to_micros(day(rows_day)), _SPLIT)
    assert check.passed is (said is None)
    assert (said or "nothing is later") in check.sentence


def _rows(n_questions: int, *, tells: bool) -> TrainingRows:
    """Ten candidates a question; the first feature tells the chosen one, or nothing does."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(10 * n_questions, len(FEATURE_NAMES))).astype(np.float32)
    if tells:
        features[::10, 0] = 9.0
    weight = np.tile([1.0, *[20.0] * 9], n_questions).astype(np.float32)
    return TrainingRows(
        features, np.full(n_questions, 10, np.int32), np.full(n_questions, 2, np.int8),
        np.zeros(n_questions, np.int16), weight,
    )  # fmt: skip


def test_rows_that_tell_the_answer_are_found_on_held_back_ones() -> None:
    recipe = RankerRecipe(n_trees=10, min_rows_in_leaf=5)
    honest, leaking = (
        held_back_ndcg(_rows(500, tells=tells), recipe, seed=0) for tells in (False, True)
    )
    assert honest is not None
    assert honest < 0.2, "one of 181 candidates, by luck within ten"
    assert leaking == pytest.approx(1.0)
    live = np.full(300, 4.0)
    assert check_generalisation(leaking, live).passed is False
    assert check_generalisation(honest, live).passed
    assert check_generalisation(leaking, live[:50]).passed is None
    assert held_back_ndcg(_rows(150, tells=True), recipe, seed=0) is None
    assert check_generalisation(None, live).passed is None
