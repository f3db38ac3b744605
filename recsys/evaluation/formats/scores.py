"""How good are probabilities of completion? Proper scores, calibration, and for whom."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap
from recsys.evaluation.formats.predictions import MODELS, Predictions
from recsys.evaluation.summary import SMALLEST_GROUP

__all__ = [
    "Bin", "FormatScores", "ScoreSlice", "calibration", "calibration_error", "score_predictions",
]  # fmt: skip

_BINS = 10
_SLICES = (("≥ 30 showings before", 30, None), ("≥ 120 showings before", 120, None),
           ("< 10 showings before", 0, 10))  # fmt: skip
"""Name, least number, first number too many."""

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """One of ten equal parts of the showings, by predicted probability."""

    n: int
    expected: float
    observed: float
    is_covered: bool
    """Whether observed minus expected is within 1.96 standard errors (over employees) of 0."""


@dataclass(frozen=True, slots=True)
class ScoreSlice:
    """Figures on some of the showings. Arrays have shape (n_models,), columns as ``MODELS``."""

    name: str
    n_showings: int
    n_employees: int
    log_loss: Float
    brier: Float
    calibration_error: Float
    best_baseline: str
    """Of least log-loss on these showings."""
    difference: Estimates
    """Log-loss of the first model minus that of the best baseline, shape (1,)."""


@dataclass(frozen=True, slots=True)
class FormatScores:
    """All showings, parts of them (None: too few employees to show), and the first model's bins."""

    overall: ScoreSlice | None
    slices: tuple[tuple[str, ScoreSlice | None], ...]
    bins: tuple[Bin, ...]


def score_predictions(
    predictions: Predictions, rng: np.random.Generator, *, smallest_group: int = SMALLEST_GROUP
) -> FormatScores:
    """Return log-loss (nats), Brier score and calibration error, overall and by slice.

    Slices are by how much was known of the employee: at least 30 and 120 showings before, and less
    than 10. Those of fewer than ``smallest_group`` employees are suppressed.
    """

    def score(name: str, rows: npt.NDArray[np.bool_]) -> ScoreSlice | None:
        part = _take(predictions, rows)
        is_shown = len(np.unique(part.employee)) >= smallest_group
        return _score(name, part, rng) if is_shown else None

    overall = score("all", np.ones(len(predictions.employee), np.bool_))
    slices = tuple((name, score(name, rows)) for name, rows in _slices(predictions.n_before))
    return FormatScores(overall, slices, calibration(predictions) if overall else ())


def calibration(predictions: Predictions) -> tuple[Bin, ...]:
    """Return ten bins of (nearly) equal count by the first model's probability, lowest first.

    Equal probabilities may be in two bins, in the order of the showings. Fewer than ten showings
    give fewer bins.
    """
    expected = predictions.p[:, 0]
    return tuple(
        _bin(expected[rows], predictions.completed[rows], predictions.employee[rows])
        for rows in _equal_parts(expected)
    )


def calibration_error(p: Float, completed: npt.NDArray[np.bool_]) -> float:
    """Return the mean distance of expected and observed over ten bins of equal count, by showings.

    The expected calibration error with equal-mass bins: Nguyen and O'Connor (2015), "Posterior
    calibration and exploratory analysis for natural language processing models". Luck alone gives
    about 0.8 · sqrt(p (1 − p) · 10 / n). NaN without showings.
    """
    gaps = [len(rows) * abs(p[rows].mean() - completed[rows].mean()) for rows in _equal_parts(p)]
    return float(sum(gaps) / len(p)) if len(p) else np.nan


def _slices(n_before: npt.NDArray[np.int64]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    for name, least, end in _SLICES:
        yield name, (n_before >= least) & (True if end is None else n_before < end)


def _take(predictions: Predictions, rows: npt.NDArray[np.bool_]) -> Predictions:
    return Predictions(
        predictions.p[rows], predictions.completed[rows], predictions.employee[rows],
        predictions.n_before[rows],
    )  # fmt: skip


def _score(name: str, part: Predictions, rng: np.random.Generator) -> ScoreSlice:
    completed = part.completed[:, None]
    loss = -np.log(np.where(completed, part.p, 1.0 - part.p))
    mean = loss.mean(axis=0)
    best = 1 + int(np.argmin(mean[1:]))
    return ScoreSlice(
        name,
        len(loss),
        len(np.unique(part.employee)),
        mean,
        ((part.p - completed) ** 2).mean(axis=0),
        np.array([calibration_error(p, part.completed) for p in part.p.T]),
        MODELS[best],
        cluster_bootstrap(loss[:, :1] - loss[:, [best]], part.employee, rng),
    )


def _equal_parts(p: Float) -> list[npt.NDArray[np.intp]]:
    order = np.argsort(p, kind="stable")
    return [rows for rows in np.array_split(order, _BINS) if len(rows)]


def _bin(p: Float, completed: npt.NDArray[np.bool_], employee: npt.NDArray[np.int32]) -> Bin:
    expected, observed = float(p.mean()), float(completed.mean())
    _, owner = np.unique(employee, return_inverse=True)
    # Employees' sums, so that one person's showings need not be independent of each other; where
    # few completions happened to happen their spread is too small, and chance alone has more.
    spread = max((np.bincount(owner, completed - p) ** 2).sum(), (p * (1.0 - p)).sum())
    is_covered = abs(observed - expected) <= 1.96 * float(np.sqrt(spread)) / len(p)
    return Bin(len(p), expected, observed, is_covered)
