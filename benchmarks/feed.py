"""What the slate policy adds to a ranking: feeds of 10,000 live contents, in one thread.

Run ``python -m benchmarks.feed``; ``--contents``, ``--employees`` and ``--events`` set the size.
The company is that of :mod:`benchmarks.engine`, with renditions for two thirds of the contents,
some must-reads, pins and audiences. Policy time is a feed less a ranking for the same person, both
in turns, so that what else the machine does meets both. Peers in the same run: the ranking
itself, and a feed without any rule (renditions and reasons only).
"""

import argparse
import platform
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.engine import RECIPE, company
from recsys.answers import FeedRequest
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.engine import Engine
from recsys.schema import TABLES
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe

__all__ = ["dressed"]

_WARM_UP, _ASKED = 50, 1_000
_FORMATS = ("video", "text_summary", "illustration")


def dressed(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the company with renditions, must-reads, pins, audiences and campaigns."""
    contents = frames["contents"]
    n = np.arange(len(contents))
    columns: dict[str, Any] = {
        "mandatory": n % 2_000 == 0,
        "ack_required": n % 2_000 == 0,
        "pinned_until": ["2027-01-01T00:00:00Z" if i >= len(n) - 3 else None for i in n],
        "audience": ['{"department": ["d1", "d2"]}' if i % 50 == 0 else None for i in n],
        "campaign_id": [f"k{i % 5}" if i % 7 == 0 else None for i in n],
        "est_minutes": 1 + n % 5,
    }
    contents = contents.assign(**columns)
    rows = [
        {"rendition_id": f"{content}-{form}", "content_id": content, "format": form}
        for i, content in enumerate(contents["content_id"])
        if i % 3
        for form in _FORMATS
    ]
    return frames | {"contents": contents, "renditions": pd.DataFrame(rows)}


def _print(label: str, seconds: list[float]) -> None:
    p50, p99 = np.percentile(np.array(seconds[_WARM_UP:]) * 1e3, [50, 99])
    print(f"{label:<44} p50 {p50:8.3f} ms   p99 {p99:8.3f} ms", flush=True)


def _measure(engine: Engine, n_employees: int, limit: int) -> None:
    rng = np.random.default_rng(2)
    who = [f"e{i}" for i in rng.integers(0, n_employees, _WARM_UP + _ASKED)]
    calls: dict[str, Callable[[str, datetime], object]] = {
        f"rank, {limit}": lambda e, at: engine.rank(e, at, limit),
        f"feed of {limit} without rules": lambda e, at: engine.feed(FeedRequest(e, at, limit)),
        f"feed of {limit}": lambda e, at: engine.feed(FeedRequest(e, at, limit)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    at = engine.now
    for employee in who:
        for name, call in calls.items():
            at += timedelta(microseconds=1)
            recipe = SlateRecipe(()) if "without" in name else DEFAULT_SLATE
            engine.slates.use(recipe)
            began = perf_counter()
            call(employee, at)
            seconds[name].append(perf_counter() - began)
    rank, plain, feed = (np.array(s) for s in seconds.values())
    for name, taken in seconds.items():
        _print(name, taken)
    _print(f"policy of {limit} slots: feed less rank", (feed - rank).tolist())
    _print("  of which renditions and reasons", (plain - rank).tolist())


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=20_000)
    parser.add_argument("--contents", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=500_000)
    size = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, seed 1, {vars(size)}")
    frames = dressed(company(size.employees, size.contents, size.events))
    known = {name: validate(TABLES[name], frame).frame for name, frame in frames.items()}
    until = known["events"]["occurred_at"].iloc[-1] + timedelta(microseconds=1)
    engine = Engine.fit(Dataset(known), until, recipe=RECIPE)
    n = len(engine.rank("e0", engine.now, None))
    print(f"{n:,} candidates")
    for limit in (20, 100):
        _measure(engine, size.employees, limit)


if __name__ == "__main__":
    main()
