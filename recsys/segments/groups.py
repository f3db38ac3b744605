"""The codes of segments, and what the name of each learned group claims about its people."""

from collections.abc import Mapping

import numpy as np

from recsys.segments.axes import AXES, Float

__all__ = [
    "ALL_ROUND", "CLAIMS", "CODES", "GROUPS", "MAIN_CLAIM", "NEWCOMER", "NOT_PERSONALISED",
    "UNMEASURABLE", "claim_matrix",
]  # fmt: skip

CLAIMS: Mapping[str, Mapping[str, float]] = {
    "seldom_opens": {"interest": -1.5},
    "time_poor_interested": {"time_cost": 1.2, "interest": 0.2},
    "light_interest": {"depth": -0.8, "illustration": 1.0, "text": -0.5, "interest": 0.2},
    "deep_reader": {"depth": 0.8, "text": 1.0, "time_cost": -0.6, "video": -0.3},
    "watcher": {"video": 1.2, "text": -0.5},
}
"""Learned groups and where their people are expected, in standard deviations between employees.

Where they really are is learned from this start. A rule may only say what the name claims: on the
axes listed, on the side of the sign.
"""

MAIN_CLAIM = 0.8
"""Claims of this size are what the name says; smaller ones come along and make no rule alone."""

GROUPS: tuple[str, ...] = (*CLAIMS, "all_round")
"""Learned groups; the last has everybody whom no rule of another fits."""

CODES: tuple[str, ...] = ("unmeasurable", "newcomer", "not_personalised", *GROUPS)
"""Everything that can be said of an employee. Places are kept in files: append, never reorder."""

UNMEASURABLE, NEWCOMER, NOT_PERSONALISED = (
    CODES.index(name) for name in ("unmeasurable", "newcomer", "not_personalised")
)
ALL_ROUND = GROUPS.index("all_round")


def claim_matrix() -> Float:
    """Return ``CLAIMS`` as float64, shape (n_groups, N_AXES); zeros for the last group."""
    claims = np.zeros((len(GROUPS), len(AXES)))
    for row, claim in zip(claims, CLAIMS.values(), strict=False):  # the last row claims nothing
        for axis, value in claim.items():
            row[AXES.index(axis)] = value
    return claims
