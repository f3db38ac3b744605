"""A slate in sections: each with its quota, its maxima and its share of other departments.

Whatever rules placed comes first, in the first sections that have room. Then the section with the
fewest contents to spare is filled first, so that none takes from another what only that one could
use; where kinds are nested or apart, no order fills more slots. Slots come back in reading order.
"""

from collections import Counter

import numpy as np

from recsys.formats.chooser import ALL_FORMATS
from recsys.slate.board import pool_rows
from recsys.slate.draft import Bool, Draft, Rows, Section, Slot
from recsys.slate.filling import Filling

__all__ = ["Sectioned", "fill_sections"]

Sectioned = list[tuple[Slot, list[int]]]
"""Slots in reading order, each with the rows of its alternates, best first."""

_NONE_FIRST = np.zeros(0, np.int64)


def fill_sections(draft: Draft, n_alternates: int = 0) -> Sectioned:
    """Return the slots of a draft with sections; uses the draft up.

    Maxima of sections always hold. A quota that cannot be filled, and a share of other departments
    that does not exist, leave the mail shorter. Alternates belong to the section of their slot and
    are nobody else's.
    """
    return _SectionFilling(draft).run_sections(n_alternates)


class _SectionFilling(Filling):
    """The slots so far, by section."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft)
        self._of_section: dict[str, list[Slot]] = {s.name: [] for s in draft.sections}

    def run_sections(self, n_alternates: int) -> Sectioned:
        """Return the slots in reading order, with alternates."""
        self._place_head()
        self._share_head()
        sections = self._draft.sections
        for section, quota in sorted(self._within_limit(sections), key=self._to_spare):
            self._fill_section(section, quota)
        for section in sections:  # where one stayed short, another may have more
            self._fill_section(section, section.quota)
        return [
            pair for section in sections for pair in self._with_alternates(section, n_alternates)
        ]

    def _share_head(self) -> None:
        """Give what was placed to the first sections that have room."""
        room = [s.name for s in self._draft.sections for _ in range(s.quota)]
        last = room[-1]
        for place, slot in enumerate(self._slots):
            name = room[place] if place < len(room) else last
            self._of_section[name].append(_in_section(slot, name))

    def _within_limit(self, sections: list[Section]) -> list[tuple[Section, int]]:
        """Return sections with quotas that together make the limit; the last ones give way."""
        left, found = self._limit, []
        for section in sections:
            found.append((section, min(section.quota, left)))
            left -= found[-1][1]
        return found

    def _to_spare(self, wanted: tuple[Section, int]) -> int:
        section, quota = wanted
        return int(np.count_nonzero(section.is_member & self._board.is_open)) - quota

    def _fill_section(self, section: Section, quota: int) -> None:
        mine = self._of_section[section.name]
        if len(mine) >= quota or len(self._slots) >= self._limit:
            return
        is_open = self._board.is_open
        outside = is_open & ~section.is_member
        is_open[outside] = False
        while len(mine) < quota and len(self._slots) < self._limit:
            closed = self._close_full(section)
            n_owed = section.least_elsewhere - sum(
                bool(section.is_elsewhere[slot.row]) for slot in mine
            )
            is_owed = n_owed > 0 and quota - len(mine) <= n_owed
            found = (is_owed and self._fill_from(section.is_elsewhere)) or self._fill_next()
            is_open[closed] = True
            if not found:
                break
            slot = self._slots[-1]
            if is_owed and section.is_elsewhere[slot.row] and slot.slot_type == "personal":
                slot = Slot(slot.row, "other_department", slot.propensity, slot.choice)
            mine.append(_in_section(slot, section.name))
        is_open[outside] = True

    def _fill_from(self, is_wanted: Bool) -> bool:
        """Fill the next slot with a wanted row; False if there is none."""
        is_open = self._board.is_open
        others = is_open & ~is_wanted
        is_open[others] = False
        found = self._fill_next()
        is_open[others] = True
        return found

    def _close_full(self, section: Section) -> Rows:
        """Close the rows whose author, campaign … has its share of the section; return them."""
        is_open = self._board.is_open
        closed = _NONE_FIRST
        for keys, most in section.caps:
            held = Counter(int(keys[slot.row]) for slot in self._of_section[section.name])
            for key, n in held.items():
                if n >= most and key >= 0:
                    full = np.flatnonzero((keys == key) & is_open)
                    is_open[full] = False
                    closed = np.concatenate([closed, full])
        return closed

    def _with_alternates(self, section: Section, n_each: int) -> Sectioned:
        mine = self._of_section[section.name]
        if n_each == 0 or not mine:
            return [(slot, []) for slot in mine]
        is_open = self._board.is_open
        outside = is_open & ~section.is_member
        is_open[outside] = False
        pool, values = np.empty(n_each * len(mine), np.int64), np.empty(n_each * len(mine))
        n = pool_rows(self._board, len(self._slots), ALL_FORMATS, _NONE_FIRST, pool, values)
        rows = pool[:n].tolist()
        is_open[outside] = True
        is_open[rows] = False  # an alternate is nobody else's
        return [(slot, rows[place :: len(mine)]) for place, slot in enumerate(mine)]


def _in_section(slot: Slot, name: str) -> Slot:
    return Slot(slot.row, slot.slot_type, slot.propensity, slot.choice, name)
