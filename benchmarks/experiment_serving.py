"""What running experiments cost a feed: finding somebody's arms among many.

Run ``python -m benchmarks.experiment_serving``. Twenty experiments run on one surface, each on its
twentieth of the teams, for 20,000 employees; then feeds ask for the arms of random employees, of
whom a share is new to all of them. A hash of the same key and unit stands beside it for comparison.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from experiments.hashing import bucket_of
from experiments.running.arms import LiveArms
from experiments.running.definition import Definition, Variant, write_definition
from experiments.running.drawing import draw
from recsys.store.database import Database
from recsys.store.experiment_store import ExperimentStore, Step, StoredAssignment
from recsys.store.migration import migrate
from recsys.times import from_micros

__all__ = ["measure"]

_TEAM = 12


def measure(
    n_experiments: int, n_people: int, n_asked: int, new_share: float = 0.02
) -> tuple[float, float, float]:
    """Return microseconds at the median and the 99th percentile, and seconds of the first read."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{folder}/x.db")) as database,
    ):
        migrate(database)
        store = ExperimentStore(database)
        for number in range(n_experiments):
            _begin(store, number, n_experiments, n_people)
        arms, began = LiveArms(store), time.perf_counter()
        arms.refresh()
        read_seconds = time.perf_counter() - began
    rng = np.random.default_rng(0)
    asked = rng.integers(0, int(n_people * (1 + new_share)), n_asked).tolist()
    spent = np.array([_ask(arms, number, n_people) for number in asked])
    return (*(np.quantile(spent, [0.5, 0.99]) / 1e3).tolist(), read_seconds)


def _ask(arms: LiveArms, number: int, n_people: int) -> int:
    team = f"team-{number % (n_people // _TEAM)}"
    began = time.perf_counter_ns()
    arms.of(f"employee-{number}", "portal", lambda _: team)
    return time.perf_counter_ns() - began


def _begin(store: ExperimentStore, number: int, n: int, n_people: int) -> None:
    definition = Definition(
        key=f"experiment-{number}", hypothesis="None.", primary="opens", unit="team",
        variants=(Variant("a", 0.5), Variant("b", 0.5)), layer=(number / n, (number + 1) / n),
    )  # fmt: skip
    at = from_micros(0)
    store.add(definition.key, 1, write_definition(definition), "benchmark", at)
    n_teams = n_people // _TEAM
    drawn = draw(definition, {f"team-{team}": "" for team in range(n_teams)})
    rows = [
        StoredAssignment(
            definition.key, 1, f"employee-{who}", one.unit_id, one.variant, one.source, one.bucket,
            one.place, one.stratum, 0,
        )
        for one in drawn
        for who in range(int(one.unit_id.removeprefix("team-")), n_people, n_teams)
    ]  # fmt: skip
    store.change(
        definition.key, 1, "benchmark", "start", at, expected=["draft"], status="running",
        started_at=at, ramp=[Step(0, 1.0)], assignments=rows,
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=20)
    parser.add_argument("--employees", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=50_000)
    options = parser.parse_args(arguments)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    median, tail, read = measure(options.experiments, options.employees, options.asked)
    print(
        f"{options.experiments} experiments, {options.employees:,} employees: an employee's arms "
        f"in {median:.1f} µs (99 %: {tail:.1f} µs); all read in {read:.1f} s"
    )
    began = time.perf_counter_ns()
    for number in range(1_000):
        bucket_of("experiment-1", f"employee-{number}")
    print(f"one GrowthBook hash: {(time.perf_counter_ns() - began) / 1e6:.1f} µs")


if __name__ == "__main__":
    main()
