"""Logs of a policy whose every alternative has a known value: people with tastes of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Log", "PolicyWorld"]

Float = npt.NDArray[np.float64]

_ACTIONS = 4
"""As many as a story has renditions at most."""
_BASE = np.array([-1.6, -1.2, -0.8, -0.4])
"""Log odds of a reward by action, before tastes."""
_MANY = 200_000
"""People whose mean is taken for the truth: it is known to a twentieth of a usual interval."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log, as the estimators take it: n actions."""

    rewards: Float
    propensities: Float
    evaluation_probabilities: Float
    logged_predictions: Float
    evaluation_predictions: Float
    people: npt.NDArray[np.int64]
    """(n,), who was asked."""

    @property
    def weighted(self) -> tuple[Float, Float, Float]:
        """Return what estimators without a reward model take."""
        return self.rewards, self.propensities, self.evaluation_probabilities

    @property
    def modelled(self) -> tuple[Float, Float, Float, Float, Float]:
        """Return what estimators with a reward model take."""
        return *self.weighted, self.logged_predictions, self.evaluation_predictions


@dataclass(frozen=True, slots=True)
class PolicyWorld:
    """Who is asked how often, how the log was drawn, what is asked of it."""

    name: str
    n_people: int = 200
    size: float = 10.0
    """Mean actions of one person, 1 at least."""
    size_cv: float = 1.0
    """Spread of that: log-normal, rounded."""
    taste: float = 1.0
    """Standard deviation between people of the log odds of a reward, by action."""
    is_busy_different: bool = False
    """Whether those who are asked often are rewarding more often."""
    greed: float = 0.7
    """The logging policy shows what it believes to be liked, in proportion to exp(greed · x)."""
    wanted: float = 1.5
    """The same of the evaluation policy; negative: it shows what is believed to be disliked."""
    floor: float = 0.03
    """Least probability of an action with either; the default is the engine's own."""
    is_model_good: bool = True
    """Whether the reward model knows actions and beliefs, or is one constant, far too high."""
    kind: Literal["binary", "continuous"] = "binary"
    """Rewards: completed or not; or the same chance as seconds, gamma-distributed, long-tailed."""

    def logs(self, n_logs: int, seed: int) -> Iterator[Log]:
        """Yield independent logs, each of new people."""
        for child in np.random.SeedSequence(seed).spawn(n_logs):
            yield self._log(np.random.default_rng(child), self.n_people)

    def truth(self, seed: int) -> float:
        """Return the mean reward per action that the evaluation policy would have had."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1 << 30,)))
        n, tastes, beliefs = self._people(rng, _MANY)
        chance = _chance(tastes)
        value = (self._policy(beliefs, self.wanted) * chance).sum(axis=1)
        return float((n * value).sum() / n.sum())

    def _people(
        self, rng: np.random.Generator, n_people: int
    ) -> tuple[npt.NDArray[np.int64], Float, Float]:
        """Return how often each is asked, their log odds by action and what is believed of them."""
        spread = np.sqrt(np.log1p(self.size_cv**2))
        z = rng.normal(size=n_people)
        n = np.maximum(np.rint(self.size * np.exp(spread * z - spread**2 / 2)), 1).astype(np.int64)
        x = rng.normal(size=(n_people, _ACTIONS))
        tastes = _BASE + self.taste * x
        if self.is_busy_different:
            tastes += 0.7 * z[:, None]
        beliefs = 0.7 * x + 0.7 * rng.normal(size=x.shape)
        return n, tastes, beliefs

    def _log(self, rng: np.random.Generator, n_people: int) -> Log:
        n, tastes, beliefs = self._people(rng, n_people)
        people = np.repeat(np.arange(n_people), n)
        rows = np.arange(len(people))
        logging = self._policy(beliefs, self.greed)[people]
        wanted = self._policy(beliefs, self.wanted)[people]
        taken = (logging.cumsum(axis=1) > rng.random((len(rows), 1))).argmax(axis=1)
        chance = _chance(tastes)[people]
        rewards = self._rewards(rng, chance[rows, taken])
        model = _model(beliefs, self.is_model_good)[people]
        return Log(
            rewards, logging[rows, taken], wanted[rows, taken], model[rows, taken],
            (model * wanted).sum(axis=1), people,
        )  # fmt: skip

    def _policy(self, beliefs: Float, greed: float) -> Float:
        """Return the probability of each action, shape (n, n_actions)."""
        weight = np.exp(greed * beliefs)
        share = weight / weight.sum(axis=1, keepdims=True)
        return np.asarray(self.floor + (1 - self.floor * _ACTIONS) * share)

    def _rewards(self, rng: np.random.Generator, chance: Float) -> Float:
        if self.kind == "binary":
            return (rng.random(len(chance)) < chance).astype(np.float64)
        return rng.gamma(0.5, 2.0 * chance)


def _chance(tastes: Float) -> Float:
    return np.asarray(1.0 / (1.0 + np.exp(-tastes)))


def _model(beliefs: Float, is_good: bool) -> Float:
    """Return the modelled reward of each action; a good model knows no more than policies do."""
    if not is_good:
        return np.full(beliefs.shape, 0.8)
    return _chance(0.85 * (_BASE + 0.6 * beliefs))
