import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.interactions import InteractionLog, Targets, find_targets, first_interactions


def _log(rows: list[tuple[int, int, int]]) -> InteractionLog:
    """Rows are (employee, content, occurred_at), in log order."""
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return InteractionLog(columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2])


def _targets(rows: list[tuple[int, int, int]], start: int, end: int) -> list[tuple[int, ...]]:
    found = find_targets(_log(rows), start, end)
    return list(
        zip(
            found.employee.tolist(),
            found.content.tolist(),
            found.occurred_at.tolist(),
            found.n_contents_before.tolist(),
            strict=True,
        )
    )


def test_hand_worked() -> None:
    rows = [
        (0, 0, 10),  # content 0's very first: no target
        (1, 0, 10),  # before the window
        (1, 0, 20),  # again: no first interaction
        (2, 0, 20),
        (2, 1, 25),  # content 1's very first
        (0, 1, 25),  # a tie in time, second in file order: a target; before it: content 0
        (2, 1, 26),
        (1, 1, 30),  # the end is exclusive
    ]
    assert _targets(rows, 20, 30) == [(2, 0, 20, 0), (0, 1, 25, 1)]


def test_contents_of_the_same_moment_do_not_count_as_before() -> None:
    rows = [(9, 0, 1), (9, 1, 1), (9, 2, 1), (0, 0, 5), (0, 1, 5), (0, 2, 6)]
    assert _targets(rows, 2, 9) == [(0, 0, 5, 0), (0, 1, 5, 0), (0, 2, 6, 2)]


def test_an_empty_log_has_no_targets() -> None:
    assert _targets([], 0, 10) == []


def test_count_before_is_strict() -> None:
    pairs = first_interactions(_log([(0, 0, 5), (0, 0, 6), (1, 0, 6), (2, 0, 7)]))
    assert [pairs.count_before(at) for at in (5, 6, 7, 8)] == [0, 1, 2, 3]


def _targets_by_loops(
    rows: list[tuple[int, int, int]], start: int, end: int
) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for i, (employee, content, at) in enumerate(rows):
        earlier = rows[:i]
        if (
            start <= at < end
            and any(c == content for _, c, _ in earlier)
            and not any((e, c) == (employee, content) for e, c, _ in earlier)
        ):
            before = len({c for e, c, t in rows if e == employee and t < at})
            found.append((employee, content, at, before))
    return found


_ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 8)), max_size=30)


@given(rows=_ROWS, start=st.integers(0, 8), length=st.integers(0, 8))
def test_equals_loops_over_the_definition(
    rows: list[tuple[int, int, int]], start: int, length: int
) -> None:
    rows.sort(key=lambda row: row[2])
    assert _targets(rows, start, start + length) == _targets_by_loops(rows, start, start + length)


@given(n=st.integers(0, 40), at_most=st.integers(1, 45))
def test_evenly_spaced_targets_are_that_many_and_far_apart(n: int, at_most: int) -> None:
    place = np.arange(n)
    targets = Targets(place.astype(np.int32), place.astype(np.int32), place, place)
    kept = targets.evenly_spaced(at_most).occurred_at
    assert len(kept) == min(n, at_most)
    assert targets.evenly_spaced(None) is targets
    gaps = np.diff(kept)
    assert gaps.max(initial=1) - gaps.min(initial=n) <= 1 or len(gaps) == 0
