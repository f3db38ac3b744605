"""What everybody does with a candidate: readers, reactions, and readers per showing."""

import numpy as np
import numpy.typing as npt

from recsys.features.moment import Moment
from recsys.kernels import kernel
from recsys.state.counters import POPULARITY_HALF_LIVES, UNIQUE_HALF_LIVES
from recsys.state.decayed import CountTable, count
from recsys.times import DAY_US, HOUR_US, SECOND_US

__all__ = ["POPULARITY_COLUMNS", "RESPONSE_COLUMNS", "fill_popularity", "fill_response"]

_N, _N_UNIQUE = len(POPULARITY_HALF_LIVES), len(UNIQUE_HALF_LIVES)
_RANKS = _N + _N_UNIQUE
_6H = POPULARITY_HALF_LIVES.index(6 * HOUR_US)
_14D = POPULARITY_HALF_LIVES.index(14 * DAY_US)
_3D = POPULARITY_HALF_LIVES.index(3 * DAY_US)
_RANKED = (1, 2, 3)  # 1 h, 6 h, 1 d: where plain lists are at their best

POPULARITY_COLUMNS: tuple[str, ...] = (
    *(f"readers_{half_life / HOUR_US:.3g}h" for half_life in POPULARITY_HALF_LIVES),
    *(f"unique_readers_{half_life / HOUR_US:.3g}h" for half_life in UNIQUE_HALF_LIVES),
    *(f"readers_rank_{POPULARITY_HALF_LIVES[i] / HOUR_US:.3g}h" for i in _RANKED),
    "seconds_since_reader", "deep_24h", "deep_336h",
)  # fmt: skip

RESPONSE_COLUMNS: tuple[str, ...] = (
    "shown_6h", "shown_72h", "readers_per_showing_6h", "readers_per_showing_72h",
    "readers_per_showing_336h", "own_showings",
)  # fmt: skip

_LONG_AGO = 20.0
"""log1p of 15 years in seconds, for contents nobody has read yet."""

Index = npt.NDArray[np.int32]
Out = npt.NDArray[np.float32]


@kernel
def _popularity(
    contents: Index, readers: CountTable, firsts: CountTable, deep: CountTable, now: int,
    values: Out, out: Out,
) -> None:  # fmt: skip
    n = len(contents)
    for i in range(n):
        content = contents[i]
        for which in range(_N):
            # What was taken back and what was added can leave a rounding error below zero.
            out[i, which] = np.log1p(max(count(readers, content, which, now), 0.0))
        for which in range(_N_UNIQUE):
            out[i, _N + which] = np.log1p(max(count(firsts, content, which, now), 0.0))
        was_read = content < len(readers.at) and readers.at[content] > 0
        out[i, _RANKS + 3] = (
            np.log1p((now - readers.at[content]) / SECOND_US) if was_read else _LONG_AGO
        )
        out[i, _RANKS + 4] = np.log1p(max(count(deep, content, 0, now), 0.0))
        out[i, _RANKS + 5] = np.log1p(max(count(deep, content, 1, now), 0.0))
    for j in range(len(_RANKED)):
        for i in range(n):
            values[i] = -out[i, _RANKED[j]]
        order = np.argsort(values, kind="mergesort")  # stable: equals stay newest first
        for place in range(n):
            out[order[place], _RANKS + j] = place


def fill_popularity(moment: Moment, out: Out) -> None:
    """Write decayed readers, the rank they give among the candidates, deep interactions."""
    counters = moment.sources.state.counters
    values = np.empty(len(moment.contents), np.float32)
    _popularity(
        moment.contents, counters.content.table, counters.content_firsts.table,
        counters.content_deep.table, moment.at, values, out,
    )  # fmt: skip


@kernel
def _response(
    contents: Index, readers: CountTable, shown: CountTable, own: Index, now: int, out: Out
) -> None:
    for i in range(len(contents)):
        shown_6h = count(shown, contents[i], 0, now)
        shown_3d = count(shown, contents[i], 1, now)
        out[i, 0] = np.log1p(shown_6h)
        out[i, 1] = np.log1p(shown_3d)
        # Shrunk to one in ten, which is what lists of news usually get.
        read_6h = max(count(readers, contents[i], _6H, now), 0.0)
        read_3d = max(count(readers, contents[i], _3D, now), 0.0)
        out[i, 2] = np.log((read_6h + 1.0) / (shown_6h + 10.0))
        out[i, 3] = np.log((read_3d + 1.0) / (shown_3d + 10.0))
        shown_14d = count(shown, contents[i], 2, now)
        read_14d = max(count(readers, contents[i], _14D, now), 0.0)
        out[i, 4] = np.log((read_14d + 1.0) / (shown_14d + 10.0))
        out[i, 5] = own[i]


def fill_response(moment: Moment, out: Out) -> None:
    """Write showings, readers per showing, and how often the employee was shown each."""
    state = moment.sources.state
    own = state.readings.impressions(moment.employee, moment.contents)
    _response(
        moment.contents, state.counters.content.table, state.counters.content_shown.table, own,
        moment.at, out,
    )  # fmt: skip
