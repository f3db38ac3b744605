"""What the format model is worth in a world whose tastes are known, beside simpler estimates."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.format_truth import Float, Index, World, oracle_completion, true_completion
from recsys.answers import FormatPreference
from recsys.catalogue.catalogue import Catalogue
from recsys.engine import DEFAULT_LATENESS
from recsys.event_columns import EventColumns
from recsys.fitting import learnable
from recsys.formats.taste_fitting import fit_tastes
from recsys.formats.taste_model import TasteModel
from recsys.formats.tastes import FormatTastes
from recsys.schema import FORMATS
from recsys.state.live import LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import showings_of
from recsys.times import NO_TIME

__all__ = [
    "ESTIMATES",
    "MANY_IMPRESSIONS",
    "FittedWorld",
    "Flips",
    "Measured",
    "after_flips",
    "calibration_error",
    "hit",
    "measure",
    "regret",
]

ESTIMATES = ("raw", "department", "model", "oracle")
"""The names of what is compared."""
MANY_IMPRESSIONS = 120
_LEAST_IMPRESSIONS = 30


@dataclass(frozen=True, slots=True)
class FittedWorld:
    """A world, the model fitted on its log, and people with enough impressions to be measured."""

    world: World
    catalogue: Catalogue
    events: EventColumns
    model: TasteModel
    state: LiveState
    """At the end of the log."""
    tastes: FormatTastes
    people: Index
    """Indices into the truth."""
    employees: Index
    """The same people, as indices of the catalogue."""
    codes: Index
    """Places of the truth's formats in ``FORMATS``."""
    fit_seconds: float

    @classmethod
    def of(cls, world: World) -> Self:
        """Fit the model on the whole log."""
        catalogue = Catalogue.of(world.dataset)
        events = catalogue.encode(world.dataset["events"])
        began = time.perf_counter()
        model = fit_tastes(learnable(events, catalogue), catalogue)
        seconds = time.perf_counter() - began
        truth, state = world.truth, _state(catalogue, events, world.at)
        people = np.flatnonzero(truth.n_impressions >= _LEAST_IMPRESSIONS)
        ids = pd.Series([truth.employee_ids[person] for person in people.tolist()], dtype="str")
        return cls(
            world, catalogue, events, model, state, FormatTastes(model, state), people,
            catalogue.employees.ids.indices(ids).astype(np.int64),
            np.array([FORMATS.index(name) for name in truth.formats]), seconds,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found for n people with at least 30 impressions."""

    n_impressions: Index
    true: Float
    """(n, n_formats)."""
    estimates: dict[str, Float]
    """(n, n_formats) by the name in ``ESTIMATES``."""
    interval: Float
    """(n, n_formats, 2)."""
    has_best: npt.NDArray[np.bool_]
    first_seconds: Float
    again_seconds: Float

    @property
    def is_held(self) -> npt.NDArray[np.bool_]:
        """Whether intervals hold the truth, (n, n_formats)."""
        above = self.interval[:, :, 0] <= self.true
        return np.asarray(above & (self.true <= self.interval[:, :, 1]))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the people of all parts, which are of one kind of world."""
        return cls(
            np.concatenate([part.n_impressions for part in parts]),
            np.concatenate([part.true for part in parts]),
            {name: np.concatenate([part.estimates[name] for part in parts]) for name in ESTIMATES},
            np.concatenate([part.interval for part in parts]),
            np.concatenate([part.has_best for part in parts]),
            np.concatenate([part.first_seconds for part in parts]),
            np.concatenate([part.again_seconds for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Flips:
    """How often the best format is found where some people's tastes turned round."""

    n_people: int
    turned: dict[str, float]
    """Accuracy by estimate, of those whose tastes turned round 40 impressions ago."""
    stayed: dict[str, float]
    """The same of the others."""


def measure(fitted: FittedWorld) -> Measured:
    """Ask about everybody, and compare with the truth and with simpler answers."""
    truth = fitted.world.truth
    answers, first_seconds = _ask(fitted)
    _, again_seconds = _ask(fitted)
    beliefs = [[answer.formats[name] for name in truth.formats] for answer in answers]
    raw, department = _rates(fitted)
    return Measured(
        truth.n_impressions[fitted.people],
        true_completion(truth, fitted.people),
        {
            "raw": raw,
            "department": department,
            "model": np.array([[belief.p_complete for belief in row] for row in beliefs]),
            "oracle": oracle_completion(truth, fitted.people),
        },
        np.array([[belief.interval for belief in row] for row in beliefs]),
        np.array([answer.best is not None for answer in answers]),
        first_seconds,
        again_seconds,
    )


def after_flips(fitted: FittedWorld, measured: Measured) -> Flips:
    """Measure those whose tastes turned round.

    ``model`` and ``oracle`` as for everybody; ``fitted before`` is the model fitted on what each
    did before, so that it does not know of flips; ``restarted`` and ``oracle restarted`` are told
    when each flip was, and look only at what each did since.
    """
    world, catalogue = fitted.world, fitted.catalogue
    flipped_at = np.full(len(catalogue.employees.ids), NO_TIME)
    flipped_at[fitted.employees] = world.truth.flipped_at[fitted.people]
    events, flips = fitted.events, flipped_at[fitted.employees] != NO_TIME
    is_since = events.occurred_at >= flipped_at[events.employee]
    is_changed = is_since & (flipped_at[events.employee] != NO_TIME)
    before = fit_tastes(learnable(events.take(~is_changed), catalogue), catalogue)
    employees, people = fitted.employees[flips], fitted.people[flips]
    restarted = FormatTastes(fitted.model, _state(catalogue, events.take(is_since), world.at))
    unaware = FormatTastes(before, fitted.state)
    told = {
        "fitted before": _believed(unaware, employees, world.at)[:, fitted.codes],
        "restarted": _believed(restarted, employees, world.at)[:, fitted.codes],
        "oracle restarted": oracle_completion(world.truth, people, since_flip=True),
    }
    true, estimates = measured.true, measured.estimates
    own = {name: estimate[flips] for name, estimate in estimates.items()}
    return Flips(
        len(people),
        {name: float(hit(true[flips], found).mean()) for name, found in (own | told).items()},
        {name: float(hit(true[~flips], e[~flips]).mean()) for name, e in estimates.items()},
    )


def regret(true: Float, estimate: Float) -> Float:
    """Return how much less than the best format the one believed best is completed, (n,)."""
    chosen = estimate.argmax(axis=1)[:, None]
    return np.asarray(true.max(axis=1) - np.take_along_axis(true, chosen, axis=1)[:, 0])


def hit(true: Float, estimate: Float) -> Float:
    """Return 1 where the format believed best is (one of) the best, else 0, (n,)."""
    return (regret(true, estimate) <= 1e-9).astype(np.float64)  # equal but for rounding


def calibration_error(estimate: Float, true: Float) -> float:
    """Return the mean distance of estimate and truth over ten equally full bins of estimates."""
    bins = np.array_split(np.argsort(estimate, axis=None), 10)
    away = (estimate - true).ravel()
    return float(np.mean([abs(away[rows].mean()) for rows in bins if len(rows)]))


def _state(catalogue: Catalogue, events: EventColumns, at: int) -> LiveState:
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    state.observe(events)
    state.advance(at)
    return state


def _ask(fitted: FittedWorld) -> tuple[list[FormatPreference], Float]:
    """Return what is answered about each person, and how long each answer took."""
    tastes, at = fitted.tastes, fitted.world.at
    tastes.preference(-1, at, None)  # what all share is computed once an hour, not for each
    answers, seconds = [], []
    for employee in fitted.employees.tolist():
        began = time.perf_counter()
        answers.append(tastes.preference(employee, at, None))
        seconds.append(time.perf_counter() - began)
    return answers, np.array(seconds)


def _believed(tastes: FormatTastes, employees: Index, at: int) -> Float:
    return np.array(
        [tastes.belief(tastes.person(employee, at), at).p_complete for employee in employees]
    )


def _rates(fitted: FittedWorld) -> tuple[Float, Float]:
    """Return contents completed / shown, by person and by the person's department.

    (n, n_formats) each; 0 where nothing was shown.
    """
    catalogue = fitted.catalogue
    showings = showings_of(*marks_of(fitted.events, catalogue))
    showings = showings.take(showings.is_impression)
    key = np.stack([showings.employee, showings.content, showings.form], axis=1)
    pairs, place = np.unique(key, axis=0, return_inverse=True)
    completed = np.zeros(len(pairs))
    np.maximum.at(completed, place, showings.completed)
    counts = np.zeros((2, len(catalogue.employees.ids), len(FORMATS)))
    np.add.at(counts[0], (pairs[:, 0], pairs[:, 2]), 1.0)
    np.add.at(counts[1], (pairs[:, 0], pairs[:, 2]), completed)
    everybody = np.arange(counts.shape[1], dtype=np.int32)
    versions = catalogue.employees.versions_at(everybody, np.full(len(everybody), fitted.world.at))
    department = catalogue.employees.codes("department", versions)
    # One row per department, the last for an unknown one.
    is_member = np.eye(int(department.max()) + 2)[department]
    by_department = is_member.T @ counts
    own, common = counts[:, fitted.employees], by_department[:, department[fitted.employees]]
    raw, shared = (c[1] / np.maximum(c[0], 1.0) for c in (own, common))
    return raw[:, fitted.codes], shared[:, fitted.codes]
