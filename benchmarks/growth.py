"""How time and memory grow with the log: counting it into a live state, without any fitting.

Run ``python -m benchmarks.growth``; ``--events`` is the largest log (10 million). Every size runs
in a process of its own; a company has 100 events per employee and more contents the larger it is.
Events come in blocks, as a follower of the change log gets them; making them is not timed. The last
line tells how seconds grow with events: 1 is linear. At 10 million events a company of 100,000
employees with 10,000 live contents follows; its state should stay below 2 GiB.

State is what ``LiveState.arrays()`` holds. The peak is of the process: free room in tables, what a
block needs while it is counted, the log (which an engine keeps) and the interpreter included.
"""

import argparse
import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from time import perf_counter

import numpy as np
import numpy.typing as npt

from benchmarks.engine import company
from benchmarks.own_process import in_own_process, peak_gib
from recsys.audience.audience import Audiences
from recsys.candidates.eligible import EligibleContents
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.engine import DEFAULT_LATENESS
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.schema import TABLES
from recsys.state.live import LiveState
from recsys.times import DAY_US, to_micros

__all__ = ["Size", "event_blocks"]

_EVENTS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
_EVENTS_PER_EMPLOYEE = 100
_END_US = to_micros(datetime(2026, 6, 1, 9, tzinfo=UTC))
_BLOCK = 50_000
_ASKED = 1_000
_OPEN, _IMPRESSION = CODE_OF_TYPE["open"], CODE_OF_TYPE["impression"]


@dataclass(frozen=True, slots=True)
class Size:
    """How large a company and its log are."""

    events: int
    employees: int
    contents: int

    @classmethod
    def of(cls, events: int) -> "Size":
        """Return the company that leaves this many events."""
        employees = events // _EVENTS_PER_EMPLOYEE
        return cls(events, employees, 2_000 + employees // 20)


@dataclass(frozen=True, slots=True)
class _Measured:
    size: Size
    seconds: float
    state_bytes: dict[str, int]
    """By part of the state, the largest first."""
    retrieve_ms: float
    n_candidates: int
    peak_gib: float


def main() -> None:
    """Print one line per size, then what they say together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=_EVENTS[-1], help="of the largest log")
    largest = parser.parse_args().events
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, seed 1"
    )
    print(
        f"{'events':>10} {'employees':>9} {'contents':>8} {'seconds':>8} {'events/s':>9} "
        f"{'peak GiB':>8} {'state B/event':>13} {'candidates, p50':>20}"
    )
    found = [_row(Size.of(n)) for n in _EVENTS if n <= largest]
    if len(found) > 1:
        print(f"log(seconds) on log(events): slope {_slope(found):.2f} (1 = linear)")
    if largest >= _EVENTS[-1]:
        print("100,000 employees × 10,000 live contents")
        _show_parts(_row(Size(_EVENTS[-1], 100_000, 10_000)))


def _row(size: Size) -> _Measured:
    found = in_own_process(_measure, size)
    per_event = sum(found.state_bytes.values()) / size.events
    print(
        f"{size.events:>10,} {size.employees:>9,} {size.contents:>8,} {found.seconds:>8.2f} "
        f"{size.events / found.seconds:>9,.0f} {found.peak_gib:>8.2f} {per_event:>13.0f} "
        f"{found.n_candidates:>9,} {found.retrieve_ms:>7.3f} ms",
        flush=True,
    )
    return found


def _slope(found: list[_Measured]) -> float:
    events, seconds = ([m.size.events for m in found], [m.seconds for m in found])
    return float(np.polyfit(np.log(events), np.log(seconds), 1)[0])


def _show_parts(found: _Measured) -> None:
    total = sum(found.state_bytes.values())
    print(f"  state {total / 2**30:.2f} GiB (target < 2), process peak {found.peak_gib:.2f} GiB")
    for name, size in list(found.state_bytes.items())[:6]:
        print(f"  {name:<28} {size / 2**20:9.1f} MiB {size / total:7.1%}")


def _measure(size: Size) -> _Measured:
    _counted(Size(1_000, 100, 100))  # compiles
    state, seconds = _counted(size)
    sizes: Counter[str] = Counter()
    for name, array in state.arrays().items():
        sizes[name.partition("/")[0]] += array.nbytes
    retrieve_ms, n_candidates = _retrieving(state, size)
    return _Measured(
        size, seconds, dict(sizes.most_common()), retrieve_ms, n_candidates, peak_gib()
    )


def _counted(size: Size) -> tuple[LiveState, float]:
    """Return a state that has counted a log of ``size``, and the seconds it took."""
    frames = company(size.employees, size.contents, 0)
    catalogue = Catalogue.of(
        Dataset({name: validate(TABLES[name], frame).frame for name, frame in frames.items()})
    )
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    seconds, log = 0.0, []
    for block in event_blocks(size, catalogue.contents.published_at):
        log.append(block)
        began = perf_counter()
        state.observe(block)
        state.advance(int(block.occurred_at[-1]) + 1)
        seconds += perf_counter() - began
    return state, seconds


def event_blocks(size: Size, published_at: npt.NDArray[np.int64]) -> Iterator[EventColumns]:
    """Yield a log in time order, the same kind of noise as :func:`benchmarks.engine.company`.

    ``published_at`` is int64 microseconds, ascending: contents in the order of their index.
    """
    rng = np.random.default_rng(1)
    ends = np.linspace(published_at[0], _END_US, -(-size.events // _BLOCK) + 1)
    for i, (start, end) in enumerate(pairwise(ends)):
        n = min(_BLOCK, size.events - i * _BLOCK)
        at = np.sort(rng.uniform(start, end, n)).astype(np.int64)
        newest = np.searchsorted(published_at, at) - 1
        yield EventColumns(
            key=rng.integers(0, 2**64, n, np.uint64),
            event_type=np.where(rng.random(n) < 0.1, _OPEN, _IMPRESSION).astype(np.int8),
            employee=(size.employees * rng.beta(0.6, 2.0, n)).astype(np.int32),
            content=np.maximum(newest - rng.geometric(0.02, n), 0).astype(np.int32),
            rendition=np.full(n, -1, np.int32),
            occurred_at=at,
            received_at=at,
            dwell_seconds=np.full(n, np.nan, np.float32),
            progress_share=np.full(n, np.nan, np.float32),
            device=np.zeros(n, np.int8),
            surface=np.zeros(n, np.int8),
            position=rng.integers(1, 13, n).astype(np.int16),
            rendition_propensity=np.full(n, np.nan, np.float32),
            reason=np.full(n, -1, np.int8),
            target=np.full(n, -1, np.int32),
        )


def _retrieving(state: LiveState, size: Size) -> tuple[float, int]:
    """Return the median milliseconds of one candidate set, and the median number in it."""
    eligible, at = EligibleContents(state, Audiences(state.catalogue)), state.clock + DAY_US
    state.advance(at)
    seconds, counts = [], []
    for employee in np.random.default_rng(2).integers(0, size.employees, _ASKED).tolist():
        began = perf_counter()
        candidates = eligible.retrieve(employee, at)
        seconds.append(perf_counter() - began)
        counts.append(len(candidates))
    return 1e3 * float(np.median(seconds)), int(np.median(counts))


if __name__ == "__main__":
    main()
