"""The port of text vectors: what features ask of whatever turns contents into vectors."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Embedder", "Reads", "unit_rows"]

Reads = Literal["texts", "content_ids"]


class Embedder(Protocol):
    """Turns contents into vectors whose inner product says how much they are about one thing.

    A vector is float32 and without a unit: of length 1, or all zero where nothing is known, so an
    inner product is a cosine in −1..1 and 0 against the unknown. Rows depend on their own key only,
    not on the rest of the batch, the order or the time: equal keys give equal bits in one process.
    Nothing is fetched from elsewhere and nothing changes; safe for concurrent use. Any string is a
    key, none is an error.
    """

    @property
    def size(self) -> int:
        """Return the length of a vector; 0 when there was nothing to learn from."""

    @property
    def reads(self) -> Reads:
        """Say what :meth:`vectors` is to be given of a content: its text, or its id."""

    def vectors(self, keys: Sequence[str], /) -> npt.NDArray[np.float32]:
        """Return float32 vectors in the order of ``keys``, shape (n, size); owned by the caller."""


def unit_rows(matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the rows of a finite matrix scaled to length 1, in float32; zero rows stay zero."""
    largest = np.abs(matrix).max(axis=1, keepdims=True, initial=0.0)
    # Squares of very large or very small numbers would leave the range of a float.
    scaled = matrix / np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(scaled / np.where(lengths > 0, lengths, 1), np.float32)
