import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.features.coreading import CO_READING_COLUMNS, CoReading
from recsys.features.groups import GROUPS
from recsys.features.moment import Moment
from recsys.state.live import LiveState
from recsys.times import DAY_US, HOUR_US, NO_TIME

if TYPE_CHECKING:
    from tests.recsys.conftest import Company
    from tests.recsys.features.conftest import World

_N_EMPLOYEES, _N_CONTENTS = 5, 10
_SPAN = 8 * DAY_US  # longer than colleagues' reads are news
_START = 20_000 * DAY_US

Read = tuple[int, int, int]
"""Employee, content and moment."""

reads = st.lists(
    st.tuples(
        st.integers(0, _N_EMPLOYEES - 1), st.integers(0, _N_CONTENTS - 1),
        st.integers(0, _SPAN - 1).map(lambda after: _START + after),
    ),
    max_size=60,
)  # fmt: skip


class Slow:
    """The formulas term by term, over a plain list of readings before ``now``."""

    def __init__(self, reads: list[Read], now: int) -> None:
        self.now = now
        self.first: dict[tuple[int, int], int] = {}
        self.last: dict[tuple[int, int], int] = {}
        self.readers: dict[int, set[int]] = defaultdict(set)
        for employee, content, at in reads:
            pair = employee, content
            self.first[pair] = min(at, self.first.get(pair, at))
            self.last[pair] = max(at, self.last.get(pair, at))
            self.readers[content].add(employee)

    def norm(self, employee: int) -> float:
        fresh = [self._left(at, 60 * DAY_US) for (e, _), at in self.first.items() if e == employee]
        return 0.5 + math.pow(sum(fresh), 0.75)

    def likeness(self, me: int) -> dict[int, float]:
        shared: dict[int, float] = defaultdict(float)
        for (employee, content), at in self.last.items():
            if employee == me:
                rarity = 1 / math.log(1 + max(len(self.readers[content]), 2))
                for other in self.readers[content] - {me}:
                    shared[other] += self._left(at, 60 * DAY_US) * rarity
        mine = self.norm(me)
        return {other: sum_ / (mine * self.norm(other)) for other, sum_ in shared.items()}

    def columns(self, me: int, content: int, readers_24h: float) -> list[float]:
        likeness = self.likeness(me)
        met = [
            (likeness[other], self.last[other, content])
            for other in self.readers[content]
            if other in likeness
        ]
        faded = [
            sum(alike * self._left(at, half_life) for alike, at in met)
            for half_life in (HOUR_US / 4, 2 * HOUR_US, DAY_US)
        ]
        ever, nearest = sum(alike for alike, _ in met), max((alike for alike, _ in met), default=0)
        return [*faded, ever, faded[2] / (readers_24h + 0.5), nearest]

    def recommend(self, me: int, content: int) -> float:
        found = 0.0
        for other, alike in self.likeness(me).items():
            theirs = sorted(((at, c) for (e, c), at in self.last.items() if e == other))[::-1]
            for at, read in theirs[:6]:
                if read == content and self.now - at <= 3 * DAY_US:
                    found += alike * self._left(at, DAY_US / 2)
        return found

    def _left(self, at: int, half_life: float) -> float:
        return float(2.0 ** (-(self.now - at) / half_life))


def _catalogue() -> Catalogue:
    catalogue = Catalogue()
    employees = [{"employee_id": f"e{n}"} for n in range(_N_EMPLOYEES)]
    contents = [
        {"content_id": f"c{n}", "title": "x", "published_at": "2024-01-01T00:00:00Z"}
        for n in range(_N_CONTENTS)
    ]
    for table, rows in (("employees", employees), ("contents", contents)):
        catalogue.upsert(table, checked_rows(table, rows)[0], valid_from=NO_TIME)
    return catalogue


_CATALOGUE = _catalogue()
_ALL = np.arange(_N_CONTENTS, dtype=np.int32)


def _state(reads: list[Read], now: int) -> LiveState:
    state = LiveState(_CATALOGUE, lateness_us=DAY_US)
    read, nan = CODE_OF_TYPE["read"], float("nan")
    state.observe(
        EventColumns.of_rows(
            [
                (n + 1, read, employee, content, -1, at, at, nan, nan, -1, -1, 0, nan, -1, -1)
                for n, (employee, content, at) in enumerate(reads)
            ]
        )
    )
    state.advance(now)
    return state


def _asked(
    co_reading: CoReading, me: int, now: int, readers_24h: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    out = np.full((_N_CONTENTS, len(CO_READING_COLUMNS)), np.nan, np.float32)
    co_reading.meet(me, now)
    co_reading.fill(_ALL, readers_24h, now, out)
    return out, co_reading.recommend(_ALL, now)


@given(reads, st.integers(0, DAY_US))
def test_a_small_log_gives_what_the_formulas_give(reads: list[Read], later: int) -> None:
    now, readers = _START + _SPAN + later, np.linspace(0, 3, _N_CONTENTS)
    co_reading, slow = CoReading(_state(reads, now)), Slow(reads, now)
    for me in range(_N_EMPLOYEES):  # one object: what the one before left behind would show
        columns, recommended = _asked(co_reading, me, now, readers)
        expected = [slow.columns(me, c, readers[c]) for c in range(_N_CONTENTS)]
        np.testing.assert_allclose(columns, expected, rtol=1e-5, atol=1e-30)
        wanted = [slow.recommend(me, c) for c in range(_N_CONTENTS)]
        np.testing.assert_allclose(recommended, wanted, rtol=1e-9, atol=1e-30)


def test_a_company_gives_what_the_formulas_give(company: "Company") -> None:
    engine = company.engine()
    state, at = engine.state, engine.state.clock
    sensitive = state.catalogue.contents["sensitive"].view(np.bool_)
    log = engine.log.take(engine.log.is_interaction)
    read = log.take((log.occurred_at < at) & ~sensitive[log.content])
    columns = (read.employee.tolist(), read.content.tolist(), read.occurred_at.tolist())
    slow = Slow(list(zip(*columns, strict=True)), at)
    (group,) = [group for group in GROUPS if group.name == "co_reading"]
    for me in (0, 17, 59):
        candidates = engine.eligible.retrieve(me, at)
        moment = Moment.of(engine.scorer._sources, me, candidates, at)
        out = np.full((len(candidates), len(group.columns)), np.nan, np.float32)
        group.fill(moment, out)
        readers = state.counters.content.read(candidates.astype(np.int64), at)[:, 3]  # of a day
        pairs = zip(candidates.tolist(), readers.tolist(), strict=True)
        expected = [slow.columns(me, content, n) for content, n in pairs]
        assert out.any()
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-30)
        recommended = moment.sources.co_reading.recommend(candidates, at)
        wanted = [slow.recommend(me, content) for content in candidates.tolist()]
        assert any(wanted)
        np.testing.assert_allclose(recommended, wanted, rtol=1e-9, atol=1e-30)


def test_one_colleague_with_one_shared_read(world: "World") -> None:
    """Both have read the old one, she also the new one, two hours ago."""
    for name in ("me", "she"):
        world.employee(name)
    for name in ("old", "new"):
        world.content(name, 0)
    world.event("me", "old", 1)
    world.event("she", "old", 1)
    world.event("she", "new", 10)
    moment = world.ask("me", 12, ["new"])
    out = np.zeros((1, len(CO_READING_COLUMNS)), np.float32)
    moment.sources.co_reading.fill(moment.contents, np.array([1.5]), moment.at, out)
    months2 = 60 * 24
    mine, hers = 2 ** (-11 / months2), 2 ** (-11 / months2) + 2 ** (-2 / months2)
    alike = mine / math.log(3) / ((0.5 + mine**0.75) * (0.5 + hers**0.75))
    day = alike * 2 ** (-2 / 24)
    expected = [alike / 2**8, alike / 2, day, alike, day / 2, alike]
    assert out[0].tolist() == pytest.approx(expected, rel=1e-6)
    recommended = moment.sources.co_reading.recommend(moment.contents, moment.at)
    assert recommended[0] == pytest.approx(alike * 2 ** (-2 / 12))


def test_only_the_six_newest_of_a_colleagues_last_three_days_are_candidates() -> None:
    now = _START + 10 * DAY_US
    hours_ago = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 72, 7: 72.001, 8: 73}
    for missing, expected in (
        ([], [1, 2, 3, 4, 5, 6]),
        ([1], [2, 3, 4, 5, 6]),
        ([6], [1, 2, 3, 4, 5]),
    ):
        reads = [(0, 0, now - 100 * HOUR_US), (1, 0, now - 100 * HOUR_US)]
        reads += [(1, c, now - int(h * HOUR_US)) for c, h in hours_ago.items() if c not in missing]
        co_reading = CoReading(_state(reads, now))
        _, recommended = _asked(co_reading, 0, now, np.zeros(_N_CONTENTS))
        assert np.flatnonzero(recommended).tolist() == expected
    many = [(0, 0, now - HOUR_US), *((1, c, now - (c + 1) * HOUR_US) for c in range(9))]
    _, recommended = _asked(CoReading(_state(many, now)), 0, now, np.zeros(_N_CONTENTS))
    assert np.flatnonzero(recommended).tolist() == list(range(6))


@given(reads, st.sampled_from([-1, _N_EMPLOYEES, 4]))
def test_who_has_read_nothing_has_nobody_alike(reads: list[Read], me: int) -> None:
    others = [read for read in reads if read[0] != me]
    now = _START + _SPAN
    co_reading = CoReading(_state(others, now))
    _asked(co_reading, 0, now, np.zeros(_N_CONTENTS))
    columns, recommended = _asked(co_reading, me, now, np.zeros(_N_CONTENTS))
    assert not columns.any()
    assert not recommended.any()


@given(reads, st.lists(st.integers(-1, _N_EMPLOYEES), min_size=2, max_size=5))
def test_an_answer_does_not_depend_on_who_was_asked_about_before(
    reads: list[Read], people: list[int]
) -> None:
    now, none = _START + _SPAN, np.zeros(_N_CONTENTS)
    state = _state(reads, now)
    shared = CoReading(state)
    for me in people:
        for mine, alone in zip(
            _asked(shared, me, now, none), _asked(CoReading(state), me, now, none), strict=True
        ):
            np.testing.assert_array_equal(mine, alone)
        assert not shared._score.any()
    shared.meet(-1, now)
    assert not shared._likeness.any()


def test_neighbours_of_three_centuries_ago_are_counted_once() -> None:
    """What each shared read still counts is far below the smallest float."""
    state = _state([(e, c, _START) for e in range(4) for c in range(6)], _START + 1)
    later = _START + 110_000 * DAY_US
    co_reading = CoReading(state)
    columns, recommended = _asked(co_reading, 0, later, np.zeros(_N_CONTENTS))
    assert np.isfinite(columns).all()
    assert not recommended.any()
    assert sorted(co_reading._who[: co_reading._n].tolist()) == [1, 2, 3]


def test_contents_and_people_may_come_after_the_first_question(world: "World") -> None:
    for name in ("me", "she"):
        world.employee(name)
        world.event(name, "c0", 1)
    for n in range(3):
        world.content(f"c{n}", 0)
    moment = world.ask("me", 2, ["c0"])
    state, co_reading = moment.sources.state, moment.sources.co_reading
    employees = [{"employee_id": f"x{n}"} for n in range(50)]
    contents = [
        {"content_id": f"y{n}", "title": "x", "published_at": "2026-03-01T00:00:00Z"}
        for n in range(50)
    ]
    for table, rows in (("employees", employees), ("contents", contents)):
        state.catalogue.upsert(table, checked_rows(table, rows)[0], valid_from=moment.at)
    event = {"event_type": "read", "occurred_at": "2026-03-02T03:00:00Z", "event_id": "n"}
    for name, content in (("x49", "c0"), ("x49", "y49")):
        row = event | {"employee_id": name, "content_id": content, "event_id": content}
        state.observe(state.catalogue.encode(checked_rows("events", [row])[0]))
    later = moment.at + 2 * HOUR_US
    state.advance(later)
    co_reading.meet(moment.employee, later)
    new = np.array([state.catalogue.contents.ids.index(c) for c in ("y49", "y48")], np.int32)
    recommended = co_reading.recommend(new, later)
    assert recommended[0] > 0
    assert recommended[1] == 0
