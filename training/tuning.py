"""Tuning: other hyper-parameters of the trees, tried on rolling origins within the past.

Features are collected once per origin; an attempt fits only the trees anew, on the same rows. Of
the sampling, only ``max_targets`` can be tried that way: it keeps the latest choices. Which of a
choice's other candidates were drawn as likely and which at random is not in its rows. One
approximation: with fewer choices, training would also place its affinity snapshots differently.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError
from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap, luck_of_the_best
from recsys.evaluation.origins import Window, check_history, choice_times
from recsys.fitting import Progress, Recipe
from recsys.ids import IdMap
from recsys.ranker.lambdarank import MIN_QUESTIONS, fit_ranker
from training.recipe import flatten, with_values
from training.tuning_rows import Origin, collect_origin, known_before, latest, ndcg_of_each

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["RANKER_RANGES", "Attempt", "Range", "Tuned", "tune"]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a hyper-parameter is looked for, both ends included; ``is_log`` = by its ratios."""

    low: float
    high: float
    is_log: bool = False


RANKER_RANGES: Mapping[str, Range] = {
    # Twice the default's trees, of leaves for which scoring has its fast path: a feed waits for it.
    "ranker.n_trees": Range(60, 300),
    "ranker.n_leaves": Range(7, 31),
    "ranker.learning_rate": Range(0.02, 0.2, is_log=True),
    "ranker.min_rows_in_leaf": Range(10, 300, is_log=True),
    "ranker.feature_share": Range(0.3, 1.0),
    "ranker.truncation_level": Range(5, 60),
    "ranker.l2": Range(0.1, 30.0, is_log=True),
}
"""Hyper-parameter → range, widened to hold the value it starts from."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A recipe and its NDCG@10, the mean over origins."""

    recipe: Recipe
    ndcg: float


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


def tune(
    dataset: Dataset,
    windows: Sequence[Window],
    *,
    recipe: Recipe,
    n_trials: int,
    seed: int,
    progress: Progress,
) -> Tuned:
    """Try ``n_trials`` recipes beside ``recipe`` in every window, by their mean NDCG@10.

    Nothing from the end of the last window on is looked at. Each window is ranked by trees fitted
    on what was known before it; all shortlisted candidates of a choice are ranked. Tree-structured
    Parzen estimator (Bergstra et al. 2011) with a fixed seed, one attempt after the other: the same
    arguments give the same answer. Raises :class:`ConfigurationError` for windows without history
    or without choices, and where Optuna is not installed.
    """
    past = known_before(dataset, windows[-1].until)
    check_history(windows, choice_times(past))
    origins = [
        collect_origin(past, window, recipe=recipe, seed=seed, progress=progress)
        for window in windows
    ]
    _check_choices(origins)
    values = [_values(origins, recipe, seed)]
    recipes = [recipe]

    def try_out(other: Recipe) -> float:
        values.append(_values(origins, other, seed))
        recipes.append(other)
        progress("try recipes", len(recipes) - 1, n_trials)
        return float(values[-1].mean())

    _search(recipe, float(values[0].mean()), try_out, n_trials=n_trials, seed=seed)
    return _judged(origins, recipes, np.stack(values, axis=1), seed)


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


def _search(
    start: Recipe, ndcg: float, try_out: Callable[[Recipe], float], *, n_trials: int, seed: int
) -> None:
    """Let Optuna propose recipes, knowing what ``start`` reached."""
    try:
        import optuna
    except ModuleNotFoundError:
        raise ConfigurationError(
            "tuning needs Optuna, which is not installed; run `pip install 'recsys[tune]'`"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given = flatten(start)
    space = {name: _distribution(given[name], ends) for name, ends in _ranges(start).items()}
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    known = {name: given[name] for name in space}
    study.add_trial(optuna.trial.create_trial(params=known, distributions=space, value=ndcg))
    for _ in range(n_trials):
        trial = study.ask(space)
        study.tell(trial, try_out(with_values(start, _readable(trial.params))))


def _ranges(start: Recipe) -> dict[str, Range]:
    most = start.sampling.max_targets
    # Recent choices may teach more than many; more than were collected cannot be tried.
    fewest = min(most, max(MIN_QUESTIONS, most // 8))
    return {**RANKER_RANGES, "sampling.max_targets": Range(fewest, most, is_log=True)}


def _distribution(given: float, ends: Range) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high = min(ends.low, given), max(ends.high, given)
    if isinstance(given, int):
        return IntDistribution(int(low), int(high), log=ends.is_log)
    return FloatDistribution(low, high, log=ends.is_log)


def _readable(proposed: Mapping[str, float]) -> dict[str, float]:
    """Return the proposal with three digits, as it is tried and as it will stand in the file."""
    return {k: v if isinstance(v, int) else float(f"{v:.3g}") for k, v in proposed.items()}


def _judged(
    origins: Sequence[Origin], recipes: Sequence[Recipe], values: npt.NDArray[np.float64], seed: int
) -> Tuned:
    ids = IdMap()
    employee = np.array([ids.add(name) for origin in origins for name in origin.employee_ids])
    means = values.mean(axis=0)
    gains = values - values[:, :1]
    best = int(np.argmax(means))
    return Tuned(
        tuple(origin.window for origin in origins),
        tuple(len(origin.employee_ids) for origin in origins),
        tuple(Attempt(recipe, float(m)) for recipe, m in zip(recipes, means, strict=True)),
        cluster_bootstrap(gains[:, [best]], employee, np.random.default_rng(seed)),
        luck_of_the_best(gains[:, 1:], employee, np.random.default_rng(seed)),
    )
