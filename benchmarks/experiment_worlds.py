"""Worlds in which the truth about an experiment is known, and how often the analysis finds it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments import analyze

__all__ = ["DailyWorld", "Errors", "LookRule", "World", "alarms", "errors"]

Float = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["mean", "skewed", "proportion", "ratio", "covariate"]
LookRule = Literal["once", "always_valid", "planned"]


@dataclass(frozen=True, slots=True)
class World:
    """People, perhaps in teams that were randomised whole, and one kind of outcome."""

    name: str
    n_people: int = 500
    """Without teams; else their number follows from the teams."""
    n_teams: int | None = None
    team_size: float = 12
    size_cv: float = 0.3
    """Standard deviation of team sizes over their mean (log-normal)."""
    icc: float = 0.0
    """Share of the variance that lies between teams."""
    kind: Kind = "mean"
    effect: float = 0.0
    effect_spread: float = 0.0
    """Standard deviation of the effect between people, or teams where there are any."""

    def frames(self, n_runs: int, per_roster: int, seed: int) -> Iterator[tuple[pd.DataFrame, int]]:
        """Yield tables, each with a new roster and ``per_roster`` independent outcomes, y0 on."""
        for number, start in enumerate(range(0, n_runs, per_roster)):
            rng = np.random.default_rng([seed, number])
            n = min(per_roster, n_runs - start)
            team, is_treated = self._roster(rng)
            columns = self._outcomes(team, is_treated, n, rng)
            roster = {
                "id": np.arange(len(team)), "team": team, "arm": np.where(is_treated, "b", "a")
            }  # fmt: skip
            yield pd.DataFrame(roster | columns), n

    def _roster(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], Bools]:
        if self.n_teams is None:
            return np.arange(self.n_people), _half(self.n_people, rng)
        variance = np.log(1 + self.size_cv**2)
        sizes = self.team_size * rng.lognormal(-variance / 2, variance**0.5, self.n_teams)
        team = np.repeat(np.arange(self.n_teams), np.maximum(1, np.rint(sizes)).astype(np.intp))
        return team, _half(self.n_teams, rng)[team]

    def _outcomes(
        self, team: npt.NDArray[np.intp], is_treated: Bools, n: int, rng: np.random.Generator
    ) -> dict[str, Float]:
        shape, n_teams = (len(team), n), int(team.max()) + 1
        between = self.icc**0.5 * rng.normal(size=(n_teams, n))[team]
        gains = self.effect + self.effect_spread * rng.normal(size=(n_teams, n))[team]
        lift = is_treated[:, None] * gains
        if self.kind in ("proportion", "ratio"):
            # Between-team variance icc · p (1 − p), as for the means.
            chance = np.clip(0.3 + 0.458 * between + lift, 0.0, 1.0)
            shown = 1 + rng.poisson(4, shape) if self.kind == "ratio" else np.ones(shape, np.int64)
            columns = {"y": rng.binomial(shown, chance).astype(np.float64)}
            columns |= {"d": shown.astype(np.float64)} if self.kind == "ratio" else {}
        else:
            within = (1 - self.icc) ** 0.5 * rng.normal(size=shape)
            values = between + within
            columns = {"y": (np.exp(values) if self.kind == "skewed" else values) + lift}
        found = {f"{name}{i}": table[:, i] for name, table in columns.items() for i in range(n)}
        if self.kind == "covariate":
            # Correlated 0.8 with the first outcome, less with the others.
            found["x"] = found["y0"] - lift[:, 0] + 0.75 * rng.normal(size=len(team))
        return found

    def analyse(
        self, frame: pd.DataFrame, n: int, options: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return the entries of the outcomes of one table."""
        names = [f"y{i}:proportion" if self.kind == "proportion" else f"y{i}" for i in range(n)]
        asked: dict[str, Any] = {**(options or {}), "metrics": names}
        if self.kind == "ratio":
            asked = {**(options or {}), "ratios": [f"y{i}/d{i}" for i in range(n)]}
        if self.kind == "covariate":
            asked["covariate"] = "x"
        if self.n_teams is not None:
            asked["cluster"] = "team"
        found: list[dict[str, Any]] = analyze(
            frame, variant="arm", control="a", unit="id", correction="none", **asked
        )["metrics"]
        return found


@dataclass(frozen=True, slots=True)
class Errors:
    """Shares over many experiments; 0.05 and 0.95 are promised where there is no effect."""

    rejected_share: float
    covered_share: float
    n_runs: int


def errors(
    world: World, n_runs: int, per_roster: int = 20, seed: int = 1
) -> Errors:  # fmt: skip
    """Return how often no effect is rejected at 5 % and how often the interval holds the truth.

    With an effect in the world the first is the power.
    """
    rejected = covered = done = 0
    for frame, n in world.frames(n_runs, per_roster, seed):
        for entry in world.analyse(frame, n):
            low, high = entry["decision_ci"]
            rejected += entry["decision_p_value"] <= 0.05
            covered += low <= world.effect <= high
            done += 1
    return Errors(rejected / done, covered / done, done)


@dataclass(frozen=True, slots=True)
class DailyWorld:
    """The same people day after day: what they did so far is looked at every day."""

    name: str
    roster: World
    n_days: int = 30
    own_share: float = 0.3
    """Share of the variance that is the person's own and stays from day to day."""

    def days(self, n: int, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
        """Yield, day by day, the means so far of ``n`` outcomes without any effect."""
        frame, _ = next(iter(self.roster.frames(n, n, int(rng.integers(2**31)))))
        outcomes = [f"y{i}" for i in range(n)]
        own = self.own_share**0.5 * frame[outcomes].to_numpy()
        total = np.zeros_like(own)
        for day in range(1, self.n_days + 1):
            total += own + (1 - self.own_share) ** 0.5 * rng.normal(size=own.shape)
            yield frame.assign(**dict(zip(outcomes, (total / day).T, strict=True)))


def alarms(
    world: DailyWorld, n_runs: int, rule: LookRule, tuned_to: float = 5000,
    per_roster: int = 50, seed: int = 1, figure: str = "decision_p_value",
) -> float:  # fmt: skip
    """Return the share of experiments without effect in which some day's look finds one.

    ``figure`` is the p-value that is looked at.
    """
    looks = tuple((day + 1) / world.n_days for day in range(world.n_days))
    found = 0
    for number in range(n_runs // per_roster):
        rng = np.random.default_rng([seed, number])
        alarmed = np.zeros(per_roster, np.bool_)
        for day, frame in enumerate(world.days(per_roster, rng), start=1):
            asked: dict[str, Any] = {"sequential": rule == "always_valid", "sequential_n": tuned_to}
            asked |= {"looks": looks, "look": day} if rule == "planned" else {}
            entries = world.roster.analyse(frame, per_roster, asked)
            alarmed |= np.array([entry[figure] <= 0.05 for entry in entries])
        found += int(np.count_nonzero(alarmed))
    return found / (n_runs // per_roster * per_roster)


def _half(n: int, rng: np.random.Generator) -> Bools:
    is_treated = np.zeros(n, np.bool_)
    is_treated[rng.permutation(n)[: n // 2]] = True
    return is_treated
