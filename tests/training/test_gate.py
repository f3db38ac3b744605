"""The gate on fabricated ranks: what is promoted, what is kept, and what it says."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks
from recsys.interactions import Targets
from training.gate import CHAMPION, WITHOUT_TASTE, Verdict, judge

_EMPLOYEES, _EACH = 80, 5
_N = _EMPLOYEES * _EACH

_GOOD = np.random.default_rng(1).integers(1, 4, _N).astype(np.float64)
_FAIR = _GOOD + 2.0
_POOR = _GOOD + 8.0
# As good as _GOOD on average, in another order.
_SHUFFLED = np.random.default_rng(7).permutation(_GOOD)


def _ranks(by_model: Mapping[str, npt.NDArray[np.float64]]) -> Ranks:
    employee = np.repeat(np.arange(_EMPLOYEES, dtype=np.int32), _EACH)
    targets = Targets(
        employee, np.zeros(_N, np.int32), np.arange(_N, dtype=np.int64), np.zeros(_N, np.int64)
    )
    rank = np.stack(list(by_model.values()), axis=1)
    return Ranks(tuple(by_model), targets, rank, np.full(_N, 50, np.int32), 0)


def _judge(champion_until: int | None = None, **by_model: npt.NDArray[np.float64]) -> Verdict:
    return judge(_ranks(by_model), champion_until=champion_until, seed=0)


def test_the_first_model_that_beats_the_baselines_becomes_champion() -> None:
    verdict = _judge(recsys=_GOOD, newest_first=_POOR, popularity_1h=_FAIR)
    assert verdict.decision == "promote"
    assert verdict.reasons[0].startswith("better than popularity_1h: NDCG@10 +")
    assert verdict.reasons[1] == "there is no champion yet"
    assert verdict.personalisation.startswith("personalisation adds ")
    assert verdict.personalisation.endswith("to popularity_1h")


def test_the_difference_is_that_of_the_mean_ndcg() -> None:
    comparison = _judge(recsys=_GOOD, newest_first=_POOR, popularity_1h=_FAIR).comparisons[0]
    assert comparison.reference == "popularity_1h"
    expected = ndcg(_GOOD, 10).mean() - ndcg(_FAIR, 10).mean()
    assert comparison.difference == pytest.approx(expected)
    assert comparison.low <= expected <= comparison.high
    assert comparison.n_targets == _N


def test_an_equal_model_becomes_the_first_champion_but_adds_nothing() -> None:
    verdict = _judge(recsys=_SHUFFLED, popularity_1h=_GOOD)
    assert verdict.decision == "promote"
    assert verdict.personalisation.startswith(
        "personalisation adds nothing here: the ranking is not better than popularity_1h"
    )


def test_a_model_worse_than_a_baseline_is_never_promoted() -> None:
    verdict = _judge(recsys=_FAIR, popularity_1h=_GOOD)
    assert verdict.decision == "keep"
    assert verdict.reasons[0].startswith("worse than popularity_1h: NDCG@10 -")
    with_champion = _judge(0, recsys=_FAIR, champion=_POOR, popularity_1h=_GOOD)
    assert with_champion.decision == "keep", "though it is better than the champion"


@pytest.mark.parametrize(
    ("champion", "decision", "word"),
    [(_FAIR, "promote", "better than"), (_SHUFFLED, "keep", "equal to")],
)
def test_only_a_better_model_replaces_the_champion(
    champion: npt.NDArray[np.float64], decision: str, word: str
) -> None:
    verdict = _judge(0, recsys=_GOOD, champion=champion, popularity_1h=_POOR)
    assert verdict.decision == decision
    assert verdict.reasons[1].startswith(f"{word} {CHAMPION}")


def test_a_model_worse_than_the_champion_is_kept() -> None:
    verdict = _judge(0, recsys=_FAIR, champion=_GOOD, popularity_1h=_POOR)
    assert verdict.decision == "keep"
    assert verdict.reasons[1].startswith("worse than champion")


def test_the_champion_is_compared_only_on_what_it_has_not_learned_from() -> None:
    half = _N // 2
    champion = np.where(np.arange(_N) < half, 1.0, 9.0)
    verdict = _judge(half, recsys=_FAIR, champion=champion, popularity_1h=_POOR)
    assert verdict.decision == "promote"
    assert verdict.comparisons[-1].n_targets == _N - half


def test_a_champion_that_knows_the_whole_window_stays() -> None:
    verdict = _judge(_N, recsys=_GOOD, champion=_POOR, popularity_1h=_POOR)
    assert verdict.decision == "keep"
    assert "has learned from the whole test window" in verdict.reasons[1]


def test_what_a_ranker_without_taste_does_as_well_is_no_personalisation() -> None:
    by_model = {"recsys": _SHUFFLED, WITHOUT_TASTE: _GOOD, "popularity_1h": _POOR}
    verdict = judge(_ranks(by_model), champion_until=None, seed=0)
    assert verdict.decision == "promote", "it is far better than any plain list"
    assert "adds nothing here: the ranking is not better than without_taste" in (
        verdict.personalisation
    )


def test_without_choices_nothing_is_claimed() -> None:
    ranks = _ranks({"recsys": _GOOD, "popularity_1h": _POOR})
    nobody = np.zeros(_N, np.bool_)
    empty = Ranks(
        ranks.models, ranks.targets.take(nobody), ranks.rank[nobody], ranks.n_candidates[nobody], 9
    )
    verdict = judge(empty, champion_until=None, seed=0)
    assert verdict.decision == "promote"
    assert verdict.reasons[0] == "too few choices to compare with popularity_1h (0)"
    assert verdict.personalisation.startswith("too few choices to tell")
    note = "the champion cannot be used: damaged"
    noted = judge(empty, champion_until=None, seed=0, champion_note=note)
    assert noted.reasons[1] == note
