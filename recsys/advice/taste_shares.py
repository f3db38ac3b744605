"""How much of people's format tastes is told by their department, job, way of working and site."""

from dataclasses import dataclass

import numpy as np

from recsys.advice.readers import Readers
from recsys.catalogue.catalogue import Catalogue
from recsys.formats.design import FIRST_TASTE
from recsys.formats.mixed_logit import BLOCKS, MixedLogit
from recsys.formats.stories import Float, Index
from recsys.formats.taste_fitting import GROUPED_BY

__all__ = ["TasteShare", "TasteShares", "taste_shares"]

_TASTE_BLOCK = next(i for i, block in enumerate(BLOCKS) if block.start == FIRST_TASTE)
_N_DRAWS = 100
"""Shares are rounded to hundredths; the ends of their intervals move by less."""


@dataclass(frozen=True, slots=True)
class TasteShare:
    """What one attribute tells."""

    attribute: str
    share: float
    """Part of the variance of format tastes that lies between its groups."""
    interval: tuple[float, float]
    """Central, 90 %."""
    share_by_model: float
    """The same as the model estimated it when it was fitted, beside the other attributes."""


@dataclass(frozen=True, slots=True)
class TasteShares:
    """What all attributes tell."""

    attributes: tuple[TasteShare, ...]
    """The most telling first."""
    together_by_model: float
    """Of all attributes together; the rest is from person to person."""
    variance: float
    """Of one person's taste for one format against the others, logits²."""


def taste_shares(
    logit: MixedLogit, readers: Readers, catalogue: Catalogue, codes: Index, at: int
) -> TasteShares:
    """Split the variance of format tastes, each person's centred over the formats ``codes``.

    Tastes are drawn from everybody's posterior, then split as if they were known (plausible
    values; Mislevy 1991, "Randomization-based inference about latent variables from complex
    samples"): posterior means alone would make people too much alike. The part between groups is
    ε² (Kelley 1935), which chance does not raise where groups are small; it is cut off at 0.
    """
    table, people = catalogue.employees, readers.panel.employees
    versions = table.versions_at(people, np.full(len(people), at))
    tastes = _drawn_tastes(logit, readers, codes)
    ratio = logit.group_ratio[:, _TASTE_BLOCK] if len(logit.group_ratio) else np.zeros(4)
    by_model = ratio / (1.0 + ratio.sum())
    found = []
    for attribute, of_model in zip(GROUPED_BY, by_model.tolist(), strict=True):
        group = table.codes(attribute, versions)
        drawn = np.array([_share_between(taste, group) for taste in tastes])
        low, high = np.quantile(drawn, (0.05, 0.95)).tolist()
        share = float(drawn.mean())
        found.append(
            TasteShare(attribute, round(share, 2), (round(low, 2), round(high, 2)),
                       round(of_model, 2))
        )  # fmt: skip
    return TasteShares(
        tuple(sorted(found, key=lambda part: (-part.share, part.attribute))),
        round(float(by_model.sum()), 2), round(float(tastes.var(axis=1).mean()), 2),
    )  # fmt: skip


def _drawn_tastes(logit: MixedLogit, readers: Readers, codes: Index) -> Float:
    """Return tastes of n people, (n_draws, n, n_codes), centred over formats."""
    n = len(codes)
    effects = np.zeros((n, len(logit.covariance)))
    effects[np.arange(n), FIRST_TASTE + codes] = 1.0
    effects -= effects.mean(axis=0)
    mean = readers.mean @ effects.T
    covariance = effects @ readers.covariance @ effects.T
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None]
    noise = np.random.default_rng(0).standard_normal((_N_DRAWS, *mean.shape))
    return np.asarray(mean + np.einsum("nij,snj->sni", root, noise))


def _share_between(taste: Float, group: np.ndarray[tuple[int], np.dtype[np.int32]]) -> float:
    """Return ε² of ``taste`` (n, n_codes) by ``group`` (n,), −1 for unknown; 0 without groups."""
    taste, group = taste[group >= 0], group[group >= 0]
    _, place, size = np.unique(group, return_inverse=True, return_counts=True)
    n, n_groups = len(group), len(size)
    if n_groups < 2 or n <= n_groups:
        return 0.0
    sums = np.zeros((n_groups, taste.shape[1]))
    np.add.at(sums, place, taste)
    within = float(((taste - (sums / size[:, None])[place]) ** 2).sum()) / (n - n_groups)
    total = float(((taste - taste.mean(axis=0)) ** 2).sum()) / (n - 1)
    return max(1.0 - within / total, 0.0) if total > 0 else 0.0
