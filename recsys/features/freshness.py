"""How new a candidate is: to everybody, and from where this employee stands in the stream.

People read a stream of news in its order. What matters is not only how old a content is but whether
it lies beside the last one they read, and whether it came after their last visit.
"""

import numpy as np
import numpy.typing as npt

from recsys.features.moment import Moment
from recsys.kernels import kernel
from recsys.state.decayed import CountTable, count
from recsys.state.live import VISIT_US
from recsys.times import HOUR_US

__all__ = ["FRESHNESS_COLUMNS", "STREAM_COLUMNS", "fill_freshness", "fill_stream"]

FRESHNESS_COLUMNS: tuple[str, ...] = ("log_age", "newest_rank", "log_age_to_habit")

STREAM_COLUMNS: tuple[str, ...] = (
    "hours_since_last_read", "published_to_last_read", "published_to_last_content",
    "steps_to_last", "steps_apart", "steps_to_second_last", "same_author_as_last",
    "reads_this_visit", "minutes_this_visit",
)  # fmt: skip

Index = npt.NDArray[np.int32]
Times = npt.NDArray[np.int64]
Out = npt.NDArray[np.float32]


@kernel
def _signed_log(value: float) -> float:
    return float(np.log1p(abs(value)) * np.sign(value))


@kernel
def _freshness(
    contents: Index, newer: Times, published_at: Times, firsts: CountTable, log_ages: CountTable,
    employee: int, now: int, out: Out,
) -> None:  # fmt: skip
    # Someone who has read almost nothing has no habit yet: one read weighs half.
    habit = count(log_ages, employee, 0, now) / (max(count(firsts, employee, 0, now), 0.0) + 1.0)
    for i in range(len(contents)):
        log_age = np.log1p((now - published_at[contents[i]]) / HOUR_US)
        out[i, 0] = log_age
        out[i, 1] = np.log1p(newer[i])
        out[i, 2] = log_age - habit


def fill_freshness(moment: Moment, out: Out) -> None:
    """Write age, place in the list, and how fresh that is to the employee's habit."""
    state = moment.sources.state
    counters = state.counters
    _freshness(
        moment.contents, moment.newer, state.catalogue.contents.published_at,
        counters.employee_firsts.table, counters.employee_log_age.table, moment.employee,
        moment.at, out,
    )  # fmt: skip


@kernel
def _visit(read_at: Times, now: int) -> tuple[int, int]:
    """Return contents read in the visit that goes on at ``now``, and when it began."""
    n, since = 0, now
    for i in range(len(read_at)):
        if since - read_at[i] > VISIT_US:
            break
        n, since = n + 1, read_at[i]
    return n, since


@kernel
def _stream(
    contents: Index, read: Index, read_at: Times, published_at: Times, step: Index, author: Index,
    now: int, out: Out,
) -> None:  # fmt: skip
    last, last_at = read[0], read_at[0]
    second = read[1] if len(read) > 1 else last
    n_reads, since = _visit(read_at, now)
    for i in range(len(contents)):
        content = contents[i]
        steps = step[content] - step[last]
        out[i, 0] = np.log1p((now - last_at) / HOUR_US)
        out[i, 1] = _signed_log((published_at[content] - last_at) / HOUR_US)
        out[i, 2] = _signed_log((published_at[content] - published_at[last]) / HOUR_US)
        out[i, 3] = _signed_log(steps)
        out[i, 4] = abs(steps)
        out[i, 5] = _signed_log(step[content] - step[second])
        out[i, 6] = author[content] >= 0 and author[content] == author[last]
        out[i, 7] = n_reads
        out[i, 8] = (now - since) / (HOUR_US / 60) if n_reads else -1.0


def fill_stream(moment: Moment, out: Out) -> None:
    """Write how far candidates lie from what was read last; NaN if nothing was."""
    state = moment.sources.state
    read, read_at = state.recent_contents.of(moment.employee)
    if len(read) == 0:
        out[:] = np.nan
        return
    contents = state.catalogue.contents
    _stream(
        moment.contents, read, read_at, contents.published_at, contents.steps,
        contents["author"].view(np.int32), moment.at, out,
    )  # fmt: skip
