"""What the company opens and completes, so that one person's share in it can be told apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.devices import ON_MOBILE
from recsys.schema import FORMATS
from recsys.segments.axes import Float
from recsys.state.showings import Showings

__all__ = [
    "BUCKETS", "LINKED", "MOBILE", "N_COLUMNS", "POSITION", "SHORT", "SHORT_ON_MOBILE",
    "Expectation", "fit_expectation", "is_handheld",
]  # fmt: skip

BUCKETS = np.array([1, 2, 3, 5, 9])
"""Last positions of all buckets but the last; attention falls fast at first."""

SHORT = 1 + len(FORMATS)
MOBILE, SHORT_ON_MOBILE, LINKED, POSITION = SHORT + 1, SHORT + 2, SHORT + 3, SHORT + 4
N_COLUMNS = POSITION + len(BUCKETS)
"""Columns: one for everything, each format, shortness, on a handheld, both, by a link, and each
bucket of positions but the first."""

_PHONE, _TABLET = ON_MOBILE
_POOLING = 1.0
"""Prior precision of every column but the first: what is rarely shown stays near the company."""
_MAX_ROWS = 200_000
"""Twenty columns are known to a hundredth of a logit by then."""
_STEPS = 12
_HALF = 0.5  # pseudo-counts of the deep rate (Jeffreys), so that it is never 0


@dataclass(frozen=True, slots=True)
class Expectation:
    """Logits of opening an impression and of completing what was opened, for the company."""

    coefficients: Float
    """(2, N_COLUMNS): open, complete."""
    deep_logit: float
    """Of liking, sharing etc. what was opened."""
    log_length_mean: float
    """Of log seconds, over all showings of a known length."""
    log_length_spread: float

    def shortness(self, seconds: Float) -> Float:
        """Return how short things are, in standard deviations of log length; 0 where unknown.

        ``seconds``: any shape, 0 or NaN where nothing is known.
        """
        known = np.nan_to_num(seconds) > 0
        log_seconds = np.log(np.where(known, seconds, 1.0))
        short = (self.log_length_mean - log_seconds) / self.log_length_spread
        return np.where(known, short, 0.0)


def is_handheld(device: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Return whether each showing was on a phone or a tablet."""
    return np.asarray((device == _PHONE) | (device == _TABLET))


def fit_expectation(showings: Showings, seconds: Float) -> Expectation:
    """Fit both logits by ridge-penalised maximum likelihood; ``seconds`` as by format and content.

    Position, format, length and device enter, so that nobody counts as eager for being shown the
    top of the page. Without openings everything is expected to be as it is everywhere.
    """
    every = -(-len(showings) // _MAX_ROWS) or 1
    some = showings.take(slice(None, None, every))
    shown_seconds = seconds[some.content, some.form]
    log_seconds = np.log(shown_seconds[np.nan_to_num(shown_seconds) > 0])
    spread = float(log_seconds.std()) if len(log_seconds) else 0.0
    scale = Expectation(
        np.zeros((2, N_COLUMNS)), 0.0, float(log_seconds.mean()) if len(log_seconds) else 0.0,
        spread or 1.0,
    )  # fmt: skip
    columns = _columns(some, scale.shortness(shown_seconds))
    seen, opened = some.is_impression, some.opened
    n_deep = np.count_nonzero(some.deep[opened])
    return Expectation(
        np.stack([
            _logit_fit(columns[seen], some.opened[seen]),
            _logit_fit(columns[opened], some.completed[opened]),
        ]),
        float(np.log((n_deep + _HALF) / (np.count_nonzero(opened) - n_deep + _HALF))),
        scale.log_length_mean, scale.log_length_spread,
    )  # fmt: skip


def _columns(showings: Showings, short: Float) -> Float:
    handheld = is_handheld(showings.device)
    bucket = np.searchsorted(BUCKETS, showings.position)
    columns = np.zeros((len(showings), N_COLUMNS))
    columns[:, 0] = 1.0
    columns[np.arange(len(showings)), 1 + showings.form] = 1.0
    columns[:, SHORT], columns[:, MOBILE] = short, handheld
    columns[:, SHORT_ON_MOBILE] = handheld * short
    columns[:, LINKED] = ~showings.is_impression
    below = np.flatnonzero(bucket > 0)
    columns[below, POSITION + bucket[below] - 1] = 1.0
    return columns


def _logit_fit(columns: Float, success: npt.NDArray[np.bool_]) -> Float:
    """Return coefficients by Fisher scoring; zeros where there is nothing to learn from."""
    precision = np.full(N_COLUMNS, _POOLING)
    precision[0] = 1e-3  # the level itself is not pooled towards anything
    found = np.zeros(N_COLUMNS)
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-columns @ found))
        information = columns.T @ (columns * (p * (1.0 - p))[:, None]) + np.diag(precision)
        step = np.linalg.solve(information, columns.T @ (success - p) - precision * found)
        found = found + np.clip(step, -2.0, 2.0)  # a rate near 0 would overshoot at first
    return found
