"""Counts that add up to one another, suppressed together before any of them is shown."""

from collections.abc import Collection, Hashable, Sequence

import numpy as np

from recsys.reports.suppression import DEFAULT_K, Sum, suppress_sums

__all__ = ["Sheet"]


class Sheet:
    """Collects counts by key and the sums that tie them; then says which may be shown.

    Everything that goes into one answer belongs on one sheet: what one table hides, another may
    otherwise tell.
    """

    def __init__(self) -> None:
        self._place: dict[Hashable, int] = {}
        self._values: list[int] = []
        self._sums: list[Sum] = []

    def put(self, key: Hashable, count: int) -> None:
        """Add a count."""
        self._place[key] = len(self._values)
        self._values.append(count)

    def add_up(self, total: Hashable, parts: Sequence[Hashable]) -> None:
        """Say that ``parts`` make ``total``, which is added unless it is there already.

        Parts that are not on the sheet are nothing, and so is a total of nothing.
        """
        places = [self._place[part] for part in parts if part in self._place]
        if not places:
            return
        if total not in self._place:
            self.put(total, sum(self._values[place] for place in places))
        self._sums.append((places, self._place[total]))

    def shown(
        self, k: int = DEFAULT_K, keep: Collection[Hashable] = ()
    ) -> dict[Hashable, int | None]:
        """Return every count by key, None where hidden; others go before those to ``keep``."""
        places = [self._place[key] for key in keep if key in self._place]
        is_shown = suppress_sums(np.array(self._values, np.int64), self._sums, k, places)
        return {
            key: self._values[place] if is_shown[place] else None
            for key, place in self._place.items()
        }
