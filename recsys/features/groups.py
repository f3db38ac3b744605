"""Feature groups: each answers one question about every candidate of a moment.

A group writes its columns for all candidates of a :class:`Moment`, newest first, into a float32
array of shape (n_candidates, n_columns); NaN where a value is unknown. Counts enter as log(1 + x),
which keeps a tree's splits apart where most of the data is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.features.coreading import CO_READING_COLUMNS
from recsys.features.freshness import (
    FRESHNESS_COLUMNS,
    STREAM_COLUMNS,
    fill_freshness,
    fill_stream,
)
from recsys.features.moment import Moment
from recsys.features.popularity import (
    POPULARITY_COLUMNS,
    RESPONSE_COLUMNS,
    fill_popularity,
    fill_response,
)
from recsys.features.tastes import (
    AUTHOR_COLUMNS,
    COLLEAGUES_COLUMNS,
    ORIGIN_COLUMNS,
    TOPIC_COLUMNS,
    fill_author,
    fill_colleagues,
    fill_origin,
    fill_topic,
)
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.times import DAY_US, HOUR_US, NO_TIME

__all__ = ["GROUPS", "FeatureGroup"]

Out = npt.NDArray[np.float32]

_PROFILE_HALF_LIFE = 7 * DAY_US
_SESSION_READS = 3
_TEXT_READS = 32
"""Latest readings that make a text profile: about a working month of a median reader."""

_DAY = POPULARITY_HALF_LIVES.index(DAY_US)


_KIND_COLUMNS: tuple[str, ...] = (
    "is_mandatory", "must_read_queue", "hours_until_due", "content_type", "est_minutes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """One question: a name for reasons and ablations, its columns, and how to write them."""

    name: str
    columns: tuple[str, ...]
    fill: Callable[[Moment, Out], None]


def _fill_co_reading(moment: Moment, out: Out) -> None:
    sources = moment.sources
    readers = sources.state.counters.content.read(moment.contents.astype(np.int64), moment.at)
    sources.co_reading.fill(moment.contents, readers[:, _DAY], moment.at, out)


def _fill_text(moment: Moment, out: Out) -> None:
    """How near the candidate's text is to what the employee read last."""
    vectors = moment.sources.vectors
    mine, times = moment.sources.state.recent_contents.of(moment.employee)
    if len(mine) == 0 or vectors.model.size == 0:
        out[:] = np.nan
        return
    read = vectors.of(mine[:_TEXT_READS])
    weight = np.exp2((times[:_TEXT_READS] - moment.at) / _PROFILE_HALF_LIFE)
    weight /= weight.sum() + 1e-12
    n_session = min(len(read), _SESSION_READS)
    session = np.where(np.arange(len(read)) < _SESSION_READS, 1 / n_session, 0)
    # One product gives all similarities; single precision halves what goes through memory.
    similar = vectors.of(moment.contents) @ read.T
    out[:, :2] = similar @ np.stack([weight, session], axis=1).astype(np.float32)
    out[:, 2] = similar.max(axis=1)


def _fill_affinity(moment: Moment, out: Out) -> None:
    factors = moment.sources.factors
    out[:, 0] = factors.scores(moment.version, moment.contents, moment.at)


def _fill_kind(moment: Moment, out: Out) -> None:
    """Write what the editors say of the candidates."""
    contents = moment.sources.state.catalogue.contents
    is_mandatory = contents["mandatory"].view(np.bool_)[moment.contents]
    out[:, 0] = is_mandatory
    # Must-reads wait in a queue, the oldest in front; contents come newest first.
    out[:, 1] = 0.0
    out[is_mandatory, 1] = 1.0 / np.arange(np.count_nonzero(is_mandatory), 0, -1)
    out[:, 2] = _hours_until_due(moment)
    out[:, 3] = contents["content_type"][moment.contents]
    out[:, 4] = contents["est_minutes"][moment.contents]


def _hours_until_due(moment: Moment) -> npt.NDArray[np.float64]:
    due_at = moment.sources.state.catalogue.contents["ack_due_at"].view(np.int64)[moment.contents]
    hours = (due_at - moment.at) / HOUR_US
    return np.where(due_at == NO_TIME, np.nan, hours)


def _fill_habit(moment: Moment, out: Out) -> None:
    state, row = moment.sources.state, np.array([moment.employee], np.int64)
    activity = state.counters.employee.read(row, moment.at)[0, :3]
    out[:, :3] = np.log1p(np.maximum(activity, 0.0))
    out[:, 3] = moment.at % DAY_US / HOUR_US
    out[:, 4] = (moment.at // DAY_US + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0


GROUPS: tuple[FeatureGroup, ...] = (
    FeatureGroup("freshness", FRESHNESS_COLUMNS, fill_freshness),
    FeatureGroup("stream", STREAM_COLUMNS, fill_stream),
    FeatureGroup("popularity", POPULARITY_COLUMNS, fill_popularity),
    FeatureGroup("response", RESPONSE_COLUMNS, fill_response),
    FeatureGroup("colleagues", COLLEAGUES_COLUMNS, fill_colleagues),
    FeatureGroup("author", AUTHOR_COLUMNS, fill_author),
    FeatureGroup("topic", TOPIC_COLUMNS, fill_topic),
    FeatureGroup("origin", ORIGIN_COLUMNS, fill_origin),
    FeatureGroup("kind", _KIND_COLUMNS, _fill_kind),
    FeatureGroup("text", ("text_profile", "text_session", "text_nearest"), _fill_text),
    FeatureGroup("co_reading", CO_READING_COLUMNS, _fill_co_reading),
    FeatureGroup("affinity", ("lightfm",), _fill_affinity),
    FeatureGroup("habit", ("reads_1h", "reads_24h", "reads_336h", "hour", "weekday"), _fill_habit),
)
"""All groups, in the order of a feature row."""
