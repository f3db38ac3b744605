"""Rows of choices before it is said how deep each went: what may be kept from night to night."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.features.matrix import FEATURE_NAMES

__all__ = ["ChoiceRows"]


@dataclass(frozen=True, slots=True)
class ChoiceRows:
    """For every choice its rows, the chosen content first; none where it was not shortlisted.

    Nothing in them says who chose or what, and nothing in them became known after the choice.
    """

    features: npt.NDArray[np.float32]
    """Shape (n_rows, n_features)."""
    weight: npt.NDArray[np.float32]
    """How many candidates of the shortlist a row stands for, shape (n_rows,)."""
    sizes: npt.NDArray[np.int32]
    """Rows of each choice, shape (n_choices,)."""
    is_missed: npt.NDArray[np.bool_]
    """Whether a choice was a candidate that the shortlist cut off, shape (n_choices,)."""

    def __len__(self) -> int:
        return len(self.sizes)

    @classmethod
    def of(
        cls,
        blocks: Sequence[npt.NDArray[np.float32]],
        weights: Sequence[npt.NDArray[np.float32]],
        is_missed: Sequence[bool],
    ) -> Self:
        """Return the rows of choices given one by one."""
        return cls(
            np.concatenate([np.zeros((0, len(FEATURE_NAMES)), np.float32), *blocks]),
            np.concatenate([np.zeros(0, np.float32), *weights]),
            np.array([len(block) for block in blocks], np.int32),
            np.array(is_missed, np.bool_),
        )

    @classmethod
    def concatenate(cls, parts: Sequence["ChoiceRows"]) -> "ChoiceRows":
        """Return the choices of ``parts`` one after the other; ``parts`` are not empty."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.weight for part in parts]),
            np.concatenate([part.sizes for part in parts]),
            np.concatenate([part.is_missed for part in parts]),
        )

    def take(self, places: npt.NDArray[np.int64]) -> "ChoiceRows":
        """Return the choices at ``places``, in that order; neighbours are not copied."""
        if len(places) and np.array_equal(places, np.arange(places[0], places[0] + len(places))):
            return self.span(int(places[0]), int(places[0]) + len(places))
        starts = np.cumsum(self.sizes, dtype=np.int64) - self.sizes
        sizes = self.sizes[places]
        shift = starts[places] - (np.cumsum(sizes, dtype=np.int64) - sizes)
        rows = np.arange(int(sizes.sum())) + np.repeat(shift, sizes)
        return ChoiceRows(self.features[rows], self.weight[rows], sizes, self.is_missed[places])

    def span(self, first: int, end: int) -> "ChoiceRows":
        """Return the choices ``first`` to ``end`` − 1, without copying their rows."""
        before, inside = int(self.sizes[:first].sum()), int(self.sizes[first:end].sum())
        rows = slice(before, before + inside)
        return ChoiceRows(
            self.features[rows], self.weight[rows], self.sizes[first:end],
            self.is_missed[first:end],
        )  # fmt: skip
