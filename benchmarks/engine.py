"""How fast the engine is where it is asked most: observing and ranking, in one thread.

Run ``python -m benchmarks.engine``; ``--contents``, ``--employees`` and ``--events`` set the size.
The company is noise in the shape of a real one: activity and popularity are skewed, and most reads
go to contents that are hours old. Peers in the same run: a plain list (sorting the same candidates
by decayed popularity), and the trees without a shortlist.
"""

import argparse
import platform
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.engine import Engine
from recsys.fitting import Recipe
from recsys.schema import TABLES

_END = datetime(2026, 6, 1, 9, tzinfo=UTC)
_DAYS = 60
_WARM_UP, _ASKED = 50, 1_000
RECIPE = replace(
    Recipe(),
    sampling=replace(Recipe().sampling, max_targets=2_000),
    snapshots=replace(Recipe().snapshots, n_snapshots=1),
)


def company(n_employees: int, n_contents: int, n_events: int) -> dict[str, pd.DataFrame]:
    """Return raw frames; events in time order, nine impressions for one open."""
    rng = np.random.default_rng(1)
    published = np.sort(rng.uniform(0, _DAYS, n_contents))
    people = [f"e{i}" for i in range(n_employees)]
    employees = pd.DataFrame(
        {
            "employee_id": people,
            "department": [f"d{i % 20}" for i in range(n_employees)],
            "team_id": [f"t{i // 12}" for i in range(n_employees)],
            "site": [f"s{i % 7}" for i in range(n_employees)],
        }
    )
    contents = pd.DataFrame(
        {
            "content_id": [f"c{i}" for i in range(n_contents)],
            "title": [f"word{i % 97} word{i % 89} word{i % 83}" for i in range(n_contents)],
            "published_at": _moments(published),
            "author_id": [people[i] for i in rng.integers(0, min(300, n_employees), n_contents)],
            "owner_department": [f"d{i}" for i in rng.integers(0, 20, n_contents)],
            "topics": [f"topic{i};topic{j}" for i, j in rng.integers(0, 30, (n_contents, 2))],
            "content_type": "news",
            "language": "en",
        }
    )
    days = np.sort(rng.uniform(published[0], _DAYS, n_events))
    newest = np.searchsorted(published, days) - 1
    content = np.maximum(newest - rng.geometric(0.02, n_events), 0)
    employee = (n_employees * rng.beta(0.6, 2.0, n_events)).astype(int)
    events = pd.DataFrame(
        {
            "event_id": [f"v{i}" for i in range(n_events)],
            "event_type": np.where(rng.random(n_events) < 0.1, "open", "impression"),
            "employee_id": [people[i] for i in employee],
            "occurred_at": _moments(days),
            "content_id": [f"c{i}" for i in content],
            "position": rng.integers(1, 13, n_events),
        }
    )
    return {"employees": employees, "contents": contents, "events": events}


def _moments(days: npt.NDArray[np.float64]) -> pd.DatetimeIndex:
    start = pd.Timestamp(_END - timedelta(days=_DAYS))
    return start + pd.to_timedelta((days * 86_400e6).astype(np.int64), unit="us")


def _print(label: str, seconds: list[float]) -> None:
    p50, p99 = np.percentile(np.array(seconds[_WARM_UP:]) * 1e3, [50, 99])
    print(f"{label:<44} p50 {p50:8.3f} ms   p99 {p99:8.3f} ms", flush=True)


def _timed(call: Callable[[int], object], n: int) -> list[float]:
    seconds = []
    for i in range(n):
        began = perf_counter()
        call(i)
        seconds.append(perf_counter() - began)
    return seconds


def _time_observing(engine: Engine, events: pd.DataFrame) -> None:
    for label, part in (("first half, compiles", 0), ("second half", 1)):
        half = events.iloc[part * len(events) // 2 : (part + 1) * len(events) // 2]
        began = perf_counter()
        engine.observe(half)
        observed = perf_counter()
        engine.rank("e0", half["occurred_at"].iloc[-1] + timedelta(seconds=1))
        counted = perf_counter()
        print(
            f"observe, {label:<35} {len(half) / (observed - began):12,.0f} events/s; until counted "
            f"{len(half) / (counted - began):12,.0f} events/s",
            flush=True,
        )


def _time_one_event(engine: Engine, n_contents: int) -> None:
    now = engine.now + timedelta(seconds=1)
    rows = [
        {"event_id": f"one{i}", "event_type": "open", "employee_id": f"e{i % 500}",
         "occurred_at": now + timedelta(milliseconds=i),
         "content_id": f"c{n_contents - 1 - i % 50}"}
        for i in range(_WARM_UP + _ASKED)
    ]  # fmt: skip
    _print("observe one event", _timed(lambda i: engine.observe([rows[i]]), len(rows)))


def _time_ranking(engine: Engine, n_employees: int) -> None:
    rng, now = np.random.default_rng(2), engine.now
    who = [f"e{i}" for i in rng.integers(0, n_employees, _WARM_UP + _ASKED)]
    n = len(engine.rank(who[0], now, None))
    ask = [now + timedelta(milliseconds=i) for i in range(len(who))]
    _print(f"rank, 10 of {n:,}", _timed(lambda i: engine.rank(who[i], ask[i]), len(who)))
    later = [ask[-1] + timedelta(milliseconds=i) for i in range(len(who))]

    def after_an_event(i: int) -> object:
        return engine.rank(who[i], later[i] + timedelta(microseconds=1))

    seconds = []
    for i in range(len(who)):
        event = {"event_id": f"r{i}", "event_type": "open", "employee_id": who[i - 1],
                 "occurred_at": later[i], "content_id": f"c{n - 1 - i % 40}"}  # fmt: skip
        engine.observe([event])
        began = perf_counter()
        after_an_event(i)
        seconds.append(perf_counter() - began)
    _print("rank, each time after an event", seconds)
    last = later[-1] + timedelta(seconds=1)
    candidates = engine.eligible.retrieve(0, int(last.timestamp() * 1e6))
    counts, at = engine.state.counters.content, int(last.timestamp() * 1e6)
    rows = candidates.astype(np.int64)
    _print(
        "  peer: popularity, sorted",
        _timed(lambda _: np.argsort(-counts.read(rows, at)[:, 1], kind="stable"), 200),
    )


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=20_000)
    parser.add_argument("--contents", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    size = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, seed 1, {vars(size)}")
    frames = company(size.employees, size.contents, size.events)
    events = frames["events"].astype({"event_id": "str", "employee_id": "str", "content_id": "str"})
    n_known = len(events) // 2
    known = {name: validate(TABLES[name], frame).frame for name, frame in frames.items()}
    known["events"] = known["events"].iloc[:n_known]
    until = known["events"]["occurred_at"].iloc[-1] + timedelta(microseconds=1)
    engine = Engine.fit(Dataset(known), until, recipe=RECIPE)
    _time_observing(engine, events.iloc[n_known:])
    _time_ranking(engine, size.employees)
    _time_one_event(engine, size.contents)


if __name__ == "__main__":
    main()
