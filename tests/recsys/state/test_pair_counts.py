import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from recsys.state.pair_counts import (
    N_HALF_LIVES,
    PairCounts,
    find_pairs,
    pair_count,
    row_count,
)
from recsys.times import DAY_US, HOUR_US

_HALF_LIVES = {"near": (HOUR_US, DAY_US), "far": (6 * HOUR_US, 60 * DAY_US)}
_NAMES = tuple(_HALF_LIVES)
_NOW = 40 * DAY_US
_N_INDICES = 4

Row = tuple[tuple[tuple[int, int], ...], int, float]
"""The pair of each relation, the moment and the weight of one event."""

pairs = st.tuples(st.integers(-1, _N_INDICES - 1), st.integers(-1, _N_INDICES - 1))
events = st.lists(
    st.tuples(
        st.tuples(pairs, pairs), st.integers(0, _NOW), st.sampled_from([1.0, 0.2, 0.2 - 1.0, 3.5])
    ),
    max_size=25,
)


def _add(counts: PairCounts, rows: list[Row], names: tuple[str, ...] = _NAMES) -> None:
    relations = np.array([counts.relation[name] for name in names], np.int32)
    high = np.array([[p[0] for p in row[0]] for row in rows], np.int32).reshape(-1, len(names))
    low = np.array([[p[1] for p in row[0]] for row in rows], np.int32).reshape(-1, len(names))
    times = np.array([row[1] for row in rows], np.int64)
    counts.add(relations, high, low, times, np.array([row[2] for row in rows], np.float64))


def _counted(rows: list[Row]) -> PairCounts:
    counts = PairCounts(_HALF_LIVES)
    _add(counts, rows)
    return counts


def _sum(rows: list[Row], name: str, pair: tuple[int, int]) -> list[float]:
    """The formula of the docstring, one term at a time; a half-life each."""
    place = _NAMES.index(name)
    about = [(at, weight) for met, at, weight in rows if met[place] == pair and min(pair) >= 0]
    return [sum(w * 2 ** (-(_NOW - t) / h) for t, w in about) for h in _HALF_LIVES[name]]


def _assert_sums(counts: PairCounts, rows: list[Row]) -> None:
    lows = np.arange(-1, _N_INDICES + 1, dtype=np.int32)
    for name in _NAMES:
        for high in range(-1, _N_INDICES + 1):
            expected = [_sum(rows, name, (high, int(low))) for low in lows]
            read = counts.read(name, high, lows, _NOW)
            np.testing.assert_allclose(read, expected, rtol=1e-9, atol=1e-15)


@given(events)
def test_pairs_and_relations_count_apart_from_each_other(rows: list[Row]) -> None:
    _assert_sums(_counted(rows), rows)


@given(events, st.randoms(use_true_random=False))
def test_the_order_and_the_batches_of_events_do_not_matter(rows: list[Row], random: object) -> None:
    shuffled = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]
    counts = PairCounts(_HALF_LIVES)
    for row in shuffled:
        _add(counts, [row])
    _assert_sums(counts, rows)


@given(events)
def test_a_kernel_reads_what_the_table_reads(rows: list[Row]) -> None:
    counts = _counted(rows)
    for name in _NAMES:
        for high in range(-1, _N_INDICES):
            for low in range(-1, _N_INDICES):
                number = counts.relation[name]
                one = [
                    pair_count(counts.table, number, high, low, which, _NOW)
                    for which in range(N_HALF_LIVES)
                ]
                assert one == counts.read(name, high, low, _NOW)[0].tolist()


@given(events)
def test_pairs_that_are_found_together_read_as_one_by_one(rows: list[Row]) -> None:
    counts = _counted(rows)
    lows = np.arange(-1, _N_INDICES + 1, dtype=np.int32)
    for name, number in counts.relation.items():
        for high in range(-1, _N_INDICES + 1):
            found = find_pairs(counts.table, number, high, lows)
            together = [
                [row_count(counts.table, row, number, which, _NOW) for which in range(N_HALF_LIVES)]
                for row in found.tolist()
            ]
            assert together == counts.read(name, high, lows, _NOW).tolist()


def test_a_relation_can_take_several_pairs_of_one_event() -> None:
    """A content has several topics; two of them may be the same."""
    counts = PairCounts(_HALF_LIVES)
    _add(counts, [(((1, 2), (1, 3), (1, 2)), _NOW, 1.0)], ("near", "near", "far"))
    assert counts.read("near", 1, np.array([2, 3], np.int32), _NOW)[:, 0].tolist() == [1.0, 1.0]
    assert counts.read("far", 1, np.array([2, 3], np.int32), _NOW)[:, 0].tolist() == [1.0, 0.0]
    _add(counts, [(((1, 2), (1, 2)), _NOW, 1.0)], ("near", "near"))
    assert counts.read("near", 1, 2, _NOW)[0, 0] == 3.0


def test_pairs_of_nobody_take_no_room() -> None:
    counts = _counted([(((-1, 2), (2, -1)), 0, 1.0), (((-1, -1), (-1, 0)), 1, 1.0)])
    assert len(counts) == 0
    assert not counts.read("near", -1, np.array([-1, 0, 2], np.int32), _NOW).any()


def _many(seed: int, n: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    rng = np.random.default_rng(seed)
    largest = (1 << 29) - 1  # the last index a key has room for
    high = rng.integers(0, largest, (n, 2), dtype=np.int32, endpoint=True)
    low = rng.integers(0, largest, (n, 2), dtype=np.int32, endpoint=True)
    high[0], low[0], high[1], low[1] = largest, largest, 0, largest
    return high, low


def test_thousands_of_pairs_keep_their_counts_while_the_table_grows() -> None:
    high, low = _many(3, 5_000)
    counts, relations = PairCounts(_HALF_LIVES), np.array([0, 1], np.int32)
    weights = np.arange(1.0, len(high) + 1)
    for part in np.array_split(np.arange(len(high)), [1, 70, 3_000]):
        times = np.full(len(part), _NOW)
        counts.add(relations, high[part], low[part], times, weights[part])
    assert len(counts) == 2 * len(high)
    for place, name in enumerate(_NAMES):
        read = counts.read(name, high[:, place], low[:, place], _NOW)
        np.testing.assert_array_equal(read, np.stack([weights, weights], axis=1))
    assert not counts.read("near", high[:, 1], low[:, 1], _NOW)[2:].any()  # pairs of the other one


@given(events, events)
def test_a_restored_table_goes_on_where_the_first_one_was(
    before: list[Row], after: list[Row]
) -> None:
    restored = PairCounts(_HALF_LIVES)
    restored.restore({name: array.copy() for name, array in _counted(before).arrays().items()})
    _assert_sums(restored, before)
    _add(restored, after)
    _assert_sums(restored, before + after)


def test_a_large_table_is_restored_whole() -> None:
    high, low = _many(4, 3_000)
    first, second = PairCounts(_HALF_LIVES), PairCounts(_HALF_LIVES)
    relations, times = np.array([0, 1], np.int32), np.arange(len(high), dtype=np.int64)
    first.add(relations, high, low, times, np.ones(len(high)))
    second.restore(first.arrays())
    first.add(relations, high + 1 - high.clip(max=1), low, times, np.ones(len(high)))  # its own now
    assert len(second) == 2 * len(high)
    alone = PairCounts(_HALF_LIVES)
    alone.add(relations, high, low, times, np.ones(len(high)))
    for place, name in enumerate(_NAMES):
        np.testing.assert_array_equal(
            second.read(name, high[:, place], low[:, place], _NOW),
            alone.read(name, high[:, place], low[:, place], _NOW),
        )


def test_what_is_long_forgotten_reads_zero_and_counts_anew() -> None:
    counts = _counted([(((0, 0), (0, 0)), 0, 1.0)])
    later = 365_000 * DAY_US
    assert not counts.read("near", 0, 0, later).any()
    _add(counts, [(((0, 0), (0, 0)), later, 1.0)])
    assert counts.read("near", 0, 0, later).tolist() == [[1.0, 1.0]]
