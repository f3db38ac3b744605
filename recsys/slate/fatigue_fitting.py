"""How quickly people tire of what they are shown again, learned from the company's own log.

Somebody who passed a content over tells little where tastes are alike (they will perhaps open it
next time) and much where tastes differ. So there is no one fatigue that is right: the log says how
the odds of opening fall with the number of earlier showings, everything else taken into account.
"""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from recsys.state.showings import Showings
from recsys.times import HOUR_US

__all__ = ["DEFAULT_FATIGUE", "fit_fatigue"]

DEFAULT_FATIGUE = 0.2
"""Where a log says nothing: between what companies of equal and of different tastes show."""

_LEAST_OPENED = 100
"""Openings of something shown before; fewer leave the exponent open by more than 0.1."""
_MOST_FATIGUE = 1.0
_FRESH_HOURS = 12.0
_MOST_OPENED = 0.95  # looks are weighed by a guess, so that openings can outnumber them
_PRIOR_LOOKS = 5.0
"""Looks after which a content's, or a person's, own rate counts as much as everybody's."""

Float = npt.NDArray[np.float64]


def fit_fatigue(showings: Showings, published_at: npt.NDArray[np.int64]) -> float:
    """Return φ ≥ 0: the odds of opening are multiplied by (1 + n) ** −φ after n earlier showings.

    A logistic regression of opening on log(1 + n) beside log position, log age, and the rates at
    which others opened the content and the person opens other things (each without the showing
    itself, shrunk to the mean). Showings of one visit count once, see
    :mod:`recsys.state.showings`.

    Parameters
    ----------
    showings
        In the order of employee and time; those without an impression are left out.
    published_at
        int64 microseconds by content index.
    """
    seen = showings.take(showings.is_impression)
    earlier = _earlier(seen)
    opened = seen.opened.astype(np.float64)
    if opened[earlier > 0].sum() < _LEAST_OPENED:
        return DEFAULT_FATIGUE
    position = np.maximum(seen.position, 1).astype(np.float64)
    looks = position**-0.5
    hours = np.maximum(seen.at - published_at[seen.content], 0) / HOUR_US
    columns = np.stack(
        [
            np.log(position),
            np.log1p(hours / _FRESH_HOURS),
            _odds_of_others(seen.content, opened, looks),
            _odds_of_others(seen.employee, opened, looks),
            np.log1p(earlier),
        ],
        axis=1,
    )
    fit = LogisticRegression(C=np.inf, max_iter=1_000).fit(columns, opened)
    return float(np.clip(-fit.coef_[0, -1], 0.0, _MOST_FATIGUE))


def _earlier(showings: Showings) -> npt.NDArray[np.int64]:
    """Return int64 (n,): showings of the same content to the same person before each."""
    n = len(showings)
    order = np.lexsort((showings.at, showings.content, showings.employee))
    pair = np.stack([showings.employee[order], showings.content[order]])
    begins = np.ones(n, np.bool_)
    begins[1:] = (pair[:, 1:] != pair[:, :-1]).any(axis=0)
    place = np.arange(n)
    earlier = np.empty(n, np.int64)
    earlier[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return earlier


def _odds_of_others(group: npt.NDArray[np.int32], opened: Float, looks: Float) -> Float:
    """Return, by showing, the log odds of opening at a look, in its group without the showing."""
    usual = opened.sum() / looks.sum()
    all_opened, all_looks = np.bincount(group, opened), np.bincount(group, looks)
    rest = all_opened[group] - opened + _PRIOR_LOOKS * usual
    share = rest / (all_looks[group] - looks + _PRIOR_LOOKS)
    share = np.minimum(share, _MOST_OPENED)
    return np.asarray(np.log(share / (1.0 - share)))
