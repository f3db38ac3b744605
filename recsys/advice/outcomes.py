"""Drawn outcomes of one story for the people of a panel, and their sums over an audience."""

from dataclasses import dataclass

import numpy as np

from recsys.advice.advised_story import Story
from recsys.advice.cells import Bools
from recsys.advice.completion_draws import completion_draws
from recsys.advice.readers import Readers
from recsys.formats.mixed_logit import MixedLogit
from recsys.formats.stories import Float, Index
from recsys.schema import FORMATS

__all__ = ["N_DRAWS", "Outcomes", "draw_outcomes"]

N_DRAWS = 200
"""The ends of a 90 % interval then move by a tenth of its length from seed to seed."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Draws from the posterior; arrays of shape (n_people, …, n_draws)."""

    readers: Readers
    codes: Index
    """(n_codes,): the formats, as places in ``FORMATS``."""
    weights: Float
    """(n_people, n_draws): the panel's, resampled by cells as far as cells were left out."""
    p_complete: Float
    """(n_people, n_codes, n_draws), of a showing at position 1."""
    seen: Float
    """(n_people, n_draws): probability to be shown it at all."""
    taken: Float
    """(n_people, n_codes, n_draws): probability to be shown it and take it in, in each format;
    0 for those who have already."""

    @property
    def names(self) -> list[str]:
        """Return the names of the formats."""
        return [FORMATS[code] for code in self.codes]

    def n_told(self) -> dict[str, float]:
        """Return by format the showings to the audience that tell about it."""
        told = self.readers.panel.weight @ self.readers.n_told[:, self.codes]
        return dict(zip(self.names, told.tolist(), strict=True))

    def totals(self, drawn: Float) -> Float:
        """Return the total over the audience in each draw, (n_draws,), of (n_people, n_draws)."""
        return np.asarray((self.weights * drawn).sum(axis=0))

    def taken_by_best(self, exists: Bools) -> Float:
        """Return ``taken`` when each person is shown what suits best, (n_people, n_draws).

        ``exists`` (n_people, n_formats) is what there is to choose from. The choice goes by what
        is expected, for no one knows the draw; hence one more format never lowers the expectation.
        """
        possible = np.take(exists, self.codes, axis=1)
        expected = np.where(possible, self.taken.mean(axis=2), -1.0)
        best = self.taken[np.arange(len(expected)), expected.argmax(axis=1)]
        return np.asarray(best * possible.any(axis=1, keepdims=True))


def draw_outcomes(
    logit: MixedLogit, story: Story, readers: Readers, codes: Index, *, n_draws: int = N_DRAWS
) -> Outcomes:
    """Draw what becomes of a story; equal questions get equal draws.

    Somebody who saw s of c recent contents sees the next one with a probability from
    Beta(s + mean, c − s + 1 − mean), where the panel's mean counts as one content; then it is shown
    m times, the person's own mean likewise, and each showing is completed with ``attention`` · p.
    So it is taken in with P(seen) · (1 − (1 − attention · p)^m).
    """
    rng = np.random.default_rng(0)
    p = completion_draws(
        logit, story.place, story.appeal_variance, readers, codes, n_draws, rng
    )  # fmt: skip
    usual = (readers.seen.sum() + 0.5) / (readers.published.sum() + 1.0)
    likely, unlikely = readers.seen + usual, readers.published - readers.seen + 1.0 - usual
    seen = rng.beta(likely[:, None], unlikely[:, None], (len(p), n_draws))
    often = (readers.n_showings.sum() + 1.0) / (readers.seen.sum() + 1.0)
    times = (readers.n_showings + often) / (readers.seen + 1.0)
    taken = seen[:, None] * (1.0 - (1.0 - readers.attention * p) ** times[:, None, None])
    taken[story.is_done] = 0.0
    return Outcomes(readers, codes, _weights(readers, n_draws, rng), p, seen, taken)


def _weights(readers: Readers, n_draws: int, rng: np.random.Generator) -> Float:
    """Return weights whose spread is that of drawing other cells; the panel's if all were asked."""
    panel = readers.panel
    _, cell = np.unique(panel.cell, return_inverse=True)
    luck = rng.exponential(size=(int(cell.max()) + 1, n_draws))  # Rubin 1981, Bayesian bootstrap
    luck = 1.0 + np.sqrt(panel.left_out_share) * (luck - 1.0)
    weights = panel.weight[:, None] * luck[cell]
    return np.asarray(weights * panel.n_measured / weights.sum(axis=0))
