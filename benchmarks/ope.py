"""Whether off-policy intervals hold the truth: thousands of logs of people with tastes.

Run ``python -m benchmarks.ope``; ``--runs`` sets the logs per setting (1,000). In every setting the
value of the evaluation policy is known. A line says of one estimator: how often its 95 % interval
held that value, clusters being people, among the logs it did not refuse; the same of the cluster
bootstrap and of the naive interval, which takes every action for a person of its own; bias and
root mean squared error; the share of logs it refused. Twice the standard error of a coverage near
95 % is 1.4 points with 1,000 logs. ``--only`` takes settings whose name holds a word;
``--bootstrap-runs`` are the logs of a setting for which the bootstrap draws (250: 2.8 points).
"""

import argparse
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt
import scipy

from benchmarks.ope_worlds import Log, PolicyWorld
from recsys.evaluation.ope import Estimate, dr, dros, ips, snips, switch_dr

__all__ = ["SETTINGS", "Coverage", "coverage"]

_SEED = 1
_Estimator = Callable[..., Estimate]
_WEIGHTED: dict[str, _Estimator] = {"IPS": ips, "SNIPS": snips}
_MODELLED: dict[str, _Estimator] = {"DR": dr, "Switch-DR": switch_dr, "DRos": dros}

SETTINGS = (
    PolicyWorld("near policy", wanted=1.0),
    PolicyWorld("usual: 200 people"),
    PolicyWorld("usual, poor model", is_model_good=False),
    PolicyWorld("usual, continuous", kind="continuous"),
    PolicyWorld("far policy", greed=1.0, wanted=4.0),
    PolicyWorld("opposite policy", greed=1.5, wanted=-3.0),
    PolicyWorld("opposite policy, poor model", greed=1.5, wanted=-3.0, is_model_good=False),
    PolicyWorld("opposite policy, continuous", greed=1.5, wanted=-3.0, kind="continuous"),
    PolicyWorld("opposite policy, 60 people", greed=1.5, wanted=-3.0, n_people=60),
    PolicyWorld("busy people differ", is_busy_different=True),
    PolicyWorld("busy differ, 60 uneven people", n_people=60, size=40.0, is_busy_different=True),
    PolicyWorld("25 people", n_people=25, size=20.0),
    PolicyWorld("25 people, very uneven", n_people=25, size=40.0, size_cv=2.0),
    PolicyWorld("12 people", n_people=12, size=50.0, size_cv=0.5),
    PolicyWorld("6 people", n_people=6, size=100.0, size_cv=0.5),
    PolicyWorld("3 people", n_people=3, size=200.0, size_cv=0.5),
    PolicyWorld("one action each", n_people=1_000, size=1.0, size_cv=0.0),
    PolicyWorld("2,000 people", n_people=2_000),
    PolicyWorld("2,000 people, rare actions", n_people=2_000, floor=0.004, greed=3.0, wanted=-1.0),
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one estimator did over many logs; shares of the logs it did not refuse."""

    covered_share: float
    bootstrap_share: float
    """NaN where none was drawn."""
    naive_share: float
    bias: float
    rmse: float
    refused_share: float


def coverage(
    world: PolicyWorld, n_logs: int, seed: int, *, n_drawn: int = 0
) -> dict[str, Coverage]:
    """Return, by estimator, what it did over ``n_logs`` logs of a world.

    The bootstrap, by far the slowest, draws for the first ``n_drawn`` of them.
    """
    truth = world.truth(seed)
    rows: dict[str, list[list[float]]] = {}
    for number, log in enumerate(world.logs(n_logs, seed)):
        for name, estimate, arguments in _asked(log):
            rows.setdefault(name, []).append(
                _row(estimate, arguments, log, truth, number if number < n_drawn else None)
            )
    return {name: _summary(np.array(found)) for name, found in rows.items()}


def _asked(log: Log) -> list[tuple[str, _Estimator, tuple[npt.NDArray[np.float64], ...]]]:
    weighted = [(name, estimate, log.weighted) for name, estimate in _WEIGHTED.items()]
    return [*weighted, *((name, each, log.modelled) for name, each in _MODELLED.items())]


def _row(
    estimate: _Estimator, arguments: tuple[npt.NDArray[np.float64], ...], log: Log, truth: float,
    draws: int | None,
) -> list[float]:  # fmt: skip
    """Return whether the three intervals held the truth, the error, and whether it was refused."""
    found = estimate(*arguments, clusters=log.people)
    naive = estimate(*arguments)
    drawn = np.nan
    if draws is not None:
        rng = np.random.default_rng([draws, _SEED])
        drawn = _holds(estimate(*arguments, clusters=log.people, bootstrap=rng), truth)
    return [
        _holds(found, truth), drawn, _holds(naive, truth), found.value - truth,
        found.verdict != "ok",
    ]  # fmt: skip


def _holds(found: Estimate, truth: float) -> float:
    return float(found.interval[0] <= truth <= found.interval[1])


def _summary(rows: npt.NDArray[np.float64]) -> Coverage:
    refused = float(rows[:, 4].mean())
    kept = rows[rows[:, 4] == 0]
    if len(kept) == 0:
        return Coverage(np.nan, np.nan, np.nan, np.nan, np.nan, refused)
    held, _, naive, error = kept[:, :4].mean(axis=0).tolist()
    drawn = kept[~np.isnan(kept[:, 1]), 1]
    bootstrap = float(drawn.mean()) if len(drawn) else np.nan
    return Coverage(
        held, bootstrap, naive, error, float(np.sqrt((kept[:, 3] ** 2).mean())), refused
    )  # fmt: skip


def main() -> None:
    """Print a block per setting, a line per estimator; Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--bootstrap-runs", type=int, default=250)
    asked = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy "
        f"{np.__version__}, SciPy {scipy.__version__}, seed {_SEED}, {asked.runs:,} logs a setting"
    )
    print("\n| setting (true value) | estimator | covered | bootstrap | naive | bias | RMSE |"
          " refused |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    began = perf_counter()
    for world in SETTINGS:
        if asked.only in world.name:
            found = coverage(world, asked.runs, _SEED, n_drawn=asked.bootstrap_runs)
            _print(world, found)
    print(f"\n{perf_counter() - began:.0f} s")


def _print(world: PolicyWorld, found: dict[str, Coverage]) -> None:
    title = f"{world.name} ({world.truth(_SEED):.3f})"
    for name, each in found.items():
        shares = (each.covered_share, each.bootstrap_share, each.naive_share)
        cells = [_cell(share, ".1%") for share in shares]
        cells += [_cell(each.bias, "+.4f"), _cell(each.rmse, ".4f"), f"{each.refused_share:.1%}"]
        print(f"| {title} | {name} | {' | '.join(cells)} |", flush=True)
        title = ""


def _cell(number: float, form: str) -> str:
    return "–" if np.isnan(number) else format(number, form)


if __name__ == "__main__":
    main()
