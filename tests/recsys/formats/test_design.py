"""The rows of showings: every place they name exists, whatever is missing."""

import numpy as np
import pytest

from recsys.formats.design import (
    FINISH,
    FIRST_INTEREST,
    N_FORMATS,
    N_STAGE,
    N_STAGES,
    OPEN,
    design,
    topic_exposure,
)
from recsys.formats.stories import STORY_TOPICS, Stories
from recsys.state.showings import Showings


def _showings() -> Showings:
    """Return an impression passed over, one opened, one completed, and an opening by a link."""
    yes, no = True, False
    return Showings(
        np.zeros(4, np.int32), np.array([0, 1, 2, 1], np.int32), np.array([0, 5, 8, 6], np.int8),
        np.arange(4) * 10**9, np.array([1, 3, 40, 0], np.int16), np.array([0, 1, -1, 2], np.int8),
        np.array([0.5, 1.0, 0.0, 0.2], np.float32), np.array([yes, yes, yes, no]),
        np.array([no, yes, yes, yes]), np.array([no, no, yes, no]), np.zeros(4, np.bool_),
    )  # fmt: skip


def _stories(n_topics: int) -> Stories:
    topics = np.zeros((3, STORY_TOPICS), np.int64)
    weights = np.zeros((3, STORY_TOPICS))
    if n_topics:
        topics[1, 0], weights[1, 0] = n_topics - 1, 1.0
    exists = np.zeros((3, N_FORMATS), np.bool_)
    exists[:, [0, 5, 8]] = True
    lengths = np.full((3, N_FORMATS), np.nan)
    flags = np.array([True, True, False])
    return Stories(np.zeros(3, np.int64), topics, weights, lengths, exists, flags, ~flags)


@pytest.mark.parametrize("n_topics", [0, 1, 4])
def test_every_place_exists(n_topics: int) -> None:
    showings, stories = _showings(), _stories(n_topics)
    owner = np.zeros(4, np.int64)
    exposure = topic_exposure(
        owner, 1, showings.content, showings.is_impression, stories.topics, stories.topic_weights,
        np.full(n_topics, 1 / max(n_topics, 1)),
    )  # fmt: skip
    rows = design(showings, owner, stories, np.zeros(N_FORMATS), exposure)
    assert rows.showing.tolist() == [0, 1, 1, 2, 2, 3]
    assert rows.stage.tolist() == [OPEN, OPEN, FINISH, OPEN, FINISH, FINISH]
    assert rows.success.tolist() == [0, 1, 0, 1, 1, 0]
    n_shared = N_STAGES * (N_STAGE + n_topics * (N_FORMATS + 1))
    assert 0 <= rows.fixed_places.min() <= rows.fixed_places.max() < n_shared
    assert 0 <= rows.places.min() <= rows.places.max() < FIRST_INTEREST + n_topics
    assert np.isfinite(rows.fixed_values).all()


def test_what_could_not_have_been_another_format_tells_of_no_taste() -> None:
    """The second was chosen for certain, the third exists in one format only."""
    rows = design(
        _showings(), np.zeros(4, np.int64), _stories(0), np.zeros(N_FORMATS), np.zeros((1, 0))
    )
    told = rows.values[:, 1]
    assert told.tolist() == [1, 0, 0, 0, 0, 1]
