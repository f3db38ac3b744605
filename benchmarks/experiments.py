"""Whether the experiment statistics are right, and how fast they are.

Run ``python -m benchmarks.experiments``; ``--runs`` sets the number of simulated experiments a line
(10,000; with daily looks 2,000). Every line analyses tables whose truth is known with
``experiments.analyze``, as a user would, and says how often an effect was claimed where there is
none and how often the interval that decides held the truth; both in per cent, with twice the
standard error of that share. Below, the time for many large experiments, beside the same figures
from one call of SciPy and statsmodels per metric.
"""

import argparse
import os
import platform
import warnings
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats

from benchmarks.experiment_worlds import DailyWorld, LookRule, World, alarms, errors
from experiments import analyze

_SEED = 1

PEOPLE = (
    World("people, mean"),
    World("people, mean, effect differs between people", effect=0.2, effect_spread=0.5),
    World("people, skewed mean (log-normal)", kind="skewed"),
    World("people, proportion", kind="proportion", effect=0.05),
    World("people, ratio", kind="ratio", effect=0.02),
    World("people, mean less covariate", kind="covariate", effect=0.2),
)
TEAMS = tuple(
    World(f"{n} teams, sizes vary {cv}, ICC {icc}", n_teams=n, size_cv=cv, icc=icc)
    for n in (10, 20, 100)
    for cv in (0.3, 0.8)
    for icc in (0.0, 0.05, 0.1)
)
_TEN = World("10 teams, sizes vary 0.8, ICC 0.05", n_teams=10, size_cv=0.8, icc=0.05)
TEAMS_TOO = (
    World("40 teams, sizes vary 0.8, ICC 0.1", n_teams=40, size_cv=0.8, icc=0.1),
    replace(_TEN, name="10 teams, effect", effect=0.3),
    replace(_TEN, name="10 teams, effect differs between teams", effect=0.3, effect_spread=0.3),
    replace(_TEN, name="10 teams, proportion", kind="proportion"),
    replace(_TEN, name="10 teams, ratio", kind="ratio"),
)


_PEOPLE, _FEW, _MANY = (
    World("", n_people=1000), World("", n_teams=10, size_cv=0.8),
    World("", n_teams=100, size_cv=0.8),
)  # fmt: skip
DECISION, PUBLISHED = "decision_p_value", "p_value"
DAILY: tuple[tuple[DailyWorld, LookRule, float, str], ...] = (
    (DailyWorld("1,000 people, one test a day at 5 %", _PEOPLE), "once", 5000, DECISION),
    (DailyWorld("1,000 people, always valid", _PEOPLE), "always_valid", 5000, DECISION),
    (DailyWorld("1,000 people, always valid, N* 1,000", _PEOPLE), "always_valid", 1000, DECISION),
    (DailyWorld("1,000 people, 30 planned looks", _PEOPLE), "planned", 5000, DECISION),
    (DailyWorld("10 teams, always valid, N* 10", _FEW), "always_valid", 10, DECISION),
    (DailyWorld("10 teams, the same as published", _FEW), "always_valid", 10, PUBLISHED),
    (DailyWorld("10 teams, 30 planned looks", _FEW), "planned", 5000, DECISION),
    (DailyWorld("100 teams, always valid, N* 100", _MANY), "always_valid", 100, DECISION),
    (DailyWorld("100 teams, 30 planned looks", _MANY), "planned", 5000, DECISION),
)


def main() -> None:
    """Print one line per world, then the timings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--daily-runs", type=int, default=2_000)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--only", choices=["people", "teams", "daily", "speed"])
    asked = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy "
        f"{np.__version__}, SciPy {scipy.__version__}, statsmodels {statsmodels.__version__}, seed "
        f"{_SEED}"
    )
    if asked.only in (None, "people"):
        _print_errors(PEOPLE, asked.runs)
    if asked.only in (None, "teams"):
        _print_errors(TEAMS, asked.runs)
        _print_errors(TEAMS_TOO, asked.runs)
    if asked.only in (None, "daily"):
        _print_alarms(asked.daily_runs)
    if asked.only in (None, "speed"):
        _print_speed(asked.experiments)


def _print_errors(worlds: tuple[World, ...], n_runs: int) -> None:
    print(f"\n{n_runs:,} experiments a line: false alarms without effect | truth within interval")
    for world in worlds:
        began = perf_counter()
        nothing = replace(world, effect=0.0, effect_spread=0.0)
        true = false = errors(nothing, n_runs, seed=_SEED)
        if world.effect:
            true = errors(world, n_runs, seed=_SEED + 1)
        print(
            f"{world.name:48} {_percent(false.rejected_share, n_runs)} | "
            f"{_percent(true.covered_share, n_runs)}   ({perf_counter() - began:.0f} s)",
            flush=True,
        )


def _print_alarms(n_runs: int) -> None:
    print(f"\n{n_runs:,} experiments a line, no effect, looked at on 30 days: any alarm")
    for world, rule, tuned_to, figure in DAILY:
        began = perf_counter()
        share = alarms(world, n_runs, rule, tuned_to, seed=_SEED, figure=figure)
        print(f"{world.name:48} {_percent(share, n_runs)}   ({perf_counter() - began:.0f} s)",
              flush=True)  # fmt: skip


def _percent(share: float, n_runs: int) -> str:
    return f"{100 * share:5.2f} ± {200 * (share * (1 - share) / n_runs) ** 0.5:.2f}"


def _print_speed(n_experiments: int) -> None:
    n_people, n_metrics = 20_000, 20
    frame = _large(n_people, n_metrics)
    names = [f"y{i}" for i in range(n_metrics)]
    print(f"\n{n_experiments} experiments of {n_people:,} people and {n_metrics} metrics each")
    ways: tuple[tuple[str, Callable[[], Any], int], ...] = (
        ("people", lambda: _analyze(frame, names), n_experiments),
        ("people, covariate", lambda: _analyze(frame, names, covariate="x"), n_experiments),
        ("1,600 teams", lambda: _analyze(frame, names, cluster="team"), n_experiments),
        ("20 sites", lambda: _analyze(frame, names, cluster="site"), n_experiments),
        ("peer: scipy.stats.ttest_ind", lambda: _scipy(frame, names), 10),
        ("peer: statsmodels OLS, HC3", lambda: _statsmodels(frame, names), 2),
        ("peer: statsmodels OLS, clusters", lambda: _statsmodels(frame, names, "team"), 2),
    )
    for name, call, times in ways:
        began, busy = perf_counter(), process_time()
        for _ in range(times):
            call()
        factor = n_experiments / times
        seconds, busy = factor * (perf_counter() - began), factor * (process_time() - busy)
        scaled = "" if times == n_experiments else f", measured on {times}"
        print(f"{name:34} {seconds:7.1f} s, {busy:7.1f} s of one core{scaled}", flush=True)


def _large(n_people: int, n_metrics: int) -> pd.DataFrame:
    rng = np.random.default_rng(_SEED)
    team = np.sort(rng.integers(1_600, size=n_people))
    site = team % 20
    # Whole sites are in one arm, so that teams and people are too.
    columns = {f"y{i}": rng.lognormal(size=n_people) for i in range(n_metrics)}
    roster = {"id": [f"e-{i}" for i in range(n_people)], "team": team, "site": site,
              "arm": np.where(site % 2, "b", "a"), "x": rng.normal(size=n_people)}  # fmt: skip
    return pd.DataFrame(roster | columns)


def _analyze(
    frame: pd.DataFrame, names: list[str], covariate: str | None = None, cluster: str | None = None
) -> dict[str, Any]:  # fmt: skip
    return analyze(
        frame, variant="arm", control="a", unit="id", metrics=names, covariate=covariate,
        cluster=cluster,
    )  # fmt: skip


def _scipy(frame: pd.DataFrame, names: list[str]) -> list[float]:
    is_b = (frame["arm"] == "b").to_numpy()
    found = []
    for name in names:
        values = frame[name].to_numpy()
        test = stats.ttest_ind(values[is_b], values[~is_b], equal_var=False)
        found += [test.pvalue, test.confidence_interval().low]
    return found


def _statsmodels(frame: pd.DataFrame, names: list[str], cluster: str | None = None) -> list[float]:
    arm = sm.add_constant((frame["arm"] == "b").to_numpy(np.float64))
    options: dict[str, Any] = {"cov_type": "HC3"}
    if cluster is not None:
        options = {"cov_type": "cluster", "cov_kwds": {"groups": frame[cluster]}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [sm.OLS(frame[name].to_numpy(), arm).fit(use_t=True, **options) for name in names]
    return [float(fit.pvalues[1]) for fit in fits]


if __name__ == "__main__":
    main()
