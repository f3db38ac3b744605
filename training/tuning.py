"""Tuning: other hyper-parameters of the trees, tried on rolling origins within the past.

Features are collected once per origin; an attempt fits only the trees anew, on the same rows. Of
the sampling, only ``max_targets`` can be tried that way: it keeps the latest choices. Which of a
choice's other candidates were drawn as likely and which at random is not in its rows. One
approximation: with fewer choices, training would also place its affinity snapshots differently.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from time import monotonic

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError
from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap, luck_of_the_best
from recsys.evaluation.origins import Window, check_history, choice_times, windows_before
from recsys.features.matrix import FEATURE_NAMES
from recsys.fitting import Progress, Recipe
from recsys.ids import IdMap
from recsys.ranker.lambdarank import MIN_QUESTIONS, fit_ranker
from recsys.times import to_micros
from training.digests import dataset_tables, digest_of
from training.material import Material
from training.recipe import flatten
from training.search import Search, Tried, open_search
from training.tuning_rows import Origin, collect_origin, known_before, latest, ndcg_of_each

__all__ = ["DATABASE", "Attempt", "Budget", "Tuned", "past_windows", "tune"]

DATABASE = "tuning.db"
"""Where attempts are kept, in the models folder."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be tried: attempts beside the first recipe, and seconds of wall-clock time.

    The seconds count from the call on, the collecting of rows included, which is not cut short. No
    attempt is begun that would end too late if it took as long as the longest so far.
    """

    n_trials: int
    seconds: float | None = None
    clock: Callable[[], float] = field(default=monotonic, repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A recipe and its NDCG@10, the mean over origins."""

    recipe: Recipe
    ndcg: float
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was tried; ``attempts[0]`` is the recipe it started from."""

    windows: tuple[Window, ...]
    n_choices: tuple[int, ...]
    """By window."""
    attempts: tuple[Attempt, ...]
    difference: Estimates
    """Best minus first, shape (1,), with its paired 95 % interval over employees."""
    luck: float
    """What the best of as many attempts without merit would gain, at 95 %; NaN = unknown."""

    @property
    def best(self) -> Attempt:
        """Return the best attempt; ties go to the earlier one, so to the recipe it started from."""
        return max(self.attempts, key=lambda attempt: attempt.ndcg)

    @property
    def is_better(self) -> bool:
        """Whether the best gained more than being the best of many explains."""
        return float(self.difference.value[0]) > self.luck

    @property
    def chosen(self) -> Recipe:
        """Return the recipe to use: the best one if it is better, else the one it started from."""
        return self.best.recipe if self.is_better else self.attempts[0].recipe


def past_windows(material: Material) -> tuple[Window, ...]:
    """Return windows to tune on, as long as the test window of a training run, before it.

    Two, or one where the log has no room for two; raises :class:`ConfigurationError` where it has
    none at all.
    """
    length = material.until - material.split
    choices_at = choice_times(material.dataset)
    for n in (2, 1):
        windows = windows_before(material.split, n, length)
        first = to_micros(windows[0].train_until)
        if np.searchsorted(choices_at, first) >= MIN_QUESTIONS:
            return windows
    raise ConfigurationError(
        f"there is no room to tune in: {length / timedelta(days=1):g} days before "
        f"{material.split:%Y-%m-%d %H:%M} leave fewer than {MIN_QUESTIONS} choices to learn from; "
        "leave out --tune, or pass fewer --test-days"
    )


def tune(
    dataset: Dataset,
    windows: Sequence[Window],
    *,
    recipe: Recipe,
    budget: Budget,
    seed: int,
    progress: Progress,
    database: Path | None = None,
) -> Tuned:
    """Try recipes beside ``recipe`` in every window, by their mean NDCG@10.

    Nothing from the end of the last window on is looked at. Each window is ranked by trees fitted
    on what was known before it; all shortlisted candidates of a choice are ranked. One attempt
    after the other: the same arguments give the same answer, unless the seconds end it. With a
    ``database`` attempts outlast the process: asked again with the same data, windows, recipe and
    seed, what was finished is not tried again. Raises :class:`ConfigurationError` for windows
    without history or without choices, and where Optuna is not installed.
    """
    began = budget.clock()
    past = known_before(dataset, windows[-1].until)
    check_history(windows, choice_times(past))
    ground = _Ground(past, windows, recipe, seed, progress)
    key = "" if database is None else _key(past, windows, recipe, seed)
    with open_search(database, key, recipe, seed) as search:
        if not search.has_begun:
            search.begin(ground.n_choices, ground.employee, ground.try_out(recipe, budget.clock))
        _go_on(search, ground, budget, began, progress)
        return _judged(search, windows, budget.n_trials, seed)


class _Ground:
    """The rows of all windows, collected when they are first needed."""

    def __init__(
        self, past: Dataset, windows: Sequence[Window], recipe: Recipe, seed: int,
        progress: Progress,
    ) -> None:  # fmt: skip
        self._past, self._windows, self._recipe = past, windows, recipe
        self._seed, self._progress = seed, progress
        self._origins: list[Origin] = []

    @property
    def origins(self) -> list[Origin]:
        """Return one origin per window, each with choices."""
        if not self._origins:
            origins = [
                collect_origin(
                    self._past, window, recipe=self._recipe, seed=self._seed,
                    progress=self._progress,
                )
                for window in self._windows
            ]  # fmt: skip
            _check_choices(origins)
            self._origins = origins
        return self._origins

    @property
    def n_choices(self) -> list[int]:
        """Return choices by window."""
        return [len(origin.employee_ids) for origin in self.origins]

    @property
    def employee(self) -> npt.NDArray[np.int64]:
        """Return who made each choice, numbered as they appear; shape (n_choices,)."""
        ids = IdMap()
        names = [name for origin in self.origins for name in origin.employee_ids]
        return np.array([ids.add(name) for name in names], np.int64)

    def try_out(self, recipe: Recipe, clock: Callable[[], float]) -> Tried:
        """Fit trees by a recipe in every window, and rank its choices."""
        origins = self.origins
        began = clock()
        values = _values(origins, recipe, self._seed)
        return Tried(recipe, values, clock() - began)


def _go_on(
    search: Search, ground: _Ground, budget: Budget, began: float, progress: Progress
) -> None:
    tried = search.tried
    slowest = max(attempt.seconds for attempt in tried)
    for n in range(len(tried), budget.n_trials + 1):
        spent = budget.clock() - began
        if budget.seconds is not None and spent + slowest > budget.seconds:
            return
        trial, recipe = search.propose()
        attempt = ground.try_out(recipe, budget.clock)
        search.keep(trial, attempt.values, attempt.seconds)
        slowest = max(slowest, attempt.seconds)
        progress("try recipes", n, budget.n_trials)


def _key(past: Dataset, windows: Sequence[Window], recipe: Recipe, seed: int) -> str:
    """Return what makes a search the same search."""
    return digest_of(
        [table.digest for table in dataset_tables(past)],
        [[window.train_until.isoformat(), window.until.isoformat()] for window in windows],
        flatten(recipe), seed, FEATURE_NAMES, version("recsys"), version("optuna"),
    )  # fmt: skip


def _values(origins: Sequence[Origin], recipe: Recipe, seed: int) -> npt.NDArray[np.float64]:
    """Return NDCG@10 of all choices, each weighted so that every origin counts the same.

    The plain mean of the result is the mean over origins of their means.
    """
    n_choices = sum(len(origin.employee_ids) for origin in origins)
    parts = []
    for origin in origins:
        rows = latest(origin.train, recipe.sampling.max_targets)
        ranker = fit_ranker(rows, recipe=recipe.ranker, seed=seed)
        if ranker is None:
            raise ConfigurationError(
                f"before {origin.window.train_until:%Y-%m-%d} there are {len(rows.group_sizes)} "
                f"choices that were among the candidates, and {MIN_QUESTIONS} are needed; pass a "
                "smaller --window-days or fewer --origins"
            )
        weight = n_choices / (len(origins) * len(origin.employee_ids))
        parts.append(weight * ndcg_of_each(origin, ranker))
    return np.concatenate(parts)


def _check_choices(origins: Sequence[Origin]) -> None:
    for origin in origins:
        if not origin.employee_ids:
            window = origin.window
            raise ConfigurationError(
                f"nobody chose anything from {window.train_until:%Y-%m-%d %H:%M} to "
                f"{window.until:%Y-%m-%d %H:%M}; pass a larger --window-days or another --until"
            )


def _judged(search: Search, windows: Sequence[Window], n_trials: int, seed: int) -> Tuned:
    """Compare the first ``n_trials`` attempts with the recipe they started from."""
    tried = search.tried[: n_trials + 1]
    n_choices, employee = search.asked
    values = np.stack([attempt.values for attempt in tried], axis=1)
    means = values.mean(axis=0)
    gains = values - values[:, :1]
    best = int(np.argmax(means))
    luck = float("nan")
    if len(tried) > 1:
        luck = luck_of_the_best(gains[:, 1:], employee, np.random.default_rng(seed))
    return Tuned(
        tuple(windows),
        n_choices,
        tuple(
            Attempt(attempt.recipe, float(mean), attempt.seconds)
            for attempt, mean in zip(tried, means, strict=True)
        ),
        cluster_bootstrap(gains[:, [best]], employee, np.random.default_rng(seed)),
        luck,
    )
