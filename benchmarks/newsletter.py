"""How fast an issue is planned for everybody, and what it is worth where people answer.

Run ``python -m benchmarks.newsletter``: picks of ten items in three sections for 20,000 people out
of 5,000 live contents, in two processes that each hold the whole state, as the job has it; then,
in the same run and shapes, a bare matrix product with the ten best of each row, which is what a
list without rules, seen contents, formats and reasons would cost. The company is the noise of
:mod:`benchmarks.engine`. ``--sizes 20000 100000`` shows how time and memory grow. Seconds are of
wall time and of processors: on a machine that is used by others only the latter mean anything.

``--worth`` measures completed reads instead (:mod:`benchmarks.newsletter_worth`).
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # with scikit-learn

from benchmarks.engine import RECIPE, company
from benchmarks.newsletter_worth import WORTH_SEED, print_worth
from benchmarks.own_process import in_own_process, peak_gib
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.engine import Engine
from recsys.newsletter.picks import pack
from recsys.newsletter.plan import IssuePlan, SectionPlan
from recsys.newsletter.policy import IssuePolicy
from recsys.newsletter.shortages import count_shortages
from recsys.schema import TABLES
from recsys.simulator.config import WORLDS

__all__ = ["SECTIONS", "picks_of"]

SECTIONS = (
    SectionPlan("for_you", 5, max_per_author=2),
    SectionPlan("topics", 3, topics=("topic1", "topic2", "topic3", "topic4")),
    SectionPlan("elsewhere", 2, min_other_department=2),
)
_CONTENTS, _ITEMS, _FACTORS = 5_000, 10, 64
_EVENTS_PER_EMPLOYEE = 30
_MOST_EVENTS = 2_000_000
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Share:
    """What one process did."""

    people: int
    mails: int
    full: int
    wall_seconds: float
    cpu_seconds: float
    loading_seconds: float
    peak_gib: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000], help="employees")
    parser.add_argument("--contents", type=int, default=_CONTENTS)
    parser.add_argument("--worth", action="store_true", help="completed reads instead of time")
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[WORTH_SEED], help="of --worth")
    parser.add_argument("--employees", type=int, default=400, help="of --worth")
    options = parser.parse_args(arguments)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    if options.worth:
        print_worth(options.worlds, options.seeds, options.employees)
        return
    for n_employees in options.sizes:
        _print_size(n_employees, options.contents)


def _print_size(n_employees: int, n_contents: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder, "bundle")
        print(in_own_process(_make, bundle, n_employees, n_contents), flush=True)
        shares = _shares(bundle)
        print(in_own_process(_look_ahead, bundle, n_employees))
    people = sum(share.people for share in shares)
    cpu = sum(share.cpu_seconds for share in shares)
    print(
        f"  picks: {people:,} people, {sum(s.mails for s in shares):,} mails, "
        f"{sum(s.full for s in shares):,} of them full, in {_PROCESSES} processes: "
        f"{max(s.wall_seconds for s in shares):.1f} s wall, {cpu:.1f} s processors "
        f"({1e3 * cpu / people:.2f} ms each, {cpu / _PROCESSES:.1f} s on {_PROCESSES} free cores), "
        f"after {max(s.loading_seconds for s in shares):.1f} s of loading; peaks add up to "
        f"{sum(s.peak_gib for s in shares):.2f} GiB"
    )
    print(in_own_process(_peer, n_employees, n_contents), flush=True)


def _make(bundle: Path, n_employees: int, n_contents: int) -> str:
    n_events = min(_EVENTS_PER_EMPLOYEE * n_employees, _MOST_EVENTS)
    frames = company(n_employees, n_contents, n_events)
    known = {name: validate(TABLES[name], frame).frame for name, frame in frames.items()}
    until = known["events"]["occurred_at"].iloc[-1] + timedelta(microseconds=1)
    Engine.fit(Dataset(known), until, recipe=RECIPE, seed=1).save(bundle)
    return f"{n_employees:,} people, {n_contents:,} live contents, {n_events:,} events"


def _shares(bundle: Path) -> list[Share]:
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        return list(pool.map(picks_of, [bundle] * _PROCESSES, range(_PROCESSES)))


def picks_of(bundle: Path, place: int, n_processes: int = _PROCESSES) -> Share:
    """Pick for every ``n_processes``-th employee, packed as they are kept."""
    began = perf_counter()
    engine = Engine.load(bundle)
    loading = perf_counter() - began
    people = engine.state.catalogue.employees.ids.ids[place::n_processes]
    with threadpool_limits(1):
        policy = IssuePolicy(engine, _plan(engine))
        policy.pick(people[0])  # what is compiled, is read from disk
        wall, cpu, mails, full = perf_counter(), process_time(), 0, 0
        for employee_id in people:
            pick = policy.pick(employee_id)
            pack(pick)
            mails += bool(pick.items)
            full += len(pick.items) == _ITEMS
        return Share(
            len(people), mails, full, perf_counter() - wall, process_time() - cpu, loading,
            peak_gib(),
        )  # fmt: skip


def _plan(engine: Engine) -> IssuePlan:
    return IssuePlan("benchmark", engine.now + timedelta(hours=2), SECTIONS, _ITEMS, seed=1)


def _look_ahead(bundle: Path, n_employees: int) -> str:
    engine = Engine.load(bundle)
    began = process_time()
    found = count_shortages(engine, _plan(engine), np.arange(n_employees, dtype=np.int32))
    seconds = process_time() - began
    return f"  shortages, counted before: {seconds:.1f} s processors, {len(found)} found"


def _peer(n_employees: int, n_contents: int) -> str:
    """Time a product of the same shapes and its ten best, in one thread."""
    rng = np.random.default_rng(1)
    people = rng.standard_normal((n_employees, _FACTORS), np.float32)
    contents = rng.standard_normal((n_contents, _FACTORS), np.float32)
    with threadpool_limits(1):
        began = process_time()
        for start in range(0, n_employees, 500):
            scores = people[start : start + 500] @ contents.T
            best = np.argpartition(-scores, _ITEMS, axis=1)[:, :_ITEMS]
            np.take_along_axis(scores, best, axis=1).argsort(axis=1)
        seconds = process_time() - began
    return (
        f"  peer: bare {n_employees:,} × {_FACTORS} × {n_contents:,} product and its {_ITEMS} "
        f"best: {seconds:.1f} s processors ({1e3 * seconds / n_employees:.3f} ms each)"
    )


if __name__ == "__main__":
    main()
