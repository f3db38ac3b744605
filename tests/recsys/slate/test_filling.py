"""Slots: the compiled search against a slow, plain one; exact probabilities against draws."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf
from types import SimpleNamespace
from typing import cast
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recsys.answers import FeedRequest, SlotType
from recsys.formats.chooser import ALL_FORMATS, Drawn, RenditionChooser
from recsys.randomness import uniform_for
from recsys.schema import FORMATS
from recsys.slate.draft import (
    WHOLE_SLATE,
    Cap,
    Draft,
    Exploration,
    Float,
    Floor,
    Question,
    SlateSources,
    Slot,
)
from recsys.slate.filling import draw_probabilities, fill
from recsys.times import from_micros

_VIDEO, _TEXT, _ARTICLE = "video", "text_summary", "article"
_VECTORS = np.array(  # of unit length, with cosines that floats hold exactly
    [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5]],
    np.float32,
)


@dataclass(frozen=True)
class Plan:
    """A draft in plain words; one entry per row."""

    scores: list[float]
    formats: list[tuple[str, ...]]
    seconds: list[float]
    vectors: list[int]
    """Rows of ``_VECTORS``."""
    limit: int = 6
    max_minutes: float | None = None
    caps: list[Cap] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)
    head: list[tuple[int, SlotType]] = field(default_factory=list)
    most_of_format: tuple[int, int] = (WHOLE_SLATE, WHOLE_SLATE)
    cost: float = 0.0
    exploration: Exploration | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def draft(self, draw: str = "d") -> Draft:
        """Return a fresh draft; content i is row n − 1 − i, so that the two are never mixed up."""
        n = len(self)
        contents = np.arange(n, dtype=np.int32)[::-1].copy()
        bits = np.array([_bits(self.formats[n - 1 - c]) for c in range(n)], np.int64)
        renditions = SimpleNamespace(format_bits=lambda asked: bits[asked])
        catalogue = SimpleNamespace(renditions=renditions)
        matrix = _VECTORS[self.vectors][::-1].copy()
        sources = SimpleNamespace(
            state=SimpleNamespace(catalogue=catalogue), vectors=SimpleNamespace(matrix=matrix)
        )
        request = FeedRequest("e", from_micros(0), self.limit, max_minutes=self.max_minutes)
        draft = Draft(
            cast("SlateSources", sources), Question(request, 0, 0, 0, {}, draw, True),
            cast("RenditionChooser", _Chooser(self)), contents, np.array(self.scores), {}, None,
            np.full(n, -1),
        )  # fmt: skip
        draft.caps, draft.floors = list(self.caps), list(self.floors)
        draft.most_of_format, draft.similarity_cost = self.most_of_format, self.cost
        draft.exploration = self.exploration
        for row, slot_type in self.head:
            draft.place(row, slot_type)
        return draft


@dataclass(frozen=True)
class _Chooser:
    """Takes the first format that may be shown and fits."""

    plan: Plan

    def draw(
        self, content: int, max_seconds: float = inf, formats: int = ALL_FORMATS, *,
        or_any: bool = False,
    ) -> Drawn | None:  # fmt: skip
        row = len(self.plan) - 1 - content
        own = self.plan.formats[row]
        fitting = [f for f in own if _bits([f]) & formats]
        if self.plan.seconds[row] > max_seconds:
            fitting = []
        for form in fitting or (own if or_any else ()):
            return Drawn(f"{row}-{form}", form, 1.0, self.plan.seconds[row])
        return None

    def shortest(self, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        return np.array([self.plan.seconds[len(self.plan) - 1 - c] for c in contents])

    def formats(self, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        return np.array([_bits(self.plan.formats[len(self.plan) - 1 - c]) for c in contents])


def _bits(formats: Sequence[str]) -> int:
    return sum(1 << FORMATS.index(form) for form in formats)


# ---- the oracle


@dataclass(frozen=True)
class Filled:
    row: int
    slot_type: SlotType
    propensity: float
    form: str


class Oracle:
    """Fills slots by going through all rows for each; nothing is remembered between them."""

    def __init__(self, plan: Plan, draw: str = "d") -> None:
        self.plan, self.draw = plan, draw
        self.values = np.log(plan.scores).tolist()
        self.slots: list[Filled] = []
        self.left = inf if plan.max_minutes is None else 60.0 * plan.max_minutes
        self.open = set(range(len(plan)))

    def run(self) -> list[Filled]:
        limit = min(self.plan.limit, len(self.plan))
        head = self.plan.head[: self.plan.limit]
        self.open -= {row for row, _ in head}
        for row, slot_type in head:
            if slot_type == "mandatory" or self.plan.seconds[row] <= self.left:
                self._take(row, slot_type, 1.0, self.plan.formats[row][0])
        while len(self.slots) < limit:
            if self._is_drawn() and len(pool := self.pool()) >= 2:
                self._take_drawn(pool)
            elif not self._take_best():
                break
        return self.slots

    def pool(self) -> list[int]:
        """Return the rows that have a chance in the next slot."""
        explore = self.plan.exploration
        assert explore is not None
        may = set(self._may(self.allowed()))
        wanted = [row for row in explore.first.tolist() if row in may]
        rest = sorted(may - set(wanted), key=self._rank)
        return (wanted + rest)[: explore.pool]

    def probabilities(self, pool: list[int]) -> list[float]:
        explore = self.plan.exploration
        assert explore is not None
        values = [self.value(row) / explore.temperature for row in pool]
        weights = [exp(value - max(values)) for value in values]
        floor = min(explore.floor, 1 / len(pool))
        rest = 1 - floor * len(pool)
        return [floor + rest * weight / sum(weights) for weight in weights]

    def value(self, row: int) -> float:
        mine = _VECTORS[self.plan.vectors[row]]
        cosines = [float(mine @ _VECTORS[self.plan.vectors[slot.row]]) for slot in self.slots]
        return float(self.values[row] - self.plan.cost * max([0.0, *cosines]))

    def allowed(self) -> list[str]:
        most, window = self.plan.most_of_format
        recent = [slot.form for slot in self.slots[max(len(self.slots) - window + 1, 0) :]]
        return [form for form in FORMATS if recent.count(form) < most]

    def breaks(self, cap: Cap, row: int) -> bool:
        key = cap.keys[row]
        if key < 0:
            return False
        recent = self.slots[max(len(self.slots) - cap.window + 1, 0) :]
        return sum(bool(cap.keys[slot.row] == key) for slot in recent) >= cap.most

    def _is_drawn(self) -> bool:
        explore = self.plan.exploration
        if explore is None:
            return False
        return explore.positions is None or len(self.slots) + 1 in explore.positions

    def _take_drawn(self, pool: list[int]) -> None:
        p, total = self.probabilities(pool), 0.0
        luck = uniform_for(self.draw, "e", "slot", len(self.slots) + 1)
        for row, chance in zip(pool, p, strict=True):
            total += chance
            if luck < total or row == pool[-1]:
                self._take(row, "explore", chance, self._form(row))
                return

    def _take_best(self) -> bool:
        for floor in self.plan.floors:
            if self._is_due(floor):
                row = self._best([r for r in self._may(self.allowed()) if floor.is_member[r]])
                if row is None:
                    row = self._best([r for r in self._may(None) if floor.is_member[r]])
                if row is not None:
                    self._take(row, floor.slot_type, 1.0, self._form(row))
                    return True
        row = self._best(self._may(self.allowed()))
        if row is None:
            row = self._best(self._may(None))
        if row is not None:
            self._take(row, "personal", 1.0, self._form(row))
        return row is not None

    def _is_due(self, floor: Floor) -> bool:
        n = len(self.slots)
        inside = self.slots[n - n % floor.every :]
        came = any(floor.is_member[slot.row] for slot in inside)
        return n % floor.every + 1 == floor.due and not came

    def _may(self, formats: list[str] | None) -> list[int]:
        """Return what may be taken; without ``formats`` only strict caps hold."""
        return [
            row
            for row in sorted(self.open)
            if self.plan.seconds[row] <= self.left
            and (formats is None or set(formats) & set(self.plan.formats[row]))
            and not any(self.breaks(cap, row) for cap in self.plan.caps if formats or cap.is_strict)
        ]

    def _best(self, rows: list[int]) -> int | None:
        return min(rows, key=self._rank, default=None)

    def _rank(self, row: int) -> tuple[float, float, int]:
        """Best value first; of equals what was worth more by itself, then the ranking."""
        return -self.value(row), -self.values[row], row

    def _form(self, row: int) -> str:
        own = self.plan.formats[row]
        return next((form for form in own if form in self.allowed()), own[0])

    def _take(self, row: int, slot_type: SlotType, propensity: float, form: str) -> None:
        self.slots.append(Filled(row, slot_type, propensity, form))
        self.open.discard(row)
        self.left -= self.plan.seconds[row]


# ---- random plans


def _plan(seed: int, *, drawn: bool = False) -> Plan:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    formats = ((_VIDEO,), (_TEXT,), (_ARTICLE, _VIDEO), (_TEXT, _VIDEO, _ARTICLE))
    head_rows = rng.permutation(n)[: int(rng.integers(0, 4))].tolist()
    kinds: tuple[SlotType, ...] = ("mandatory", "pinned")
    return Plan(
        scores=np.exp2(-rng.integers(0, 6, n)).tolist(),
        formats=[formats[i] for i in rng.integers(0, len(formats), n)],
        seconds=(60.0 * rng.integers(0, 4, n)).tolist(),
        vectors=rng.integers(0, len(_VECTORS), n).tolist(),
        limit=int(rng.integers(0, 20)),
        max_minutes=float(rng.integers(1, 20)) if rng.random() < 0.4 else None,
        caps=[_cap(rng, n, place) for place in range(int(rng.integers(0, 4)))],
        floors=[_floor(rng, n) for _ in range(int(rng.integers(0, 3)))],
        head=[(row, kinds[int(rng.integers(0, 2))]) for row in head_rows],
        most_of_format=(int(rng.integers(1, 5)), int(rng.integers(1, 8))),
        cost=float(rng.choice([0.0, 0.5, 2.0])),
        exploration=_exploration(rng, n) if drawn else None,
    )


def _cap(rng: np.random.Generator, n: int, place: int) -> Cap:
    keys = rng.integers(-1, 4, n).astype(np.int32)
    most, window = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 5, WHOLE_SLATE]))
    return Cap(f"cap{place}", keys, most, window, is_strict=bool(rng.random() < 0.3))


def _floor(rng: np.random.Generator, n: int) -> Floor:
    every = int(rng.integers(1, 7))
    return Floor("fresh", rng.random(n) < 0.3, every, int(rng.integers(1, every + 1)))


def _exploration(rng: np.random.Generator, n: int) -> Exploration:
    positions = None if rng.random() < 0.3 else tuple(rng.integers(1, 12, 2).tolist())
    pool = int(rng.integers(1, 31))
    floor = float(rng.choice([0.0, 1 / 60, 1 / pool]))
    first = rng.permutation(n)[: int(rng.integers(0, 5))].astype(np.int64)
    return Exploration(positions, pool, floor, float(rng.choice([0.5, 1.0, 2.0])), first)


plans = st.builds(_plan, st.integers(0, 2**32), drawn=st.booleans())


# ---- against the oracle


@settings(max_examples=400)
@given(plans, st.text(max_size=3))
def test_slots_are_those_of_a_slow_search(plan: Plan, draw: str) -> None:
    slots, expected = fill(plan.draft(draw)), Oracle(plan, draw).run()
    assert [(s.row, s.slot_type, s.choice.format) for s in slots] == [
        (s.row, s.slot_type, s.form) for s in expected
    ]
    assert [s.propensity for s in slots] == pytest.approx([s.propensity for s in expected])


@settings(max_examples=200)
@given(plans)
def test_what_every_slate_keeps(plan: Plan) -> None:
    slots = fill(plan.draft())
    rows = [slot.row for slot in slots]
    assert len(set(rows)) == len(rows) <= plan.limit
    assert all(slot.propensity == 1.0 for slot in slots if slot.slot_type != "explore")
    assert all(0.0 < slot.propensity <= 1.0 for slot in slots)
    assert all(slot.choice.format in plan.formats[slot.row] for slot in slots)
    if plan.max_minutes is not None:
        musts = [slot.slot_type == "mandatory" for slot in slots]
        by_choice = [
            plan.seconds[r] for r, must in zip(rows, musts, strict=True) if not must
        ]  # must-reads are kept whatever they take
        assert sum(by_choice) <= 60.0 * plan.max_minutes
    for cap in plan.caps:
        if cap.is_strict:
            _assert_kept(cap, [r for r in rows if r not in dict(plan.head)])


def _assert_kept(cap: Cap, rows: list[int]) -> None:
    for start in range(len(rows)):
        keys = [int(cap.keys[row]) for row in rows[start : start + cap.window]]
        assert max((keys.count(key) for key in keys if key >= 0), default=0) <= cap.most


@settings(max_examples=200)
@given(plans)
def test_caps_give_way_only_where_nothing_else_is_left(plan: Plan) -> None:
    """Every slot that breaks a cap or the mix of formats had no alternative that kept both."""
    oracle = Oracle(plan)
    head = dict(plan.head)
    oracle.open -= set(head)
    for slot in fill(plan.draft()):
        if slot.row not in head:
            caps = any(oracle.breaks(cap, slot.row) for cap in plan.caps)
            if caps or slot.choice.format not in oracle.allowed():
                may = oracle._may(oracle.allowed())
                if slot.slot_type == "fresh":  # a floor goes before caps
                    due = (f.is_member for f in plan.floors if oracle._is_due(f))
                    members = next(mine for mine in due if mine[slot.row])
                    may = [r for r in may if members[r]]
                assert not [r for r in may if r != slot.row]
        oracle._take(slot.row, slot.slot_type, slot.propensity, slot.choice.format)


@settings(max_examples=200)
@given(plans)
def test_a_floor_holds_where_a_member_was_left(plan: Plan) -> None:
    """In every whole stretch, unless its turn was taken by what is placed, drawn or due before."""
    slots = fill(plan.draft())
    plan = replace(plan, caps=[cap for cap in plan.caps if cap.is_strict])
    for place, floor in enumerate(plan.floors):
        for start in range(0, len(slots) - floor.every + 1, floor.every):
            inside = slots[start : start + floor.every]
            due = start + floor.due - 1
            if any(floor.is_member[slot.row] for slot in inside[: floor.due]):
                continue
            if slots[due].slot_type in ("mandatory", "pinned", "explore"):
                continue
            oracle = Oracle(plan)
            oracle.open -= set(dict(plan.head))
            for slot in slots[:due]:
                oracle._take(slot.row, slot.slot_type, 1.0, slot.choice.format)
            if any(oracle._is_due(other) for other in plan.floors[:place]):
                continue
            assert not [row for row in oracle._may(None) if floor.is_member[row]]


def test_a_slate_by_hand() -> None:
    """Two of an author at most in three slots, an office's text at the latest in the fourth."""
    keys = np.array([7, 7, 7, -1, -1, 7], np.int32)
    office = Floor("other_department", np.array([False] * 4 + [True] * 2), 4, 4)
    plan = Plan(
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [(_ARTICLE,)] * 6, [0.0] * 6, [0] * 6,
        caps=[Cap("author", keys, 2, 3)], floors=[office],
    )  # fmt: skip
    slots = fill(plan.draft())
    assert [slot.row for slot in slots] == [0, 1, 3, 4, 2, 5]
    assert [slot.slot_type for slot in slots] == ["personal"] * 3 + ["other_department"] + [
        "personal"
    ] * 2


def test_likeness_costs_what_it_says() -> None:
    """The second is worth 0.9 · exp(−1 · 0.5) = 0.546 below the first, the third 0.6."""
    plan = Plan([1.0, 0.9, 0.6], [(_ARTICLE,)] * 3, [0.0] * 3, [1, 3, 2], cost=1.0)
    assert [slot.row for slot in fill(plan.draft())] == [0, 2, 1]
    assert [slot.row for slot in fill(replace(plan, cost=0.8).draft())] == [0, 1, 2]


def test_a_format_that_is_all_there_is_gives_way() -> None:
    plan = Plan(
        [0.9, 0.8, 0.7, 0.6], [(_VIDEO,), (_VIDEO,), (_VIDEO,), (_TEXT,)], [0.0] * 4, [0] * 4,
        most_of_format=(1, 4),
    )  # fmt: skip
    assert [slot.row for slot in fill(plan.draft())] == [0, 3, 1, 2]


@pytest.mark.parametrize("limit", [0, 1, 1000])
def test_nothing_to_fill_and_more_than_there_is(limit: int) -> None:
    assert fill(Plan([], [], [], [], limit=limit).draft()) == []
    assert len(fill(Plan([0.5], [(_TEXT,)], [0.0], [1], limit=limit).draft())) == min(limit, 1)


# ---- probabilities


@given(
    st.lists(st.floats(-30, 1), min_size=1, max_size=30), st.floats(0, 1 / 30),
    st.floats(0.1, 5),
)  # fmt: skip
def test_probabilities_sum_to_one_and_keep_the_floor(
    values: list[float], floor: float, temperature: float
) -> None:
    p = draw_probabilities(np.array(values), floor, temperature)
    assert p.sum() == pytest.approx(1)
    assert p.min() >= floor - 1e-15
    assert (np.diff(p[np.argsort(values)]) >= -1e-15).all()


def test_probabilities_by_hand() -> None:
    """Values 0.6, 0.3, 0.1 with a tenth for each: 0.1 + 0.7 · value."""
    p = draw_probabilities(np.log([0.6, 0.3, 0.1]), 0.1, 1.0)
    assert p.tolist() == pytest.approx([0.52, 0.31, 0.17])
    cooler = draw_probabilities(np.log([0.6, 0.3, 0.1]), 0.0, 0.5)
    assert cooler.tolist() == pytest.approx([0.36 / 0.46, 0.09 / 0.46, 0.01 / 0.46])


def _alternatives(plan: Plan, lucks: list[float], place: int) -> Iterator[tuple[Slot, float]]:
    """Yield every slot that can come in ``place`` (from 0) after ``lucks``, and a luck for it."""
    total = 0.0
    while total < 1 - 1e-9:
        slots = _filled(plan, [*lucks, total + 1e-10])
        if place >= len(slots):
            return
        yield slots[place], total + 1e-10
        total += slots[place].propensity


def _filled(plan: Plan, lucks: list[float]) -> list[Slot]:
    """Fill with given numbers instead of random ones; 0 for those not given."""
    given_lucks = dict(enumerate(lucks, start=1))
    with patch("recsys.slate.filling.uniform_for", lambda *at: given_lucks.get(at[-1], 0.0)):
        return fill(plan.draft())


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_alternatives_of_every_drawn_slot_sum_to_one_above_the_floor(seed: int) -> None:
    plan = _plan(seed, drawn=True)
    explore = plan.exploration
    assert explore is not None
    slots = _filled(plan, [])
    for place, slot in enumerate(slots):
        if slot.slot_type == "explore":
            found = [s for s, _ in _alternatives(plan, [0.0] * place, place)]
            rows = [s.row for s in found]
            assert len(set(rows)) == len(rows) <= explore.pool
            assert sum(s.propensity for s in found) == pytest.approx(1)
            assert min(s.propensity for s in found) >= min(explore.floor, 1 / len(rows)) - 1e-12


def test_the_floor_of_the_default_is_a_sixtieth_for_thirty() -> None:
    explore = Exploration((1,), 30, 1 / 60, 1.0)
    n = 40
    plan = Plan(
        np.geomspace(1, 1e-9, n).tolist(), [(_TEXT,)] * n, [0.0] * n, [0] * n, limit=1,
        exploration=explore,
    )  # fmt: skip
    found = [slot for slot, _ in _alternatives(plan, [], 0)]
    assert [slot.row for slot in found] == list(range(30))
    assert min(slot.propensity for slot in found) >= 1 / 60 - 1e-15
    assert sum(slot.propensity for slot in found) == pytest.approx(1)


def _all_slates(plan: Plan, lucks: list[float], above: float) -> Iterator[tuple[list[int], float]]:
    """Yield rows and probability of every slate, slot by slot."""
    found = list(_alternatives(plan, lucks, len(lucks)))
    if not found:
        yield [slot.row for slot in _filled(plan, lucks)], above
    for slot, luck in found:
        yield from _all_slates(plan, [*lucks, luck], above * slot.propensity)


@pytest.mark.parametrize("is_capped", [False, True])
def test_whole_slates_that_are_drawn_have_probabilities_that_sum_to_one(is_capped: bool) -> None:
    cap = Cap("author", np.array([1, 1, 2, 1, -1], np.int32), 1, 3)
    formats: list[tuple[str, ...]] = [(_TEXT,), (_TEXT,), (_TEXT,), (_VIDEO,), (_VIDEO,)]
    plan = Plan(
        [0.5, 0.4, 0.2, 0.05, 0.3], formats, [0.0] * 5, [1, 3, 2, 1, 0],
        limit=3, cost=0.5, exploration=Exploration(None, 30, 0.0, 0.5),
        caps=[cap] if is_capped else [], most_of_format=(2, 3),
    )  # fmt: skip
    slates = list(_all_slates(plan, [], 1.0))
    assert len({tuple(rows) for rows, _ in slates}) == len(slates) > 10
    assert sum(p for _, p in slates) == pytest.approx(1, abs=1e-7)
    for rows, p in slates[::7]:
        assert p == pytest.approx(_probability(plan, rows))


def _probability(plan: Plan, rows: list[int]) -> float:
    """Return the probability of a slate that is drawn whole, by the oracle."""
    oracle, product = Oracle(plan), 1.0
    for row in rows:
        pool = oracle.pool()
        if len(pool) >= 2:
            product *= dict(zip(pool, oracle.probabilities(pool), strict=True))[row]
        oracle._take(row, "explore", 1.0, oracle._form(row))
    return product


def _drawn_plan() -> Plan:
    """Two drawn slots of four; caps and likeness make the second depend on the first."""
    return Plan(
        scores=[0.5, 0.4, 0.35, 0.3, 0.1, 0.05, 0.02],
        formats=[(_TEXT,), (_VIDEO,), (_TEXT, _VIDEO), (_VIDEO,), (_TEXT,), (_TEXT,), (_ARTICLE,)],
        seconds=[0.0] * 7, vectors=[1, 3, 2, 1, 3, 0, 0], limit=4, cost=1.0,
        caps=[Cap("author", np.array([1, 1, 2, 2, 3, 3, -1], np.int32), 1, 3)],
        exploration=Exploration((2, 4), 4, 1 / 60, 1.0, np.array([6])),
    )  # fmt: skip


@pytest.mark.parametrize("is_whole", [False, True])
def test_draws_come_as_often_as_propensities_say(is_whole: bool) -> None:
    """20,000 draws, grouped by the slots above."""
    plan = _drawn_plan()
    if is_whole:
        plan = replace(plan, limit=3, exploration=Exploration(None, 30, 0.0, 0.5))
    seen: dict[tuple[int, ...], Counter[int]] = {}
    stated: dict[tuple[int, ...], dict[int, float]] = {}
    for n in range(20_000):
        above: tuple[int, ...] = ()
        for slot in fill(plan.draft(f"draw {n}")):
            seen.setdefault(above, Counter())[slot.row] += 1
            same = stated.setdefault(above, {}).setdefault(slot.row, slot.propensity)
            assert same == slot.propensity  # it depends on the slots above and nothing else
            above = (*above, slot.row)
    frequent = [above for above, counts in seen.items() if counts.total() >= 100]
    tested = [p for p in (_p_value(seen[a], stated[a]) for a in frequent) if p is not None]
    assert len(tested) >= 4
    # The draws are fixed: a false alarm is found once, by whoever changes them.
    assert min(tested) > 1e-4


def _p_value(counts: Counter[int], p: dict[int, float]) -> float | None:
    """Return the p value of a chi-square test; rare ones count as one, None if nothing is drawn."""
    n = counts.total()
    often = [row for row in p if n * p[row] >= 5]  # else chi-square is crude
    observed = np.array([counts[row] for row in often], np.float64)
    expected = n * np.array([p[row] for row in often])
    if n - expected.sum() >= 5:
        observed, expected = (np.append(x, n - x.sum()) for x in (observed, expected))
    elif len(expected):
        expected[-1] += n - expected.sum()
        observed[-1] += n - observed.sum()
    if len(expected) < 2:
        assert observed.sum() == n
        return None
    return float(stats.chisquare(observed, expected).pvalue)


def test_a_draw_of_one_alternative_is_no_draw() -> None:
    plan = Plan([0.5], [(_TEXT,)], [0.0], [0], exploration=Exploration((1,), 30, 1 / 60, 1.0))
    [slot] = fill(plan.draft())
    assert (slot.slot_type, slot.propensity) == ("personal", 1.0)


def _values(draft: Draft) -> Float:
    return draft.values


@given(st.lists(st.floats(1e-9, 1e6), min_size=1, max_size=5), st.floats(1e-9, 1e9))
def test_a_factor_means_the_same_for_all_values(scores: list[float], factor: float) -> None:
    n = len(scores)
    draft = Plan(scores, [(_TEXT,)] * n, [0.0] * n, [0] * n).draft()
    before = _values(draft).copy()
    factors: npt.NDArray[np.float64] = np.full(n, factor)
    draft.scale("rule", factors)
    assert _values(draft) - before == pytest.approx(np.log(factors))
    assert draft.factors["rule"].tolist() == factors.tolist()
