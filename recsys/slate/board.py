"""Which content comes next: the search behind the slots of a slate, compiled.

A :class:`Board` is a draft as arrays. Its rows are looked at from the highest value down; since
likeness to the slots above only ever lowers a value, the search ends as soon as no row further down
can win. So likeness is computed for a handful of rows, and exactly.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernels import kernel
from recsys.slate.draft import Bool, Draft, Float, Rows

__all__ = ["NO_ROW", "Board", "board_of", "next_row", "pool_rows"]

NO_ROW = -1

Keys = npt.NDArray[np.int32]
Bits = npt.NDArray[np.int64]


class Board(NamedTuple):
    """n rows, c caps, f floors; ``is_open``, ``similar``, ``n_compared`` and ``taken`` change."""

    order: Rows
    """(n,) rows by value, best first."""
    values: Float
    is_open: Bool
    formats: Bits
    """(n,), one bit per format in which the reader can have a row."""
    contents: Keys
    vectors: npt.NDArray[np.float32]
    """(n_contents, d) of unit length or zero; d is 0 where nothing is compared."""
    cost: float
    """Of a cosine of 1, in logarithms of value."""
    similar: Float
    """(n,) largest cosine with the first ``n_compared`` slots, at least 0."""
    n_compared: Bits
    keys: Keys
    """(c, n), −1 where a cap does not concern a row."""
    most: Keys
    window: Keys
    is_strict: Bool
    members: Bool
    """(f, n)."""
    every: Keys
    due: Keys
    taken: Rows
    """(limit,), rows of the slots so far."""


def board_of(draft: Draft, limit: int) -> Board:
    """Return a draft as arrays; ``is_open`` is the draft's own."""
    n, caps, floors = len(draft), draft.caps, draft.floors
    vectors = draft.sources.vectors.matrix
    return Board(
        order=np.argsort(-draft.values, kind="stable"),
        values=draft.values,
        is_open=draft.is_open,
        formats=draft.chooser.formats(draft.contents),
        contents=draft.contents,
        vectors=vectors if draft.similarity_cost > 0 else vectors[:, :0],
        cost=draft.similarity_cost,
        similar=np.zeros(n),
        n_compared=np.zeros(n, np.int64),
        keys=np.array([cap.keys for cap in caps], np.int32).reshape(len(caps), n),
        most=np.array([cap.most for cap in caps], np.int32),
        window=np.array([cap.window for cap in caps], np.int32),
        is_strict=np.array([cap.is_strict for cap in caps], np.bool_),
        members=np.array([f.is_member for f in floors], np.bool_).reshape(len(floors), n),
        every=np.array([f.every for f in floors], np.int32),
        due=np.array([f.due for f in floors], np.int32),
        taken=np.zeros(limit, np.int64),
    )


@kernel
def next_row(board: Board, n_taken: int, bits: int, all_bits: int) -> tuple[int, int]:
    """Return the row for slot ``n_taken`` + 1 and the floor that asked for it (−1: none did).

    Only formats in ``bits`` count; caps, and then ``bits``, give way before the slot stays empty.
    A floor that is due has the first say. ``NO_ROW`` if nothing is left.
    """
    for floor in range(len(board.every)):
        if _is_due(board, n_taken, floor):
            row = _search(board, n_taken, bits, floor, False)
            if row == NO_ROW:
                row = _search(board, n_taken, all_bits, floor, True)
            if row != NO_ROW:
                return row, floor
    row = _search(board, n_taken, bits, -1, False)
    if row == NO_ROW:
        row = _search(board, n_taken, all_bits, -1, True)
    return row, -1


@kernel
def pool_rows(board: Board, n_taken: int, bits: int, first: Rows, pool: Rows, values: Float) -> int:
    """Fill ``pool`` with ``first`` ones, then the best; return how many. ``values`` are theirs."""
    n = 0
    for place in range(len(first)):
        row = first[place]
        if n < len(pool) and _may(board, n_taken, row, bits, -1, False):
            pool[n], values[n] = row, _value(board, n_taken, row)
            board.is_open[row] = False
            n += 1
    while n < len(pool):
        row = _search(board, n_taken, bits, -1, False)
        if row == NO_ROW:
            break
        pool[n], values[n] = row, _value(board, n_taken, row)
        board.is_open[row] = False
        n += 1
    for place in range(n):
        board.is_open[pool[place]] = True
    return n


@kernel
def _is_due(board: Board, n_taken: int, floor: int) -> bool:
    """Whether a floor wants this slot: it is its turn, and none came by itself."""
    begin = n_taken // board.every[floor] * board.every[floor]
    if n_taken - begin + 1 != board.due[floor]:
        return False
    n = 0
    for place in range(begin, n_taken):
        n += board.members[floor, board.taken[place]]
    return n == 0


@kernel
def _search(board: Board, n_taken: int, bits: int, floor: int, only_strict: bool) -> int:
    """Return the row of highest value that may be taken, the first of equals."""
    best, best_value = NO_ROW, -np.inf
    for place in range(len(board.order)):
        row = board.order[place]
        if best != NO_ROW and board.values[row] <= best_value:
            break
        if not _may(board, n_taken, row, bits, floor, only_strict):
            continue
        value = _value(board, n_taken, row)
        if best == NO_ROW or value > best_value:
            best, best_value = row, value
    return best


@kernel
def _may(board: Board, n_taken: int, row: int, bits: int, floor: int, only_strict: bool) -> bool:
    if not board.is_open[row] or board.formats[row] & bits == 0:
        return False
    if floor >= 0 and not board.members[floor, row]:
        return False
    for cap in range(len(board.keys)):
        key = board.keys[cap, row]
        if key < 0 or (only_strict and not board.is_strict[cap]):
            continue
        n = 0
        for place in range(max(n_taken - board.window[cap] + 1, 0), n_taken):
            n += board.keys[cap, board.taken[place]] == key
        if n >= board.most[cap]:
            return False
    return True


@kernel
def _value(board: Board, n_taken: int, row: int) -> float:
    """Return a row's value after what likeness to the slots above takes from it."""
    size = board.vectors.shape[1]
    if size == 0:
        return float(board.values[row])
    mine = board.contents[row]
    for place in range(board.n_compared[row], n_taken):
        other = board.contents[board.taken[place]]
        cosine = np.float32(0.0)
        for i in range(size):
            cosine += board.vectors[mine, i] * board.vectors[other, i]
        board.similar[row] = max(board.similar[row], cosine)
    board.n_compared[row] = n_taken
    return float(board.values[row] - board.cost * board.similar[row])
