"""The search through recipes: Optuna proposes, and its own database keeps what was tried.

A finished attempt is there with the NDCG@10 of every choice, so a search that was killed goes on
where it was and ends as an undisturbed one. Who chose is a number within the search, no id.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ConfigurationError
from recsys.fitting import Recipe
from recsys.ranker.lambdarank import MIN_QUESTIONS
from training.recipe import flatten, with_values

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage

__all__ = ["RANKER_RANGES", "SEARCHED", "Range", "Search", "Tried", "open_search"]

Floats = npt.NDArray[np.float64]

_KEPT = 8
"""Searches that stay in the database, the latest: about a megabyte each."""


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

SEARCHED = (*RANKER_RANGES, "sampling.max_targets")
"""All hyper-parameters that are searched."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A recipe and what it reached."""

    recipe: Recipe
    values: Floats
    """NDCG@10 of every choice, weighted so that the mean is that over origins; shape (n,)."""
    seconds: float


class Search:
    """One search from one recipe: the same key, start and seed propose the same recipes.

    A proposal follows from the seed and from what has been tried, not from when it is asked for.
    """

    def __init__(self, study: "optuna.Study", start: Recipe, seed: int) -> None:
        self._study = study
        self._start = start
        self._seed = seed
        given = flatten(start)
        self._space = {name: _distribution(given[name], r) for name, r in _ranges(start).items()}
        self._drop_unfinished()

    @property
    def tried(self) -> list[Tried]:
        """Return what was tried, in order; the first is the recipe it starts from."""
        return [
            Tried(
                self._recipe(trial.params, is_start=place == 0),
                np.array(trial.user_attrs["values"]),
                float(trial.user_attrs["seconds"]),
            )
            for place, trial in enumerate(self._complete())
        ]

    @property
    def asked(self) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
        """Return choices by window, and who made each of them; needs :meth:`begin`."""
        attributes = self._study.user_attrs
        return tuple(attributes["n_choices"]), np.array(attributes["employee"], np.int64)

    @property
    def has_begun(self) -> bool:
        """Whether the recipe it starts from was tried."""
        return bool(self._complete())

    def begin(
        self, n_choices: Sequence[int], employee: npt.NDArray[np.int64], tried: Tried
    ) -> None:
        """Say what is judged on, and what the recipe to start from reached."""
        from optuna.trial import create_trial

        self._study.set_user_attr("n_choices", list(n_choices))
        self._study.set_user_attr("employee", employee.tolist())
        given = flatten(self._start)
        known = create_trial(
            params={name: given[name] for name in self._space}, distributions=self._space,
            value=float(tried.values.mean()), user_attrs=_attributes(tried.values, tried.seconds),
        )  # fmt: skip
        self._study.add_trial(known)

    def propose(self) -> tuple["optuna.Trial", Recipe]:
        """Return a handle for :meth:`keep` and a recipe to try.

        Tree-structured Parzen estimator (Bergstra et al. 2011).
        """
        from optuna.samplers import TPESampler

        # A sampler's own state would be lost with its process, so each proposal has its own.
        state = np.random.SeedSequence([self._seed, len(self._complete())]).generate_state(1)
        self._study.sampler = TPESampler(seed=int(state[0]))
        trial = self._study.ask(self._space)
        return trial, self._recipe(trial.params)

    def keep(self, trial: "optuna.Trial", values: Floats, seconds: float) -> None:
        """Keep what a proposal reached; it counts only when all of it is written."""
        for name, value in _attributes(values, seconds).items():
            trial.set_user_attr(name, value)
        self._study.tell(trial, float(values.mean()), skip_if_finished=True)

    def _complete(self) -> "list[optuna.trial.FrozenTrial]":
        from optuna.trial import TrialState

        return self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def _drop_unfinished(self) -> None:
        """Give up what a killed process was trying; it will be proposed again."""
        from optuna.trial import TrialState

        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)

    def _recipe(self, params: Mapping[str, Any], *, is_start: bool = False) -> Recipe:
        return self._start if is_start else with_values(self._start, _readable(params))


@contextmanager
def open_search(database: Path | None, key: str, start: Recipe, seed: int) -> Iterator[Search]:
    """Open a search, in memory without a ``database``; a key that is known there goes on.

    Raises :class:`ConfigurationError` where Optuna is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise ConfigurationError(
            "tuning needs Optuna, which is not installed; run `pip install 'recsys[tune]'`"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if database is None:
        yield Search(optuna.create_study(direction="maximize"), start, seed)
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{database.resolve().as_posix()}")
    try:
        study = optuna.create_study(
            direction="maximize", storage=storage, study_name=key, load_if_exists=True
        )
        _forget_oldest(storage)
        yield Search(study, start, seed)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _forget_oldest(storage: "BaseStorage") -> None:
    import optuna

    names = optuna.get_all_study_names(storage)  # in the order they were made
    for name in names[:-_KEPT]:
        optuna.delete_study(study_name=name, storage=storage)


def _attributes(values: Floats, seconds: float) -> dict[str, Any]:
    return {"values": values.tolist(), "seconds": seconds}


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
