"""How fast callers' events become columns of numbers, beside a peer that checks nothing.

Run ``python -m benchmarks.intake``. One million events of a frame, with ids as ``str`` and as
objects; beside them ``pandas.factorize`` and ``pandas.util.hash_array`` of the same ids alone. Then
single dicts and lists of them, beside the bare indexing and hashing of their ids.
"""

import argparse
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from recsys.catalogue.catalogue import Catalogue
from recsys.event_rows import encode_events
from recsys.ids import IdMap

__all__ = ["events_frame"]

_SEED = 1
_START = datetime(2026, 3, 1, tzinfo=UTC)
_ENCODED_IDS = ("employee_id", "content_id", "rendition_id")
_REPEATS = 5  # the best is shown: other programs can only slow a run down


def main() -> None:
    """Print one line per way in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    n_events = parser.parse_args().events
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"pandas {pd.__version__}, seed {_SEED}, best of {_REPEATS}"
    )
    frame = events_frame(n_events)
    texts = [name for name in frame if frame[name].dtype == "str"]
    for label, events in (("str", frame), ("objects", frame.astype(dict.fromkeys(texts, object)))):
        _show_rate(f"frame, ids as {label}", n_events, _seconds(_encode, events))
        _show_rate("  peer: factorize, hash_array", n_events, _seconds(_factorize, events))
    catalogue = Catalogue()
    for n_rows in (1, 64, 10_000):
        rows = _dicts(n_rows)
        _show_row(f"{n_rows:,} dicts", n_rows, partial(encode_events, rows, catalogue))
        _show_row("  peer: dict, hash_array", n_rows, partial(_index, rows))


def events_frame(n_events: int) -> pd.DataFrame:
    """Return a month of events of 20,000 people on 5,000 contents, half of the columns filled."""
    rng = np.random.default_rng(_SEED)
    types = np.array(["impression", "open", "read", "progress", "complete", "like"])
    event_type = types[rng.choice(6, n_events, p=[0.7, 0.1, 0.1, 0.05, 0.03, 0.02])]
    content = pd.Series(rng.integers(0, 5_000, n_events)).astype("str")
    micros = np.sort(rng.integers(0, 30 * 86_400 * 10**6, n_events))
    return pd.DataFrame(
        {
            "event_id": "event-" + pd.Series(range(n_events)).astype("str"),
            "event_type": event_type,
            "employee_id": "e" + pd.Series(rng.integers(0, 20_000, n_events)).astype("str"),
            "occurred_at": pd.Timestamp(_START) + pd.to_timedelta(micros, unit="us"),
            "content_id": "content-" + content,
            "rendition_id": "content-" + content + "-video",
            "surface": np.array(["portal", "newsletter", "mobile"])[rng.integers(0, 3, n_events)],
            "device": np.array(["desktop", "mobile"])[rng.integers(0, 2, n_events)],
            "session_id": "s" + pd.Series(np.arange(n_events) // 10).astype("str"),
            "position": pd.Series(rng.integers(1, 20, n_events), dtype="Int64"),
            "dwell_seconds": np.where(event_type == "read", 100 * rng.random(n_events), np.nan),
        }
    )


def _dicts(n_rows: int) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"event-{n}", "event_type": "read", "employee_id": f"e{n % 200}",
            "occurred_at": _START + timedelta(seconds=n), "content_id": f"content-{n % 50}",
            "rendition_id": f"content-{n % 50}-video", "surface": "portal", "device": "pc",
            "position": 3, "request_id": "r1", "dwell_seconds": 12.5,
        }
        for n in range(n_rows)
    ]  # fmt: skip


def _encode(events: pd.DataFrame) -> None:
    columns, rejects = encode_events(events, Catalogue())
    assert len(columns) == len(events)
    assert not rejects


def _factorize(events: pd.DataFrame) -> None:
    for name in _ENCODED_IDS:
        pd.factorize(events[name])
    pd.util.hash_array(events["event_id"].to_numpy(dtype=object), categorize=False)


def _index(rows: list[dict[str, Any]]) -> None:
    for name in _ENCODED_IDS:
        ids = IdMap()
        np.array([ids.add(row[name]) for row in rows], np.int32)
    pd.util.hash_array(np.array([row["event_id"] for row in rows], object), categorize=False)


def _seconds(run: Callable[[pd.DataFrame], None], events: pd.DataFrame) -> float:
    return min(_timed(lambda: run(events)) for _ in range(_REPEATS))


def _timed(run: Callable[[], object]) -> float:
    began = perf_counter()
    run()
    return perf_counter() - began


def _show_rate(label: str, n_events: int, seconds: float) -> None:
    print(f"{label:<32} {n_events / seconds:>12,.0f} events/s {seconds:8.3f} s")


def _show_row(label: str, n_rows: int, run: Callable[[], object]) -> None:
    n_calls = max(20_000 // n_rows, 1)
    run()  # compiles, and knows the ids afterwards
    best = min(_timed(lambda: [run() for _ in range(n_calls)]) for _ in range(_REPEATS)) / n_calls
    print(f"{label:<32} {best * 1e6:>12,.1f} µs       {best / n_rows * 1e6:8.2f} µs a row")


if __name__ == "__main__":
    main()
