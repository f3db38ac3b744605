"""What a made-up company must be able to tell about the tastes planted in it, and the oracle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset

__all__ = ["Float", "Index", "PlantedTastes", "World", "oracle_completion", "true_completion"]

Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_DRAWS = 1_500
"""Of tastes from the hierarchy: at 40 told showings about a tenth of them keep their weight."""
_GRID = np.sinh(np.linspace(-2.8, 2.8, 41))
"""Tastes from −8 to 8 at which completion is computed, more about 0, where more people are; lines
in between are off by less than 0.002."""


class PlantedTastes(Protocol):
    """The truth about n people. A person is an index 0..n-1, a content one into ``content_ids``.

    A taste is what a person's liking of a format adds to the logit of completing it. Tastes are
    passed in rows of shape (m, n_formats) in the order of ``formats``.
    """

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of the formats in use."""

    @property
    def employee_ids(self) -> Sequence[str]:
        """Ids of the n people."""

    @property
    def content_ids(self) -> Sequence[str]:
        """Ids of all contents."""

    @property
    def n_impressions(self) -> Index:
        """Impressions of each person, (n,)."""

    @property
    def tastes(self) -> Float:
        """Today's tastes, (n, n_formats)."""

    @property
    def flipped_at(self) -> Index:
        """When each person's tastes turned round, microseconds, (n,); ``NO_TIME`` for never."""

    def draw_tastes(self, person: int, n: int, rng: np.random.Generator) -> Float:
        """Return n draws from the hierarchy that today's tastes of the person came from."""

    def log_likelihood(self, person: int, tastes: Float, *, since_flip: bool = False) -> Float:
        """Return the log probability, (m,), of all that came of the person's impressions.

        Everything but the tastes is known. ``since_flip`` leaves out what was before a flip.
        """

    def completion(self, person: int, tastes: Float) -> Float:
        """Return P(completed | impression at position 1) over all contents, (m, n_formats).

        At usual length, on the person's own devices: the ``p_complete`` of DESIGN §5.
        """

    def completion_of(self, person: int, content: int) -> Float:
        """Return the same by today's tastes for one content at its own lengths, (n_formats,)."""


@dataclass(frozen=True, slots=True)
class World:
    """A made-up company: what a program may see of it until ``at`` (microseconds), and the truth.

    Contents have their own lengths, so a log also tells of stories longer or shorter than usual.
    """

    name: str
    dataset: Dataset
    at: int
    truth: PlantedTastes


def true_completion(truth: PlantedTastes, people: Index) -> Float:
    """Return ``p_complete`` by today's tastes, (len(people), n_formats)."""
    return np.array([truth.completion(p, truth.tastes[[p]])[0] for p in people.tolist()])


def oracle_completion(truth: PlantedTastes, people: Index, *, since_flip: bool = False) -> Float:
    """Return posterior means of ``p_complete``, (len(people), n_formats).

    The oracle knows the hierarchy and all nuisance, and learns tastes from what came of the
    person's own impressions: importance sampling from the hierarchy. People are drawn for apart,
    so that nobody's answer depends on who else is asked about.
    """
    found = np.empty((len(people), len(truth.formats)))
    grid = np.repeat(_GRID[:, None], len(truth.formats), axis=1)
    for row, person in enumerate(people.tolist()):
        tastes = truth.draw_tastes(person, _DRAWS, np.random.default_rng(person))
        likelihood = truth.log_likelihood(person, tastes, since_flip=since_flip)
        weight = np.exp(likelihood - likelihood.max())
        curves = truth.completion(person, grid)
        for form in range(found.shape[1]):
            p = np.interp(tastes[:, form], _GRID, curves[:, form])
            found[row, form] = weight @ p / weight.sum()
    return found
