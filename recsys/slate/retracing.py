"""How likely a policy was to answer a slate that another one answered, slot by slot."""

import numpy as np

from recsys.formats.chooser import ALL_FORMATS
from recsys.slate.board import next_row
from recsys.slate.draft import Bool, Draft, Float, Slot
from recsys.slate.filling import Filling, draw_probabilities

__all__ = ["Retracing"]


class Retracing(Filling):
    """Walks along the slots that a draft has from before; uses the draft up.

    Each slot is asked about given those above it as they were, renditions included; so it is about
    contents alone. The log does not know a limit on minutes: there was none.
    """

    def __init__(self, draft: Draft) -> None:
        self._path, draft.before = draft.before, []
        super().__init__(draft)

    def probabilities(self) -> Float:
        """Return P(content | slots above), shape (n_slots,): 0 or 1 where nothing is drawn.

        The product is the probability of the whole slate.
        """
        return np.array([self._follow(slot, self._probability(slot.row)) for slot in self._path])

    def draws(self, is_drawn: Bool) -> Float:
        """Return the same for slots that were drawn, as if the policy drew there; NaN for others.

        NaN also where the policy has nothing to draw from.
        """
        return np.array(
            [
                self._follow(slot, self._chance(slot.row) if drawn else np.nan)
                for slot, drawn in zip(self._path, is_drawn.tolist(), strict=True)
            ]
        )

    def _follow(self, slot: Slot, probability: float) -> float:
        self._append(slot)
        return probability

    def _probability(self, row: int) -> float:
        """Return the probability of ``row`` in the next slot."""
        taken = {slot.row for slot in self._slots}
        head = next((r for r, _ in self._draft.head if r not in taken), None)
        if head is not None:
            return float(row == head)
        explore = self._draft.exploration
        if explore is not None and self._is_drawn(explore):
            chance = self._chance(row)
            if not np.isnan(chance):
                return chance
        bits = self._allowed_formats()
        return float(row == next_row(self._board, len(self._slots), bits, ALL_FORMATS)[0])

    def _chance(self, row: int) -> float:
        """Return the probability of drawing ``row`` next; NaN where fewer than two have one."""
        explore = self._draft.exploration
        if explore is None:
            return np.nan
        rows, values = self._pool(explore, self._allowed_formats())
        if len(rows) < 2:
            return np.nan
        p = draw_probabilities(values, explore.floor, explore.temperature)
        return float(p[rows == row].sum())
