"""What the ranker is given and what it answers: features and probabilities, against the past."""

import numpy as np
import numpy.typing as npt

from recsys.features.groups import GROUPS
from recsys.features.matrix import FEATURE_NAMES
from training.monitoring.drift import Drift, Rows, drift_of, holm
from training.monitoring.figures import Fact, Finding, Measured, drift_figure, is_moved
from training.monitoring.questions import Answers
from training.monitoring.watched import Watched

__all__ = ["binned", "features", "predictions"]

_BINS = 10
_LEAST_QUESTIONS = 50
"""Of the watched week; below, deciles are mostly noise."""
_P_VALUE = 0.001
_OF_THE_MODEL = frozenset({"lightfm"})
"""Features that the model itself brings: they are unknown before it was fitted, so that the past
cannot be compared."""

Float = npt.NDArray[np.float64]


def features(watched: Watched, answers: Answers) -> Measured:
    """Return the drift of every feature, over the candidates the ranker is asked about."""
    week = watched.weeks.of_times(answers.at)
    if np.count_nonzero(week == 0) < _LEAST_QUESTIONS:
        return Measured(unsaid=["few_questions"])
    drifts: dict[str, Drift] = {}
    people = 0
    is_there = np.arange(answers.features.shape[1]) < answers.n_candidates[:, None]
    for column, name in enumerate(FEATURE_NAMES):
        if name in _OF_THE_MODEL:
            continue
        rows = _rows(watched, answers, binned(answers.features[:, :, column], is_there, week > 0))
        found = drift_of(rows, watched.weeks.n, watched.rng(), skipped=watched.weeks.skipped)
        if found is not None:
            drifts[name], people = found, min(rows.people(0), rows.people())
    measured = Measured(
        [drift_figure("feature_psi", found, people, feature=n) for n, found in drifts.items()]
    )
    adjusted = holm(np.array([found.p_value for found in drifts.values()]))
    moved = [
        name for name, p in zip(drifts, adjusted.tolist(), strict=True)
        if p < _P_VALUE and is_moved(drifts[name], people)
    ]  # fmt: skip
    if moved:
        most = max(moved, key=lambda name: drifts[name].excess)
        group = next(group.name for group in GROUPS if most in group.columns)
        facts: dict[str, Fact] = {
            "feature": most, "group": group, "n": len(moved), "value": drifts[most].psi,
            "high": drift_figure("feature_psi", drifts[most], people).high or 0.0,
        }  # fmt: skip
        measured.findings.append(Finding("features", facts))
    return measured


def predictions(watched: Watched, answers: Answers) -> Measured:
    """Return the drift of the probabilities of the best ten."""
    week = watched.weeks.of_times(answers.at)
    if np.count_nonzero(week == 0) < _LEAST_QUESTIONS or np.isnan(answers.top).all():
        return Measured(unsaid=["few_questions"])
    rows = _rows(watched, answers, binned(answers.top, ~np.isnan(answers.top), week > 0))
    drift = drift_of(rows, watched.weeks.n, watched.rng(), skipped=watched.weeks.skipped)
    people = min(rows.people(0), rows.people())
    measured = Measured([drift_figure("prediction_psi", drift, people, source="questions")])
    if drift is not None and is_moved(drift, people):
        measured.findings.append(
            Finding("predictions", {"value": drift.psi, "high": drift.high, "source": "questions"})
        )
    return measured


def binned(
    values: npt.NDArray[np.floating],
    is_there: npt.NDArray[np.bool_],
    is_before: npt.NDArray[np.bool_],
) -> Float:
    """Return (n, 11): the share of each question's values in the deciles of the reference.

    ``values`` and ``is_there`` have shape (n, candidates), ``is_before`` says which questions are
    of the reference. The last bin is of unknown values; equal deciles are one bin.
    """
    known = is_there & ~np.isnan(values)
    before = values[known & is_before[:, None]]
    deciles = np.arange(1, _BINS) / _BINS
    edges = np.unique(np.quantile(before, deciles)) if len(before) else np.zeros(0)
    place = np.searchsorted(edges, values, side="right")
    place = np.where(known, place, _BINS)
    counts = np.stack([((place == b) & is_there).sum(axis=1) for b in range(_BINS + 1)], axis=1)
    return np.asarray(counts / np.maximum(is_there.sum(axis=1, keepdims=True), 1))


def _rows(watched: Watched, answers: Answers, shares: Float) -> Rows:
    week, day = watched.weeks.of_times(answers.at), watched.weeks.day_of(answers.at)
    kept = (week >= 0) & (shares.sum(axis=1) > 0)
    return Rows(answers.employee[kept], week[kept], day[kept], shares[kept])
