"""Which groups would gain most from a content: the recommendation turned round.

For somebody who has not opened it, p is the calibrated probability that it is what they read next,
at whatever place it stands. If nothing is done, they have to come first (v, within a week) and then
look down to where the ranking puts it (s of the rank, see :func:`recsys.state.counters.seen_at`);
delivered at the first place they need neither. What delivering it gains is

    gain = p · (1 − v · s(rank)).

So those who seldom come gain most by being served: they are in, and flagged, and a group that few
speak for counts as the company does (:mod:`recsys.reach.shrinkage`) and not as nothing.

Left out are people who opened it already, who opted out, are on leave, muted it or do not read its
languages. Figures are means over ten people or more of a random sample; numbers of people are
rounded to tens, shares to tenths and only given of ``SHARED_FROM`` people or more: whatever the
reach report hides, five counts or more agree with that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recsys.advice.cells import CELL_SIZE
from recsys.candidates.eligible import EligibleContents
from recsys.reach.fates import FATES, STAGES, Codes, Employees
from recsys.reach.sampling import MOST_SCORED, Sample, draw_sample
from recsys.reach.shrinkage import shrunk_means
from recsys.reach.visits import read_visits, visit_probability
from recsys.scoring import LiveScorer
from recsys.segments.groups import CODES
from recsys.segments.segments import Segments
from recsys.state.counters import seen_at
from recsys.state.live import LiveState

__all__ = [
    "ACTIVITY",
    "ATTRIBUTES",
    "SEGMENT",
    "SHARED_FROM",
    "Gains",
    "GroupGain",
    "NoGains",
    "find_gains",
]

ATTRIBUTES: tuple[str, ...] = ("department", "site", "job_family", "work_style")
SEGMENT = "segment"
ACTIVITY = "activity"
"""Those who come least, a quarter of all, against the others."""

SELDOM_HERE, OFTEN_HERE = "seldom_here", "often_here"

SHARED_FROM = 50
"""People a group must have for its shares: a tenth of them are five."""

_SELDOM_SHARE = 0.25
_SELDOM_RATE = 0.9
"""And they come a tenth less likely than the mean: where all come alike, nobody is rare."""
_GAINING: tuple[str, ...] = ("seen", "delivered", "not_visited", "no_device", "unmeasurable")

Bools = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

NoGains = Literal["sensitive", "not_live", "no_model", "suppressed"]
"""Contents that enter no profile; not published, expired or withdrawn; nothing was learned yet;
fewer than ten people are left to gain from it."""


@dataclass(frozen=True, slots=True)
class GroupGain:
    """What a content would do for one group."""

    attribute: str
    group: str
    people: int
    """To the nearest ten."""
    expected_readers: int
    """More people who read it next, if all of the group who have not opened it are served it."""
    gain_share: float
    """Mean gain of those."""
    would_open_share: float
    """Mean probability of those that it is what they read next, at the first place."""
    lift: float
    """``would_open_share`` over that of the whole audience."""
    not_opened_share: float | None
    """To the nearest tenth; None for small groups, and where it tells of fewer than ten people."""
    seldom_here_share: float | None
    """Part of the group that is in the quarter who come least; likewise."""
    is_usually_unreached: bool
    """More than half of the group are."""


@dataclass(frozen=True, slots=True)
class Gains:
    """Groups by what a content would do for them; empty for a reason, or the reason is None."""

    content_id: str
    reason: NoGains | None
    would_open_share: float | None = None
    """Of the whole audience."""
    is_sample: bool = False
    """Means are of a random part of the audience."""
    groups: tuple[GroupGain, ...] = ()
    """The most expected readers first, ties by attribute and name."""
    n_left_out: int = 0
    """Groups that fewer than ten people, or ten of the sample, belong to."""


@dataclass(frozen=True, slots=True)
class _People:
    """Everybody who counts, shape (n,), and who of them was asked."""

    gaining: Bools
    opened: Bools
    seldom: Bools
    sample: Sample
    """Of those who gain; rows among all n."""
    would_open: Float
    """(n_sampled,)."""
    gain: Float
    """(n_sampled,)."""

    @property
    def mean_would_open(self) -> float:
        """Return the mean of ``would_open`` over all who gain."""
        return float(np.average(self.would_open, weights=self.sample.weight))


def find_gains(
    state: LiveState, scorer: LiveScorer, eligible: EligibleContents, segments: Segments | None,
    content: int, at: int, employees: Employees, codes: Codes, most: int = MOST_SCORED,
) -> Gains:  # fmt: skip
    """Return which groups of an audience, with their fates, gain most. Cost: 4 ms a person asked.

    ``at`` is the state's present moment, in microseconds; about ``most`` people are asked.
    """
    content_id = state.catalogue.contents.ids.id(content)
    counted = codes != FATES.index("opted_out")
    employees, codes = employees[counted], codes[counted]
    gaining = np.isin(codes, [FATES.index(fate) for fate in _GAINING])
    reason = _obstacle(state, scorer, content, at, gaining)
    if reason is not None:
        return Gains(content_id, reason)
    come = visit_probability(read_visits(state, employees, at))
    table = state.catalogue.employees
    versions = table.versions_at(employees, np.full(len(employees), at))
    sample = draw_sample(employees, gaining, table.codes("department", versions), most)
    asked = employees[sample.rows]
    would_open, rank = _standings(scorer, eligible, content, at, asked)
    positions = np.minimum(rank, np.iinfo(np.int16).max).astype(np.int16)
    people = _People(
        gaining, np.isin(codes, [FATES.index(stage) for stage in STAGES[2:]]),
        (come <= np.quantile(come, _SELDOM_SHARE)) & (come < _SELDOM_RATE * come.mean()),
        sample, would_open, would_open * (1.0 - come[sample.rows] * seen_at(positions)),
    )  # fmt: skip
    found: list[GroupGain] = []
    n_left_out = 0
    for attribute, names, group in _groupings(state, segments, employees, versions, people, at):
        rows, left_out = _group_gains(people, attribute, names, group)
        found += rows
        n_left_out += left_out
    found.sort(key=lambda g: (-g.expected_readers, g.attribute, g.group))
    is_sample = bool(len(sample.rows) < np.count_nonzero(gaining))
    return Gains(
        content_id, None, round(people.mean_would_open, 3), is_sample, tuple(found), n_left_out
    )


def _obstacle(
    state: LiveState, scorer: LiveScorer, content: int, at: int, gaining: Bools
) -> NoGains | None:
    contents = state.catalogue.contents
    if contents["sensitive"][content]:
        return "sensitive"
    if not (contents.live(at) == content).any():
        return "not_live"
    if scorer.model.ranker is None:
        return "no_model"
    return "suppressed" if np.count_nonzero(gaining) < CELL_SIZE else None


def _standings(
    scorer: LiveScorer, eligible: EligibleContents, content: int, at: int,
    asked: Employees,
) -> tuple[Float, Index]:  # fmt: skip
    """Return P(read next) and rank of the content for each person, shape (n,).

    0 and the last rank where it is no candidate: who dismissed it does not want it.
    """
    probability, rank = np.zeros(len(asked)), np.full(len(asked), np.iinfo(np.int16).max, np.int64)
    for row, employee in enumerate(asked.tolist()):
        candidates = eligible.retrieve(employee, at)
        place = np.flatnonzero(candidates == content)
        if len(place):
            found = scorer.standing(employee, candidates, at, int(place[0]))
            probability[row], rank[row] = found
    return probability, rank


def _groupings(
    state: LiveState, segments: Segments | None, employees: Employees,
    versions: npt.NDArray[np.int64], people: _People, at: int,
) -> Iterator[tuple[str, list[str], Index]]:  # fmt: skip
    """Yield attributes, the names of their groups, and the group of each person (−1: none)."""
    table = state.catalogue.employees
    for attribute in ATTRIBUTES:
        codes = table.codes(attribute, versions).astype(np.int64)
        yield attribute, list(table.values[attribute].ids), codes
    if segments is not None:
        yield SEGMENT, list(CODES), segments.codes(at)[employees].astype(np.int64)
    yield ACTIVITY, [SELDOM_HERE, OFTEN_HERE], np.where(people.seldom, 0, 1)


def _group_gains(
    people: _People, attribute: str, names: list[str], group: Index
) -> tuple[list[GroupGain], int]:
    """Return the groups of one attribute that may be shown, and how many may not."""
    known = group[people.sample.rows] >= 0
    if not known.any():
        return [], 0
    asked, weight = group[people.sample.rows][known], people.sample.weight[known]
    would_open, gain = people.would_open[known], people.gain[known]
    n_groups = len(names)
    p_open = shrunk_means(would_open, weight, asked, n_groups).tolist()
    p_gain = shrunk_means(gain, weight, asked, n_groups).tolist()
    size = np.bincount(group[group >= 0], minlength=n_groups)
    n_asked = np.bincount(asked, minlength=n_groups)
    shown = np.flatnonzero((size >= CELL_SIZE) & (n_asked >= CELL_SIZE)).tolist()
    found = [
        _group_gain(people, attribute, names[code], group == code, p_open[code], p_gain[code])
        for code in shown
    ]
    return found, int(np.count_nonzero(size)) - len(shown)


def _group_gain(
    people: _People, attribute: str, name: str, mine: Bools, would_open: float, gain: float
) -> GroupGain:
    left, overall = np.count_nonzero(people.gaining & mine), people.mean_would_open
    return GroupGain(
        attribute,
        name,
        people=CELL_SIZE * round(np.count_nonzero(mine) / CELL_SIZE),
        expected_readers=round(left * gain),
        gain_share=round(gain, 3),
        would_open_share=round(would_open, 3),
        lift=round(would_open / overall, 2) if overall > 0 else 1.0,
        not_opened_share=_tenths(~people.opened[mine]),
        seldom_here_share=_tenths(people.seldom[mine]),
        is_usually_unreached=bool(people.seldom[mine].mean() > 0.5),
    )


def _tenths(holds: Bools) -> float | None:
    """Return a share to the nearest tenth; None if either part is small, or all together are."""
    n = np.count_nonzero(holds)
    if len(holds) < SHARED_FROM or min(n, len(holds) - n) < CELL_SIZE:
        return None
    return float(round(n / len(holds), 1))
