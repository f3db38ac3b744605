"""What decides whether a showing ends in completion: the columns of the format model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.formats.mixed_effects import Float, Index
from recsys.schema import FORMATS
from recsys.state.showings import CIRCUMSTANCES, Showings

__all__ = [
    "FIRST_INTEREST",
    "FIRST_PLAIN",
    "FIRST_TASTE",
    "N_FIXED",
    "ON_MOBILE",
    "PLACED",
    "PLAIN_CIRCUMSTANCES",
    "STORY_TOPICS",
    "Design",
    "Stories",
    "design",
]  # fmt: skip

_N_FORMATS = len(FORMATS)
STORY_TOPICS = 3
"""Topics of a content that enter; they share its weight."""

_INTERCEPT = 0
ON_MOBILE = _N_FORMATS
"""First of the columns device x format."""
_LINKED = 2 * _N_FORMATS
_LOG_LENGTH = _LINKED + 1
FIRST_PLAIN = _LINKED + 2
"""First of the columns of circumstances but the device."""
N_FIXED = FIRST_PLAIN + len(CIRCUMSTANCES) - 1
"""Columns that are the same for everybody: format, device x format, whether no impression was
logged, log length within the format, and the circumstances but the device."""

_MOBILE = CIRCUMSTANCES.index("on_mobile")
PLAIN_CIRCUMSTANCES = [i for i in range(len(CIRCUMSTANCES)) if i != _MOBILE]
"""Log position, log age and the hour."""
PLACED = (4, 5)
"""Log position and log age among ``fixed_values`` of a design."""

FIRST_TASTE = 1
"""A person's effects: openness, taste for each format, interest in each topic."""
FIRST_INTEREST = 1 + _N_FORMATS


@dataclass(frozen=True, slots=True)
class Stories:
    """What is known of contents by index, shape (n_contents, …)."""

    topics: Index
    """(n, STORY_TOPICS), place among the topics of the model; meaningless where the weight is 0."""
    topic_weights: Float
    """(n, STORY_TOPICS), sums to 1, or 0 for a content about none of them."""
    log_length: Float
    """(n, n_formats): log seconds, NaN where unknown."""
    has_choice: npt.NDArray[np.bool_]
    """(n,): exists in two formats or more."""


@dataclass(frozen=True, slots=True)
class Design:
    """Sparse columns of n showings."""

    trials: Float
    successes: Float
    fixed_places: Index
    """(n, m) places among the fixed columns."""
    fixed_values: Float
    topic_form: Index
    """(n,): first topic x format, the place of their common ease; −1 for none."""
    places: Index
    """(n, 2 + STORY_TOPICS) places among the person's effects."""
    values: Float


def design(showings: Showings, stories: Stories, usual_log_length: Float) -> Design:
    """Return the columns of ``showings``; unknown lengths count as the usual one of the format."""
    form, content = showings.form, showings.content
    length = stories.log_length[content, form] - usual_log_length[form]
    linked = showings.impressions == 0
    mobile = showings.circumstances[:, _MOBILE]
    ones = np.ones(len(showings))
    n_others = len(PLAIN_CIRCUMSTANCES)
    fixed_places = np.column_stack(
        [form, ON_MOBILE + form, *np.broadcast_to(
            np.arange(_LINKED, N_FIXED)[:, None], (2 + n_others, len(showings))
        )]
    )  # fmt: skip
    fixed_values = np.column_stack(
        [
            ones,
            mobile,
            linked,
            np.nan_to_num(length),
            showings.circumstances[:, PLAIN_CIRCUMSTANCES],
        ]
    )
    has_topic = stories.topic_weights[content, 0] > 0
    topic_form = np.where(has_topic, stories.topics[content, 0] * _N_FORMATS + form, -1)
    places, values = _effect_places(form, stories, content)
    return Design(
        np.maximum(showings.impressions, 1).astype(np.float64),
        showings.completed.astype(np.float64),
        fixed_places.astype(np.int64), fixed_values.astype(np.float64), topic_form, places, values,
    )  # fmt: skip


def _effect_places(form: Index, stories: Stories, content: Index) -> tuple[Index, Float]:
    """Return which of a person's effects count for each row, and how much.

    What exists in one format only says nothing about taste: it could not have been another one.
    """
    n = len(form)
    places = np.column_stack(
        [np.zeros(n, np.int64), FIRST_TASTE + form, FIRST_INTEREST + stories.topics[content]]
    )
    values = np.column_stack(
        [np.ones(n), stories.has_choice[content], stories.topic_weights[content]]
    )
    return places.astype(np.int64), values.astype(np.float64)
