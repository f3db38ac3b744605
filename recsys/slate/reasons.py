"""Why an item is in a feed, in codes; the words in each language are the reader's business.

Two kinds. A rule that gave a content its slot is a reason by itself. Everything else has to be true
*and* to have mattered: a group of features is taken back to what is usual among the candidates of
the moment, and only if the content's score falls is it named. A group of people is named only if
enough of them read the content that nobody can be made out.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.answers import SlotType
from recsys.catalogue.employees import GROUPINGS
from recsys.features.groups import GROUPS
from recsys.kernels import kernel
from recsys.ranker.ranker import Ranker
from recsys.slate.draft import Bool, Draft, Index, Rows, Slot
from recsys.slate.rules.mandatory import urgency
from recsys.times import DAY_US, HOUR_US

__all__ = ["MIN_READERS", "REASON_CODES", "reasons_of"]

MIN_READERS = 10
"""Readers a group must have before a reason mentions it."""

REASON_CODES: tuple[str, ...] = (
    "must_read", "due_soon", "overdue", "pinned", "shared_with_you",
    "author_you_read", "topic_you_read", "read_in_team", "read_in_department", "read_at_site",
    "popular_now", "new", "other_department", "trying_out",
)  # fmt: skip
"""All codes, the strongest first; at most two are given."""

_MOST = 2
_HABITUAL = float(np.log1p(1.5))  # decayed reads: more than one recent read of this author or topic
_LATELY = 6 * HOUR_US
_MUST_READ = (["must_read"], ["must_read", "due_soon"], ["must_read", "overdue"])
"""By urgency."""
_OF_SLOT: Mapping[SlotType, str] = {
    "pinned": "pinned", "other_department": "other_department", "explore": "trying_out",
}  # fmt: skip


class _Claim(NamedTuple):
    """Something that may be said of a slot, and the feature group that must have mattered."""

    code: str
    group: str


_CLAIMS: tuple[_Claim, ...] = (
    _Claim("author_you_read", "author"),
    _Claim("topic_you_read", "topic"),
    _Claim("read_in_team", "colleagues"),
    _Claim("read_in_department", "colleagues"),
    _Claim("read_at_site", "colleagues"),
    _Claim("popular_now", "popularity"),
    _Claim("new", "freshness"),
)
_GROUP_CLAIMS = tuple(
    next(i for i, c in enumerate(_CLAIMS) if c.code == code)
    for code in ("read_in_department", "read_in_team", "read_at_site")
)
"""Places of the claims about groups of people, in the order of ``GROUPINGS``."""

assert GROUPINGS == ("department", "team_id", "site")


def _places() -> dict[str, slice]:
    starts = np.cumsum([0, *(len(group.columns) for group in GROUPS)]).tolist()
    return {g.name: slice(a, a + len(g.columns)) for g, a in zip(GROUPS, starts, strict=False)}


_COLUMNS = _places()


@kernel
def _count_alike(
    readers: Index, groups: Index, me: int, own: Index, counts: npt.NDArray[np.int64]
) -> None:
    """Count, per content and grouping, other readers in the employee's own group."""
    for i in range(readers.shape[0]):
        for j in range(readers.shape[1]):
            if readers[i, j] < 0:
                break
            if readers[i, j] == me:
                continue
            for g in range(len(own)):
                counts[i, g] += own[g] >= 0 and groups[g, i * readers.shape[1] + j] == own[g]


def reasons_of(draft: Draft, slots: list[Slot], ranker: Ranker | None) -> list[tuple[str, ...]]:
    """Return up to two codes for each slot, the strongest first; empty where nothing true helps.

    Somebody who opted out is told what rules did and nothing about people. Without a ranker what
    is true of popularity and age is said as it is: the list is made of nothing else.
    """
    if not slots:
        return []
    rows = np.array([slot.row for slot in slots], np.int64)
    found = _of_rules(draft, slots)
    if draft.question.is_personal:
        claims = _true_claims(draft, rows)
        if ranker is not None:
            claims &= _mattered(draft, rows, claims, ranker)
        for codes, claimed in zip(found, claims, strict=True):
            codes += [_CLAIMS[i].code for i in np.flatnonzero(claimed)]
    return [tuple(sorted(codes, key=REASON_CODES.index)[:_MOST]) for codes in found]


def _of_rules(draft: Draft, slots: list[Slot]) -> list[list[str]]:
    """Return what rules say of each slot."""
    question, state = draft.question, draft.sources.state
    codes = [[_OF_SLOT[s.slot_type]] if s.slot_type in _OF_SLOT else [] for s in slots]
    must = [place for place, slot in enumerate(slots) if slot.slot_type == "mandatory"]
    if must:
        contents = draft.contents[[slots[place].row for place in must]]
        stages = urgency(state, contents, question.at).tolist()
        for place, stage in zip(must, stages, strict=True):
            codes[place] = list(_MUST_READ[stage])
    shared, _ = state.shares.of(question.employee)
    if question.is_personal and len(shared):
        for place, slot in enumerate(slots):
            if int(draft.contents[slot.row]) in shared:
                codes[place].append("shared_with_you")
    return codes


def _true_claims(draft: Draft, rows: Rows) -> Bool:
    """Return bool, shape (n_slots, n_claims): what is so."""
    at, contents = draft.question.at, draft.contents[rows]
    published_at = draft.sources.state.catalogue.contents.published_at[contents]
    claims = np.zeros((len(rows), len(_CLAIMS)), np.bool_)
    claims[:, 0] = draft.feature("own_author_60d", rows) > _HABITUAL
    claims[:, 1] = draft.feature("own_topic_60d", rows) > _HABITUAL
    readers, times = draft.sources.state.recent_readers.of_many(contents)
    claims[:, _GROUP_CLAIMS] = _own_group_readers(draft, readers) >= MIN_READERS
    claims[:, 5] = ((readers >= 0) & (times >= at - _LATELY)).sum(axis=1) >= MIN_READERS
    claims[:, 6] = at - published_at < DAY_US
    return claims


def _own_group_readers(draft: Draft, readers: Index) -> npt.NDArray[np.int64]:
    """Return (n_slots, n_groupings): readers among the latest who are in the employee's groups."""
    question, employees = draft.question, draft.sources.state.catalogue.employees
    counts = np.zeros((len(readers), len(GROUPINGS)), np.int64)
    some = (readers >= 0).sum(axis=1) >= MIN_READERS
    if question.version < 0 or not some.any():
        return counts
    people = readers[some].ravel()
    versions = employees.versions_at(people, np.full(len(people), question.at))
    groups = np.stack([employees.codes(name, versions) for name in GROUPINGS])
    own = np.array([employees.code(name, question.version) for name in GROUPINGS], np.int32)
    own_counts = np.zeros((int(some.sum()), len(GROUPINGS)), np.int64)
    _count_alike(readers[some], groups, question.employee, own, own_counts)
    counts[some] = own_counts
    return counts


def _mattered(draft: Draft, rows: Rows, claims: Bool, ranker: Ranker) -> Bool:
    """Return bool, like ``claims``: the score falls where the claim's features are made usual."""
    mattered = np.zeros_like(claims)
    slots, which = np.nonzero(claims & draft.is_ranked(rows)[:, None])
    groups = [_CLAIMS[claim].group for claim in which]
    pairs = list(dict.fromkeys(zip(slots.tolist(), groups, strict=True)))
    if not pairs:
        return mattered
    usual = draft.usual_features({group for _, group in pairs}, _COLUMNS)
    paired = [slot for slot, _ in pairs]
    features = draft.feature_matrix(rows[[*paired, *range(len(rows))]])
    for row, (_, group) in zip(features, pairs, strict=False):
        row[_COLUMNS[group]] = usual[group]
    scores = ranker.score(features)  # with one group made usual, then all slots as they are
    is_lower = scores[: len(pairs)] < scores[len(pairs) :][paired]
    lower = dict(zip(pairs, is_lower.tolist(), strict=True))
    mattered[slots, which] = [lower[pair] for pair in zip(slots.tolist(), groups, strict=True)]
    return mattered
