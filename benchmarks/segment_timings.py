"""How long segments take: one employee, everybody for audience rules, and learning.

Run ``python -m benchmarks.segment_timings``. Showings of a simulated company are dealt out again to
as many employees as wanted; they make no sense any more, but cost what others do.
"""

import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.catalogue.catalogue import Catalogue
from recsys.engine import DEFAULT_LATENESS
from recsys.segments.fitting import fit_segments, starts_of
from recsys.segments.profile import read_profiles
from recsys.segments.segments import Segments
from recsys.simulator.config import DEFAULT_START, Scenario
from recsys.simulator.simulated import open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.state.histories import Histories
from recsys.state.live import LiveState
from recsys.times import to_micros

__all__: list[str] = []

_DAYS = 60


def main() -> None:
    """Print a line per task."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    at = to_micros(DEFAULT_START + timedelta(days=_DAYS))
    state = _company(at)
    catalogue, showings = state.catalogue, state.showings.everybody()
    seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
    model = fit_segments(showings, seconds, at)
    assert model is not None
    segments = Segments(model, state)
    known = np.flatnonzero(np.bincount(showings.employee) >= 60).tolist()
    segments.of(known[0], at)  # compiles
    taken = sorted(_seconds(lambda e=e: segments.of(e, at)) for e in known)  # type: ignore[misc]  # bound now
    print(
        f"of one employee: median {taken[len(taken) // 2] * 1e6:.0f} µs, most {taken[-1] * 1e6:.0f}"
    )
    for n, each in ((20_000, 150), (100_000, 30)):
        rows = np.sort(np.random.default_rng(0).integers(0, len(showings), n * each))
        employee = np.repeat(np.arange(n, dtype=np.int32), each)
        many = replace(showings.take(rows), employee=employee)
        short = model.yardstick.expectation.shortness(seconds[many.content, many.form])
        starts, yardstick = starts_of(many), model.yardstick
        profiles = _seconds(lambda: read_profiles(many, starts, short, yardstick, at))  # noqa: B023  (called at once)
        fit = _seconds(lambda: fit_segments(many, seconds, at))  # noqa: B023
        print(f"{n:,} x {each} showings: profiles {profiles:.2f} s, learning {fit:.1f} s")
    _deal(state, 100_000, 30)
    for _ in range(2):
        print(f"codes of 100,000 x 30 marks: {_seconds(lambda: segments.codes(at)):.2f} s")


def _company(at: int) -> LiveState:
    with tempfile.TemporaryDirectory() as folder:
        data, truth = Path(folder) / "data", Path(folder) / "truth"
        simulate_company(Scenario(employees=300, days=_DAYS, seed=2), data, truth)
        dataset = open_simulated(data, truth).dataset
    state = LiveState(Catalogue.of(dataset), lateness_us=DEFAULT_LATENESS)
    state.observe(state.catalogue.encode(dataset["events"]))
    state.advance(at)
    return state


def _deal(state: LiveState, n: int, each: int) -> None:
    """Give ``each`` marks to each of ``n`` employees."""
    arrays = state.showings.arrays()
    total = len(arrays["mark.at"])
    rows = np.random.default_rng(0).integers(0, total, (n, each))
    rows = np.take_along_axis(rows, np.argsort(arrays["mark.at"][rows], axis=1), axis=1).ravel()
    dealt = {name: array[rows] for name, array in arrays.items() if name != "size"}
    state.showings = Histories()
    state.showings.restore(dealt | {"size": np.full(n, each)})
    frame = state.catalogue.frames()["employees"].drop_duplicates("employee_id")
    copies = pd.concat([frame] * (n // len(frame) + 1), ignore_index=True).iloc[len(frame) : n]
    names = [f"copy-{i}" for i in range(len(copies))]
    state.catalogue.upsert("employees", copies.assign(employee_id=names), valid_from=0)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
