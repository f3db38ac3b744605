"""Whether a trained model may become the champion: a pure function over ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import cluster_bootstrap
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks
from training.gate_checks import Check

__all__ = [
    "CHAMPION",
    "RANKERS_BESIDE",
    "SMALLEST_GAIN",
    "WITHOUT_TASTE",
    "Comparison",
    "Verdict",
    "best_baseline",
    "judge",
]

CHAMPION = "champion"
"""The name of the champion among the ranked models."""

WITHOUT_TASTE = "without_taste"
"""The name of the same ranker without the features that tell people's tastes apart."""

RANKERS_BESIDE = frozenset({CHAMPION, WITHOUT_TASTE})
"""Ranked models that are no baselines."""

SMALLEST_GAIN = 0.01
"""Personalisation must add more NDCG@10 than this to be said to add something.

Enough choices make any difference significant. On a simulated company of 1,500 people where nobody
has a taste of their own the measured gain was -0.004 (-0.011 to 0.001), on one with strong tastes
0.031 (0.018 to 0.043).
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The engine's NDCG@10 minus a reference's on the same targets, with its 95 % interval.

    NaN where nothing can be said: no targets, or an interval over one employee.
    """

    reference: str
    difference: float
    low: float
    high: float
    n_targets: int

    @property
    def is_better(self) -> bool:
        """Whether the engine is better and the interval leaves no doubt."""
        return self.low > 0.0

    @property
    def is_worse(self) -> bool:
        """Whether the engine is worse and the interval leaves no doubt."""
        return self.high < 0.0

    def sentence(self) -> str:
        """Say the difference in words."""
        if np.isnan(self.low):
            return f"too few choices to compare with {self.reference} ({self.n_targets})"
        word = "better than" if self.is_better else "worse than" if self.is_worse else "equal to"
        return (
            f"{word} {self.reference}: NDCG@10 {self.difference:+.4f} "
            f"({self.low:+.4f} to {self.high:+.4f}, {self.n_targets:,} choices)"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows for the alias ``champion``, why, and whether taste makes a difference."""

    decision: Literal["promote", "keep"]
    reasons: tuple[str, ...]
    personalisation: str
    """One sentence."""
    comparisons: tuple[Comparison, ...]
    checks: tuple[Check, ...] = ()
    """Everything that was looked at, by name."""


def judge(
    ranks: Ranks, *, champion_until: int | None, seed: int, champion_note: str | None = None,
    checks: Sequence[Check] = (),
) -> Verdict:  # fmt: skip
    """Return the verdict on the first model of ``ranks``.

    The rule, on differences of NDCG@10 with paired 95 % intervals over employees:

    1. A model that is significantly worse than the best baseline is kept back. The best is taken
       on the same targets, which favours the baselines.
    2. With a champion in use, a model becomes champion only if it is significantly better; an
       equal one stays challenger. The champion is compared on the choices it has not learned from:
       those from ``champion_until`` (microseconds) on. Where there are none, the model is kept.
    3. A model that fails one of ``checks`` is kept back, whatever else it is.
    4. Without a champion (``champion_until`` None, ``champion_note`` says why if one exists but
       cannot be used), a model that passes the others becomes the first.

    Personalisation is said to add something only if the ranking is better, by more than
    :data:`SMALLEST_GAIN`, than everything that treats people alike: the baselines, and the ranker
    fitted without taste (:data:`WITHOUT_TASTE`) if it is among the models.
    """
    baselines = [m for m in ranks.models[1:] if m not in RANKERS_BESIDE]
    versus_baseline = _versus_best(ranks, baselines, seed)
    alike = [m for m in ranks.models[1:] if m != CHAMPION]
    versus_alike = _versus_best(ranks, alike, seed)
    comparisons = [versus_baseline, versus_alike]
    reasons = [versus_baseline.sentence()]
    done = [Check("baseline", not versus_baseline.is_worse, versus_baseline.sentence())]
    if champion_until is None:
        reasons.append(champion_note or "there is no champion yet")
    else:
        unseen = ranks.targets.occurred_at >= champion_until
        versus_champion = _compare(ranks, CHAMPION, unseen, seed)
        comparisons.append(versus_champion)
        reasons.append(_champion_reason(versus_champion))
        done.append(Check(CHAMPION, versus_champion.is_better, reasons[-1]))
    reasons += [f"{check.name}: {check.sentence}" for check in checks if check.passed is False]
    done += checks
    unique = tuple(dict.fromkeys(comparisons))
    is_refused = any(check.passed is False for check in done)
    decision: Literal["promote", "keep"] = "keep" if is_refused else "promote"
    return Verdict(decision, tuple(reasons), _personalisation(versus_alike), unique, tuple(done))


def _champion_reason(comparison: Comparison) -> str:
    if comparison.n_targets == 0:
        return (
            "the champion has learned from the whole test window, so the two cannot be compared; "
            "train on later data, or decide with `recsys promote`"
        )
    return comparison.sentence()


def _personalisation(comparison: Comparison) -> str:
    name = comparison.reference
    if comparison.low > SMALLEST_GAIN:
        return (
            f"personalisation adds {comparison.difference:.4f} NDCG@10 "
            f"({comparison.low:.4f} to {comparison.high:.4f}) to {name}"
        )
    if np.isnan(comparison.low):
        return f"too few choices to tell whether personalisation adds anything to {name}"
    return (
        f"personalisation adds nothing here: the ranking is not better than {name} by more than "
        f"{SMALLEST_GAIN} NDCG@10 ({comparison.difference:+.4f}, "
        f"{comparison.low:+.4f} to {comparison.high:+.4f})"
    )


def best_baseline(ranks: Ranks) -> str:
    """Return the baseline of the highest mean NDCG@10."""
    return _best(ranks, [m for m in ranks.models[1:] if m not in RANKERS_BESIDE])


def _best(ranks: Ranks, references: Sequence[str]) -> str:
    """Return the reference of the highest mean; ties go to the first."""
    columns = [ranks.models.index(name) for name in references]
    means = ndcg(ranks.rank[:, columns], 10).sum(axis=0)
    return references[int(np.argmax(means))]


def _versus_best(ranks: Ranks, references: Sequence[str], seed: int) -> Comparison:
    everything = np.ones(len(ranks.targets), np.bool_)
    return _compare(ranks, _best(ranks, references), everything, seed)


def _compare(ranks: Ranks, reference: str, rows: npt.NDArray[np.bool_], seed: int) -> Comparison:
    column = ranks.models.index(reference)
    values = ndcg(ranks.rank[rows], 10)
    difference = values[:, :1] - values[:, [column]]
    employee = ranks.targets.employee[rows]
    found = cluster_bootstrap(difference, employee, np.random.default_rng(seed))
    return Comparison(
        reference, float(found.value[0]), float(found.low[0]), float(found.high[0]),
        int(np.count_nonzero(rows)),
    )  # fmt: skip
