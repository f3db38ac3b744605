"""How much of each format a list holds: a ranking re-ranked towards shares of formats.

Two forms of one step. :func:`calibrated_mix` is deterministic: every prefix of its list is a good
mix (Steck 2018, "Calibrated Recommendations", RecSys). :func:`sampled_mix` draws the format of each
slot and states with which probability a content got its place, so that a log of such lists can be
evaluated (multinomial blending, Amazon Music, arXiv 2408.09168).

It lies with the slate and not with the formats, because it decides which contents are in a list
and in which order; in which rendition each is then shown is
:mod:`recsys.formats.chooser`'s business. Arrays in, arrays out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.errors import ConfigurationError

__all__ = [
    "NO_FORMAT",
    "FormatMix",
    "MixCandidates",
    "Mixed",
    "calibrated_mix",
    "sampled_mix",
]

NO_FORMAT = -1
"""What a content in none of the formats is counted as."""

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FormatMix:
    """How strongly a list is pulled towards the shares of formats its reader should get."""

    strength: float = 0.0
    """0 leaves the ranking as it is, 1 looks at formats alone. In simulated companies the
    calibrated form costs 0.3 % of NDCG@10 at 0.1 and nearly halves the divergence, the sampled form
    costs more than 0.5 % at 0.05 already (``benchmarks/mix.py``)."""
    smoothing: float = 0.01
    """Part of the target in the mix that is compared with it, or a missing format would cost
    infinitely much; the value of Steck (2018). A larger one forgives missing a rare format."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ConfigurationError(
                f"the strength of the format mix is {self.strength}; expected 0 (the ranking as "
                "it is) to 1 (formats alone)"
            )
        if not 0 < self.smoothing < 1:
            raise ConfigurationError(
                f"the smoothing of the format mix is {self.smoothing}; expected a number between "
                "0 and 1, both excluded, such as 0.01"
            )


@dataclass(frozen=True, slots=True)
class MixCandidates:
    """The n contents of a ranking, best first."""

    has_format: Bool
    """Shape (n, n_formats): in which formats the reader can have each. A content in none is not
    sought for its format, but remains a candidate."""
    minutes: Float
    """Shape (n,), ≥ 0."""
    max_minutes: float = np.inf
    """A content that would exceed what is left of it is no candidate for that slot."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """The m ≤ k chosen contents in their order; fewer only where no candidate was left."""

    places: Index
    """Places in the ranking, from 0; shape (m,)."""
    formats: Index
    """The format each is counted as, ``NO_FORMAT`` for one that has none; shape (m,)."""
    propensities: Float
    """P(this content in this slot | slots above, candidates); shape (m,)."""


class _Remaining:
    """Which candidates may be in the next slot, and what is in those above it."""

    def __init__(self, candidates: MixCandidates) -> None:
        self._minutes = candidates.minutes
        self._left = candidates.max_minutes
        self.is_open: Bool = candidates.minutes <= self._left
        self._chosen: list[tuple[int, int, float]] = []

    def take(self, place: int, form: int, propensity: float) -> None:
        self._chosen.append((place, form, propensity))
        self._left -= float(self._minutes[place])
        self.is_open[place] = False
        self.is_open &= self._minutes <= self._left

    def chosen(self) -> Mixed:
        places, formats, propensities = np.array(self._chosen, np.float64).reshape(-1, 3).T
        return Mixed(places.astype(np.int64), formats.astype(np.int64), propensities)


def calibrated_mix(candidates: MixCandidates, target: Float, k: int, mix: FormatMix) -> Mixed:
    """Choose up to ``k`` contents one by one, each the best compromise with those above it.

    The next content and its format c maximise ``(1 − strength) · r − strength · KL(p ‖ q̃)``:

    - r is ``1 / log2(1 + rank)``, the discount of NDCG. Scores have a unit of their own in every
      ranker (a probability, decayed readers); ranks have one, and the divergence has one too, so a
      strength means the same whatever ranks.
    - p is the target over the formats that some candidate has, ``q̃ = (1 − α) q + α p`` the smoothed
      mix q of the list with this content counted as c, and α the smoothing.

    Where each content has one format, no list of as many contents has a better sum of r against
    divergence (the tests try them all); where contents have several, few have, and not by much.
    With strength 1 and every format at hand this is, up to the smoothing, a divisor method of
    apportionment with the divisors ``1 / log((n + 1) / n)``: no prefix is far off, and a rare
    format gets its first place early.

    Parameters
    ----------
    candidates : MixCandidates
    target : float64, shape (n_formats,)
        Shares ≥ 0; what they sum to does not matter. Where it is 0 for all formats at hand the
        ranking stays as it is.
    k : int
        Slots to fill.
    mix : FormatMix

    Returns
    -------
    Mixed
        All propensities are 1. Equals go by the ranking, then by the first format.

    Notes
    -----
    Cost O(k · n · n_formats).
    """
    has_format, remaining = candidates.has_format, _Remaining(candidates)
    share = _renormalised(target, has_format[remaining.is_open])
    relevance = (1.0 - mix.strength) / np.log2(2.0 + np.arange(len(has_format)))
    counts = np.zeros(len(share))
    for _ in range(k):
        if not remaining.is_open.any():
            break
        gain = _gain(share, counts, mix.smoothing)
        best_gain = np.where(has_format, gain, 0.0).max(axis=1, initial=0.0)
        value = np.where(remaining.is_open, relevance + mix.strength * best_gain, -np.inf)
        place = int(value.argmax())
        form = _counted_as(has_format[place], gain)
        if form != NO_FORMAT:
            counts[form] += 1.0
        remaining.take(place, form, 1.0)
    return remaining.chosen()


def sampled_mix(
    candidates: MixCandidates, target: Float, k: int, mix: FormatMix, rng: np.random.Generator
) -> Mixed:
    """Fill up to ``k`` slots: draw a format for each, take the best remaining content in it.

    With probability 1 − ``strength`` a slot takes the best remaining content whatever its format,
    else a format is drawn from ``target`` over the formats that some remaining content has. The
    propensity of a content sums over all draws that would have led to it.

    Parameters
    ----------
    candidates, target, k, mix
        As for :func:`calibrated_mix`; the smoothing plays no part.
    rng : numpy.random.Generator
        One draw a slot, so that a longer list begins with the shorter one.

    Returns
    -------
    Mixed
        A content that was taken whatever its format counts as that with the largest share.
    """
    has_format, remaining = candidates.has_format, _Remaining(candidates)
    for _ in range(k):
        if not remaining.is_open.any():
            break
        in_format = has_format & remaining.is_open[:, None]
        share = _renormalised(target, in_format)
        heads = np.append(in_format.argmax(axis=0), remaining.is_open.argmax())
        p = np.append(mix.strength * share, 1.0 - mix.strength if share.any() else 1.0)
        drawn = int(rng.choice(len(p), p=p))
        place = int(heads[drawn])
        form = drawn if drawn < len(share) else _counted_as(has_format[place], target)
        remaining.take(place, form, float(p[heads == place].sum() / p.sum()))
    return remaining.chosen()


def _renormalised(target: Float, has_format: Bool) -> Float:
    """Return the shares of what some row has, summing to 1; zeros where none has a target."""
    share = np.where(has_format.any(axis=0), target, 0.0)
    total = share.sum()
    return share / total if total > 0 else share


def _gain(share: Float, counts: Float, smoothing: float) -> Float:
    """Return by how much KL(p ‖ q̃) is lower if the next content is counted as each format.

    Lower than if it were counted as none; so it is 0 for a format without a share. Formats with
    equal shares and counts gain exactly the same, which keeps ties ties.
    """
    step = (1.0 - smoothing) / (counts.sum() + 1.0)
    without = step * counts + smoothing * share
    relative = np.divide(step, without, out=np.zeros_like(share), where=share > 0)
    return np.asarray(share * np.log1p(relative))


def _counted_as(has_format: Bool, worth: Float) -> int:
    """Return the format of most worth among those a content has, the first of equals."""
    return int(np.where(has_format, worth, -1.0).argmax()) if has_format.any() else NO_FORMAT
