"""Feature groups: each answers one question about every candidate of a moment.

A group is a function from a :class:`Moment` to a float array, shape (n_candidates, n_columns),
with its column names beside it. Counts enter as log(1 + x), which keeps a tree's splits apart
where most of the data is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.employees import GROUPINGS
from recsys.features.coreading import CO_READING_HALF_LIVES
from recsys.features.moment import Moment
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.times import DAY_US, HOUR_US

__all__ = ["GROUPS", "FeatureGroup"]

Float = npt.NDArray[np.float64]

_PROFILE_HALF_LIFE = 7 * DAY_US
_SESSION_READS = 3
_NO_GROUP = -1


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """One question: a name for reasons and ablations, its columns, and how to compute them."""

    name: str
    columns: tuple[str, ...]
    compute: Callable[[Moment], Float]


def _freshness(moment: Moment) -> Float:
    log_age = np.log1p(moment.age_hours)
    newest_rank = np.log1p(moment.newest_rank)
    counters = moment.sources.state.counters
    firsts = counters.employee_firsts.read(moment.employee_row, moment.at)[0, 0]
    log_ages = counters.employee_log_age.read(moment.employee_row, moment.at)[0, 0]
    # Someone who has read almost nothing has no habit yet: one read weighs half.
    habit = log_ages / (max(firsts, 0.0) + 1.0)
    return np.stack([log_age, newest_rank, log_age - habit], axis=1)


def _popularity(moment: Moment) -> Float:
    counters = moment.sources.state.counters
    logs = np.log1p(moment.readers)
    shares = moment.readers / np.where(moment.highest_readers > 0, moment.highest_readers, 1.0)
    deep = np.log1p(counters.content_deep.read(moment.rows, moment.at))
    return np.concatenate([logs, shares, deep], axis=1)


def _response(moment: Moment) -> Float:
    """Readers per showing, shrunk to one in ten, which is what lists of news usually get."""
    state = moment.sources.state
    shown = state.counters.content_shown.read(moment.rows, moment.at)
    rate = (moment.readers[:, [2, 4]] + 1.0) / (shown + 10.0)
    own = state.readings.impressions(moment.employee, moment.candidates)
    return np.concatenate([np.log1p(shown), np.log(rate), own[:, None]], axis=1)


def _colleagues(moment: Moment) -> Float:
    tables = moment.sources.state.counters.group_content
    parts = [
        tables[name].read(moment.groups[name], moment.candidates, moment.at) for name in GROUPINGS
    ]
    return _log1p(np.concatenate(parts, axis=1))


def _author(moment: Moment) -> Float:
    counters = moment.sources.state.counters
    author = moment.content_column("author")
    own = counters.employee_author.read(moment.employee, author, moment.at)
    overall = counters.author.read(author.astype(np.int64), moment.at)
    groups = [
        counters.group_author[name].read(moment.groups[name], author, moment.at)
        for name in GROUPINGS
    ]
    return _log1p(np.concatenate([own, overall, *groups], axis=1))


def _topic(moment: Moment) -> Float:
    """Share of the employee's and the department's reading that went to the candidate's topics."""
    counters = moment.sources.state.counters
    topics = moment.sources.state.catalogue.contents.topics[moment.candidates]
    if (topics < 0).all():
        return np.zeros((len(topics), 3))
    flat = topics.reshape(-1)
    own = counters.employee_topic.read(moment.employee, flat, moment.at)
    department = moment.groups[GROUPINGS[0]]
    group = counters.group_topic[GROUPINGS[0]].read(department, flat, moment.at)
    values = np.concatenate([own, group], axis=1).reshape(*topics.shape, 3)
    return _log1p(values.max(axis=1))


def _origin(moment: Moment) -> Float:
    counters = moment.sources.state.counters
    owner = moment.content_column("owner_department")
    kind = moment.content_column("content_type")
    own = _log1p(counters.employee_owner.read(moment.employee, owner, moment.at))
    types = _log1p(counters.employee_type.read(moment.employee, kind, moment.at))
    return np.concatenate([own, types, _is_own_department(moment, owner)[:, None]], axis=1)


def _is_own_department(moment: Moment, owner: npt.NDArray[np.int32]) -> Float:
    catalogue = moment.sources.state.catalogue
    code = moment.groups["department"]
    if code == _NO_GROUP:
        return np.zeros(len(owner))
    name = catalogue.employees.values["department"].id(code)
    own = catalogue.contents.departments.index(name)
    is_own: Float = ((owner >= 0) & (owner == own)).astype(np.float64)
    return is_own


def _text(moment: Moment) -> Float:
    """How near the candidate's text is to what the employee read last."""
    mine, times = moment.sources.state.recent_contents.of(moment.employee)
    if len(mine) == 0 or moment.sources.vectors.model.size == 0:
        return np.full((len(moment.candidates), 3), np.nan)
    read = moment.sources.vectors.of(mine)
    weight = np.exp2((times - moment.at) / _PROFILE_HALF_LIFE)
    weight /= weight.sum() + 1e-12
    session = np.where(np.arange(len(mine)) < _SESSION_READS, 1 / min(len(mine), _SESSION_READS), 0)
    # One product gives all similarities; single precision halves what goes through memory.
    similar = moment.sources.vectors.of(moment.candidates) @ read.T
    means = similar @ np.stack([weight, session], axis=1).astype(np.float32)
    return np.column_stack([means, similar.max(axis=1)]).astype(np.float64)


def _co_reading(moment: Moment) -> Float:
    state = moment.sources.state
    return moment.sources.co_reading.scores(
        state.recent_contents, state.recent_readers, moment.employee, moment.candidates, moment.at
    )


def _affinity(moment: Moment) -> Float:
    version = moment.sources.state.catalogue.employees.version_at(moment.employee, moment.at)
    scores = moment.sources.factors.scores(version, moment.candidates, moment.at)
    return scores.astype(np.float64)[:, None]


def _habit(moment: Moment) -> Float:
    activity = moment.sources.state.counters.employee.read(moment.employee_row, moment.at)[0]
    hour = moment.at % DAY_US / HOUR_US
    weekday = (moment.at // DAY_US + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    row = np.concatenate([_log1p(activity), [hour, weekday]])
    return np.asarray(np.broadcast_to(row, (len(moment.candidates), len(row))), np.float64)


def _log1p(counts: Float) -> Float:
    # A first read that is taken back counts against the attributes its content has by then; where
    # an upsert changed them in between, a sum can be below zero until the next rebuild.
    logs: Float = np.log1p(np.maximum(counts, 0.0))
    return logs


def _hours(half_lives_us: tuple[int, ...], stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}_{half_life / HOUR_US:.3g}h" for half_life in half_lives_us)


GROUPS: tuple[FeatureGroup, ...] = (
    FeatureGroup("freshness", ("log_age", "newest_rank", "log_age_to_habit"), _freshness),
    FeatureGroup(
        "popularity",
        (
            *_hours(POPULARITY_HALF_LIVES, "readers"),
            *_hours(POPULARITY_HALF_LIVES, "readers_to_highest"),
            "deep_24h",
            "deep_336h",
        ),
        _popularity,
    ),
    FeatureGroup(
        "response",
        (
            "shown_6h",
            "shown_72h",
            "readers_per_showing_6h",
            "readers_per_showing_72h",
            "own_showings",
        ),
        _response,
    ),
    FeatureGroup(
        "colleagues",
        tuple(f"{name}_readers_{hours}h" for name in GROUPINGS for hours in (6, 72)),
        _colleagues,
    ),
    FeatureGroup(
        "author",
        ("own_author_7d", "own_author_60d", "author_readers", *(f"{g}_author" for g in GROUPINGS)),
        _author,
    ),
    FeatureGroup("topic", ("own_topic_7d", "own_topic_60d", "department_topic"), _topic),
    FeatureGroup("origin", ("own_owner", "own_type", "is_own_department"), _origin),
    FeatureGroup("text", ("text_profile", "text_session", "text_nearest"), _text),
    FeatureGroup("co_reading", _hours(CO_READING_HALF_LIVES, "co_reading"), _co_reading),
    FeatureGroup("affinity", ("lightfm",), _affinity),
    FeatureGroup("habit", ("reads_1h", "reads_24h", "reads_336h", "hour", "weekday"), _habit),
)
"""All groups, in the order of a feature row."""
