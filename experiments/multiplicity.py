"""P-values adjusted for the number of questions asked."""

from collections.abc import Sequence

from experiments.design import Correction

__all__ = ["adjust"]


def adjust(p_values: Sequence[float], correction: Correction) -> list[float]:
    """Return adjusted p-values in the same order: Holm's, Benjamini and Hochberg's, or as given."""
    if correction == "none" or len(p_values) < 2:
        return list(p_values)
    from statsmodels.stats.multitest import multipletests

    method = {"holm": "holm", "bh": "fdr_bh"}[correction]
    adjusted: list[float] = multipletests(p_values, method=method)[1].tolist()
    return adjusted
