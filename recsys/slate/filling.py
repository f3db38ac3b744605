"""From a draft to slots: one after the other, each the best there is by then.

Everything about a slot follows from the slots above it, renditions included, and from at most one
random number. So the probability of a slot, given those above, can be written down exactly.
"""

from math import inf

import numpy as np

from recsys.answers import SlotType
from recsys.formats.chooser import ALL_FORMATS, Drawn
from recsys.randomness import uniform_for
from recsys.schema import FORMATS
from recsys.slate.board import NO_ROW, board_of, next_row, pool_rows
from recsys.slate.draft import Draft, Exploration, Float, Rows, Slot

__all__ = ["Filling", "draw_probabilities", "fill"]


def fill(draft: Draft) -> list[Slot]:
    """Return the slots of a draft, in order, at most as many as were asked for.

    With slots from before: what follows them. First what rules placed, then slot by slot: drawn
    where exploration has its turn, else what a floor asks for if it is due, else the best value. A
    slot stays empty only if nothing is left that fits the minutes and repeats nothing. Uses the
    draft up.
    """
    return Filling(draft).run()


def draw_probabilities(values: Float, floor: float, temperature: float) -> Float:
    """Return float64 (n,), summing to 1: ``floor`` for each, the rest in proportion to exp(v/T).

    ``values`` are logarithms, shape (n,), n ≥ 1; the floor is lowered to 1/n where n is larger.
    """
    weight = np.exp((values - values.max()) / temperature)
    floor = min(floor, 1.0 / len(values))
    return np.asarray(floor + (1.0 - floor * len(values)) * weight / weight.sum())


class Filling:
    """The slots so far, and what they leave open."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._slots: list[Slot] = []
        rows = [slot.row for slot in draft.before]
        draft.is_open[rows] = False
        self._limit = min(draft.question.request.limit, len(draft))
        self._board = board_of(draft, self._limit)
        minutes = draft.question.request.max_minutes
        self._seconds_left = inf if minutes is None else 60.0 * minutes
        self._shortest = None if minutes is None else draft.chooser.shortest(draft.contents)
        for slot in draft.before:
            self._append(slot)

    def run(self) -> list[Slot]:
        """Return the slots that follow those from before."""
        self._place_head()
        while len(self._slots) < self._limit and self._fill_next():
            pass
        return self._slots[len(self._draft.before) :]

    def _place_head(self) -> None:
        done = {slot.row for slot in self._draft.before}
        for row, slot_type in self._draft.head:
            if row in done or len(self._slots) == self._limit:
                continue
            choice = self._choice(row, ALL_FORMATS, is_must=slot_type == "mandatory")
            if choice is not None:
                self._take(row, slot_type, 1.0, choice)

    def _fill_next(self) -> bool:
        """Fill the next slot; False if there is nothing left for it."""
        if self._shortest is not None:  # with less and less time left, now and for good
            self._board.is_open[self._shortest > self._seconds_left] = False
        explore, bits = self._draft.exploration, self._allowed_formats()
        if explore is not None and self._is_drawn(explore) and self._draw(explore, bits):
            return True
        return self._take_next(bits) or (bits != ALL_FORMATS and self._take_next(ALL_FORMATS))

    def _take_next(self, bits: int) -> bool:
        """Take the next content that has something to show in ``bits``; False if none has."""
        passed: list[int] = []
        while True:
            row, floor = next_row(self._board, len(self._slots), bits, ALL_FORMATS)
            choice = None if row == NO_ROW else self._choice_or_any(row, bits)
            if row == NO_ROW or choice is not None:
                break
            self._board.is_open[row] = False  # nothing of it fits here
            passed.append(row)
        if choice is not None:
            slot_type = self._draft.floors[floor].slot_type if floor >= 0 else "personal"
            self._take(row, slot_type, 1.0, choice)
        # With all formats allowed it takes too long, now and later; else only this slot is lost.
        if passed and (self._seconds_left == inf or bits != ALL_FORMATS):
            self._board.is_open[passed] = True
        return choice is not None

    def _is_drawn(self, explore: Exploration) -> bool:
        return explore.positions is None or len(self._slots) + 1 in explore.positions

    def _draw(self, explore: Exploration, bits: int) -> bool:
        """Draw the next slot; False where fewer than two contents have a chance."""
        rows, values = self._pool(explore, bits)
        if len(rows) < 2:
            return False
        p = draw_probabilities(values, explore.floor, explore.temperature)
        question = self._draft.question
        luck = uniform_for(
            question.draw, question.request.employee_id, "slot", len(self._slots) + 1
        )
        drawn = min(int(np.searchsorted(np.cumsum(p), luck, side="right")), len(p) - 1)
        row = int(rows[drawn])
        choice = self._choice(row, bits)
        assert choice is not None  # what has no rendition is not in the pool
        self._take(row, "explore", float(p[drawn]), choice)
        return True

    def _pool(self, explore: Exploration, bits: int) -> tuple[Rows, Float]:
        """Return the rows that have a chance, the wanted first ones in front, and their values."""
        board = self._board
        unfit: list[int] = []
        while True:
            pool, values = np.empty(explore.pool, np.int64), np.empty(explore.pool)
            n = pool_rows(board, len(self._slots), bits, explore.first, pool, values)
            if self._seconds_left == inf and bits == ALL_FORMATS:
                break
            found = [r for r in pool[:n].tolist() if self._choice(r, bits) is None]
            if not found:
                break
            board.is_open[found] = False
            unfit += found
        if unfit:
            board.is_open[unfit] = True
        return pool[:n], values[:n]

    def _choice_or_any(self, row: int, bits: int) -> Drawn | None:
        """Return a choice among the formats that may be shown, else among all that fit."""
        choice = self._choice(row, bits)
        if choice is None and bits != ALL_FORMATS and not int(self._board.formats[row]) & bits:
            return self._choice(row, ALL_FORMATS)  # the cap gave way
        return choice

    def _choice(self, row: int, bits: int, *, is_must: bool = False) -> Drawn | None:
        content = int(self._draft.contents[row])
        return self._draft.chooser.draw(content, self._seconds_left, bits, or_any=is_must)

    def _allowed_formats(self) -> int:
        """Return the formats that may be shown in the next slot, one bit each."""
        most, window = self._draft.most_of_format
        if len(self._slots) < most:
            return ALL_FORMATS
        recent = [
            slot.choice.format for slot in self._slots[max(len(self._slots) - window + 1, 0) :]
        ]
        bits = ALL_FORMATS
        for form in set(recent):
            if recent.count(form) >= most:
                bits &= ~(1 << FORMATS.index(form))
        return bits

    def _take(self, row: int, slot_type: SlotType, propensity: float, choice: Drawn) -> None:
        self._append(Slot(row, slot_type, propensity, choice))

    def _append(self, slot: Slot) -> None:
        self._board.taken[len(self._slots)] = slot.row
        self._board.is_open[slot.row] = False
        self._slots.append(slot)
        self._seconds_left -= slot.choice.seconds
