"""The columns of the format model: what decides whether a showing is opened and taken in.

A showing gives a row for each stage it came to: *open* (of impressions: was it opened?) and
*finish* (of what was opened: was it completed?).
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from recsys.devices import ON_MOBILE
from recsys.formats.stories import STORY_TOPICS, Float, Index, Stories
from recsys.kernels import kernel
from recsys.schema import FORMATS
from recsys.state.showings import Showings
from recsys.times import DAY_US, HOUR_US

__all__ = [
    "EXPOSURE",
    "FINISH",
    "FIRST_FINISHING",
    "FIRST_FORMAT",
    "FIRST_INTEREST",
    "FIRST_MOBILE",
    "FIRST_PLAIN",
    "FIRST_POSITION",
    "FIRST_TASTE",
    "INTEREST_VALUES",
    "LENGTH",
    "MUST_READ",
    "N_BUCKETS",
    "N_FORMATS",
    "N_PLAIN",
    "N_STAGE",
    "N_STAGES",
    "OPEN",
    "PLAIN_VALUES",
    "TASTE_VALUE",
    "Design",
    "design",
    "topic_exposure",
]

N_FORMATS = len(FORMATS)
OPEN, FINISH = 0, 1
N_STAGES = 2

_LAST_OF_BUCKET = np.array([1, 2, 3, 5, 9])
"""Positions 1, 2, 3, 4–5, 6–9 and the rest: attention falls fast at first, in whatever way."""
N_BUCKETS = len(_LAST_OF_BUCKET) + 1
_MOBILE_PLACE = 1
FIRST_FORMAT = 2
"""First of a stage's columns for formats, after those for everything and for phones."""
FIRST_MOBILE = FIRST_FORMAT + N_FORMATS
"""First of the columns phone x format."""
FIRST_POSITION = FIRST_MOBILE + N_FORMATS
FIRST_PLAIN = FIRST_POSITION + N_BUCKETS - 1
"""First of the columns log age, hour (sine, cosine), length, exposure to the topic, linked,
must-read."""
N_PLAIN = 3
"""Of those the ones that are averaged over: log age and the hour."""
LENGTH = FIRST_PLAIN + N_PLAIN
EXPOSURE = LENGTH + 1
_LINKED = EXPOSURE + 1
MUST_READ = _LINKED + 1
N_STAGE = MUST_READ + 1
"""Columns of a stage, the same for everybody. Then come, for all stages, topics x formats, and
after those the topics themselves."""
_WIDTH = 14
PLAIN_VALUES = slice(6, 6 + N_PLAIN)
"""Where log age and hour are among a row's ``fixed_values``."""
_AGE_HOURS = 12.0
_PHONE, _TABLET = ON_MOBILE

FIRST_TASTE = N_STAGES
"""A person's effects: readiness to open and to finish, taste for each format, what of it shows at
finishing only, interest in each topic."""
FIRST_FINISHING = FIRST_TASTE + N_FORMATS
FIRST_INTEREST = FIRST_FINISHING + N_FORMATS
TASTE_VALUE = 1
INTEREST_VALUES = slice(3, 3 + STORY_TOPICS)
"""Where taste and interest are among a row's ``values``."""
_EFFECTS = 3 + STORY_TOPICS


@dataclass(frozen=True, slots=True)
class Design:
    """Sparse columns of n rows, in the order of the showings; open before finish."""

    showing: Index
    """(n,) place of the row's showing."""
    stage: Index
    bucket: Index
    """(n,) of the position; 0 is the first, or an unknown one."""
    success: Float
    """(n,) 1 if it was opened, or completed."""
    fixed_places: Index
    """(n, m) places among the fixed columns; where the value is 0 there is none."""
    fixed_values: Float
    places: Index
    """(n, 3 + STORY_TOPICS) places among the person's effects."""
    values: Float

    def take(self, rows: npt.NDArray[np.bool_] | slice) -> "Design":
        """Return the given rows."""
        return Design(*(getattr(self, f.name)[rows] for f in fields(self)))


@kernel
def topic_exposure(
    owner: Index, n_people: int, content: npt.NDArray[np.int32],
    is_impression: npt.NDArray[np.bool_], topics: Index, topic_weights: Float, usual: Float,
) -> Float:  # fmt: skip
    """Return log(share of the contents a person was shown / ``usual``), (n_people, n_topics).

    A portal that knows what people like shows it to them: what is shown tells of interest
    (Mundlak 1978, "On the pooling of time series and cross section data", Econometrica 46).
    A content counts once: it is shown again to those who passed it over, which is no interest.
    Rows of an owner are next to each other.
    """
    strength = 3.0  # contents until the own share counts for more than the company's
    seen = np.empty((n_people, len(usual)))
    seen[:] = usual * strength
    total = np.full(n_people, strength)
    shown_to = np.full(len(topics), -1)
    for i in range(len(content)):
        if is_impression[i] and shown_to[content[i]] != owner[i]:
            shown_to[content[i]] = owner[i]
            total[owner[i]] += 1.0
            for j in range(topics.shape[1]):
                if topic_weights[content[i], j] > 0.0:
                    seen[owner[i], topics[content[i], j]] += topic_weights[content[i], j]
    for e in range(n_people):
        seen[e] = np.log(seen[e] / (total[e] * usual))
    return seen


@kernel
def _fill(  # noqa: C901, PLR0915  # one pass over showings; calls between kernels would cost more
    owner: Index, content: npt.NDArray[np.int32], form: npt.NDArray[np.int8], at: Index,
    position: npt.NDArray[np.int16], device: npt.NDArray[np.int8],
    propensity: npt.NDArray[np.float32], is_impression: npt.NDArray[np.bool_],
    opened: npt.NDArray[np.bool_], completed: npt.NDArray[np.bool_], published_at: Index,
    topics: Index, topic_weights: Float, log_length: Float, has_choice: npt.NDArray[np.bool_],
    must_read: npt.NDArray[np.bool_], usual_log_length: Float, exposure: Float, showing: Index,
    stage: Index, buckets: Index, success: Float, fixed_places: Index,
    fixed_values: Float, places: Index, values: Float,
) -> int:  # fmt: skip
    n, n_topics = 0, exposure.shape[1]
    for i in range(len(content)):
        story, f = content[i], np.int64(form[i])
        length = log_length[story, f] - usual_log_length[f]
        if np.isnan(length):
            length = 0.0
        bucket = 0
        while bucket < N_BUCKETS - 1 and position[i] > _LAST_OF_BUCKET[bucket]:
            bucket += 1
        on_mobile = device[i] == _PHONE or device[i] == _TABLET
        age = max(at[i] - published_at[story], 0) / (_AGE_HOURS * HOUR_US)
        angle = 2 * np.pi * (at[i] % DAY_US) / DAY_US
        shown_topic = 0.0
        for j in range(STORY_TOPICS):
            if topic_weights[story, j] > 0.0:
                shown_topic += topic_weights[story, j] * exposure[owner[i], topics[story, j]]
        choice = has_choice[story] and propensity[i] < 1.0
        for s in range(N_STAGES):
            if not (is_impression[i] if s == OPEN else opened[i]):
                continue
            showing[n], stage[n], buckets[n] = i, s, bucket
            success[n] = 1.0 if (opened[i] if s == OPEN else completed[i]) else 0.0
            first = s * N_STAGE
            phone = 1.0 if on_mobile else 0.0
            has_topic = n_topics > 0 and topic_weights[story, 0] > 0.0
            ease = 0
            if has_topic:
                ease = N_STAGES * N_STAGE + (s * n_topics + topics[story, 0]) * N_FORMATS + f
            fixed_places[n, 0], fixed_values[n, 0] = first, 1.0
            fixed_places[n, 1], fixed_values[n, 1] = first + _MOBILE_PLACE, phone
            fixed_places[n, 2], fixed_values[n, 2] = first + FIRST_FORMAT + f, 1.0
            fixed_places[n, 3], fixed_values[n, 3] = first + FIRST_MOBILE + f, phone
            fixed_places[n, 4], fixed_values[n, 4] = ease, 1.0 if has_topic else 0.0
            fixed_places[n, 5] = first + FIRST_POSITION + max(bucket - 1, 0)
            fixed_values[n, 5] = 1.0 if bucket > 0 else 0.0
            plain = (np.log1p(age), np.sin(angle), np.cos(angle), length, shown_topic)
            for j in range(5):
                fixed_places[n, 6 + j], fixed_values[n, 6 + j] = first + FIRST_PLAIN + j, plain[j]
            fixed_places[n, 11] = first + _LINKED
            fixed_values[n, 11] = 0.0 if is_impression[i] else 1.0
            fixed_places[n, 12] = first + MUST_READ
            fixed_values[n, 12] = 1.0 if must_read[story] else 0.0
            fixed_places[n, 13] = 0
            if has_topic:
                of_topics = N_STAGES * (N_STAGE + n_topics * N_FORMATS)
                fixed_places[n, 13] = of_topics + s * n_topics + topics[story, 0]
            fixed_values[n, 13] = 1.0 if has_topic else 0.0
            places[n, 0], values[n, 0] = s, 1.0
            places[n, 1], values[n, 1] = FIRST_TASTE + f, 1.0 if choice else 0.0
            places[n, 2] = FIRST_FINISHING + f
            values[n, 2] = 1.0 if choice and s == FINISH else 0.0
            for j in range(STORY_TOPICS):
                is_about = topic_weights[story, j] > 0.0
                places[n, 3 + j] = FIRST_INTEREST + topics[story, j] if is_about else 0
                values[n, 3 + j] = topic_weights[story, j]
            n += 1
    return n


def design(
    showings: Showings, owner: Index, stories: Stories, usual_log_length: Float, exposure: Float
) -> Design:
    """Return the rows of ``showings``; ``owner`` is each one's row in ``exposure``.

    Unknown lengths count as the usual one of the format. What could not have been shown in another
    format says nothing about taste: contents in one format only, and formats chosen for certain.
    """
    n = N_STAGES * len(showings)
    rows = Design(
        np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n),
        np.empty((n, _WIDTH), np.int64), np.empty((n, _WIDTH)), np.empty((n, _EFFECTS), np.int64),
        np.empty((n, _EFFECTS)),
    )  # fmt: skip
    n = _fill(
        owner, showings.content, showings.form, showings.at, showings.position, showings.device,
        showings.rendition_propensity, showings.is_impression, showings.opened, showings.completed,
        stories.published_at, stories.topics, stories.topic_weights, stories.log_length,
        stories.has_choice, stories.must_read, usual_log_length, exposure, rows.showing, rows.stage,
        rows.bucket, rows.success, rows.fixed_places, rows.fixed_values, rows.places, rows.values,
    )  # fmt: skip
    return rows.take(slice(n))
