import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.state.recent import Recent

touches = st.lists(
    st.tuples(st.integers(-1, 2), st.integers(-1, 6), st.integers(0, 9)), max_size=40
)


def _touched(rows: list[tuple[int, int, int]], width: int) -> Recent:
    recent = Recent(width)
    for row, other, at in rows:
        recent.touch(np.array([row], np.int32), np.array([other], np.int32), np.array([at]))
    return recent


def _latest(rows: list[tuple[int, int, int]], row: int, width: int) -> list[tuple[int, int]]:
    last = {other: max(t for r, o, t in rows if (r, o) == (row, other)) for r, other, _ in rows
            if r == row and other >= 0}  # fmt: skip
    return sorted(((at, other) for other, at in last.items()), reverse=True)[:width]


@given(touches, st.integers(1, 4))
def test_the_latest_partners_are_kept_newest_first(
    rows: list[tuple[int, int, int]], width: int
) -> None:
    recent = _touched(rows, width)
    for row in range(3):
        others, times = recent.of(row)
        kept = list(zip(times.tolist(), others.tolist(), strict=True))
        assert kept == _latest(rows, row, width)


@given(touches, st.randoms(use_true_random=False))
def test_the_order_of_touching_does_not_matter(
    rows: list[tuple[int, int, int]], shuffle: object
) -> None:
    mixed = list(rows)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    for row in range(3):
        one, other = _touched(rows, 3).of(row), _touched(mixed, 3).of(row)
        assert one[0].tolist() == other[0].tolist()
        assert one[1].tolist() == other[1].tolist()


def test_nobody_has_no_partners() -> None:
    recent = _touched([(0, 1, 5)], 2)
    assert recent.of(-1)[0].tolist() == recent.of(99)[0].tolist() == []
