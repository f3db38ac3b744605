"""Whose and what contents the employee, their team and their department take in."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.employees import GROUPINGS
from recsys.features.moment import Moment
from recsys.kernels import kernel
from recsys.state.decayed import CountTable, count
from recsys.state.pair_counts import PairTable, find_pairs, pair_count, row_count

__all__ = [
    "AUTHOR_COLUMNS", "COLLEAGUES_COLUMNS", "ORIGIN_COLUMNS", "TOPIC_COLUMNS", "fill_author",
    "fill_colleagues", "fill_origin", "fill_topic",
]  # fmt: skip

COLLEAGUES_COLUMNS: tuple[str, ...] = tuple(
    f"{name}_readers_{hours}h" for name in GROUPINGS for hours in (6, 72)
)
AUTHOR_COLUMNS: tuple[str, ...] = (
    "own_author_7d", "own_author_60d", "own_author_response", "author_readers",
    *(f"{name}_author" for name in GROUPINGS), "is_own", "author_response",
)  # fmt: skip
TOPIC_COLUMNS: tuple[str, ...] = (
    "own_topic_7d", "own_topic_60d", "own_topic_share", "department_topic", "topic_response",
    "topic_lift", "department_topic_lift",
)  # fmt: skip
ORIGIN_COLUMNS: tuple[str, ...] = (
    "own_owner", "own_owner_response", "own_type", "is_own_department", "is_own_language",
    "own_language_share", "language_lift",
)  # fmt: skip

_SHORT, _LONG = 0, 1

_USUAL = 0.1
"""Readers per showing where nothing is known: what lists of news usually get."""

_COMPANY_SHOWINGS, _GROUP_SHOWINGS, _OWN_SHOWINGS = 50.0, 30.0, 3.0
"""Showings after which a response counts as much as what it is shrunk to: a few readers each."""

Index = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Out = npt.NDArray[np.float32]


@kernel
def _held(table: PairTable, relation: int, high: int, low: int, which: int, now: int) -> float:
    # A first read that is taken back counts against the attributes its content has by then; where
    # an upsert changed them in between, a sum can be below zero until the next rebuild.
    return max(pair_count(table, relation, high, low, which, now), 0.0)


@kernel
def _held_in(table: PairTable, row: int, relation: int, which: int, now: int) -> float:
    """Return :func:`_held` of the pair of ``relation`` that was found in ``row``."""
    return max(row_count(table, row, relation, which, now), 0.0)


@kernel
def _first_alike(codes: Index) -> Rows:
    """Return the first row with the same code, shape (n,): what depends on codes is copied."""
    largest = -1
    for i in range(len(codes)):
        largest = max(largest, codes[i])
    first_of = np.full(largest + 2, -1)  # code −1, nobody's, takes the last place
    first = np.empty(len(codes), np.int64)
    for i in range(len(codes)):
        if first_of[codes[i]] < 0:
            first_of[codes[i]] = i
        first[i] = first_of[codes[i]]
    return first


@kernel
def _response(read: float, shown: float, expected: float, weight: float) -> float:
    """Return readers per showing, shrunk to what is expected by ``weight`` showings of it."""
    return (read + weight * expected) / (shown + weight)


@kernel
def _log_odds(share: float) -> float:
    share = min(share, 0.95)  # readings without a showing can outnumber showings
    return float(np.log(share / (1.0 - share)))


@kernel
def _colleagues(
    table: PairTable, relations: Index, groups: Index, contents: Index, now: int, out: Out
) -> None:
    for j in range(len(groups)):
        rows = find_pairs(table, relations[j], groups[j], contents)
        for i in range(len(contents)):
            for which in range(2):
                read = _held_in(table, rows[i], relations[j], which, now)
                out[i, 2 * j + which] = np.log1p(read)


def fill_colleagues(moment: Moment, out: Out) -> None:
    """Count readers of the last hours and days in the department, team and site."""
    pairs = moment.sources.state.counters.pairs
    relations = _numbers(moment, *(f"{name}_content" for name in GROUPINGS))
    _colleagues(pairs.table, relations, moment.groups, moment.contents, moment.at, out)


@kernel
def _author(
    table: PairTable, relations: Index, readers: CountTable, showings: CountTable, groups: Index,
    employee: int, me_as_author: int, author: Index, now: int, out: Out,
) -> None:  # fmt: skip
    own, shown, first_group = relations[0], relations[1], 2
    end = 4 + len(groups)
    reads = find_pairs(table, own, employee, author)
    was_shown = find_pairs(table, shown, employee, author)
    for j in range(len(groups)):
        relation = relations[first_group + j]
        rows = find_pairs(table, relation, groups[j], author)
        for i in range(len(author)):
            out[i, 4 + j] = np.log1p(_held_in(table, rows[i], relation, _LONG, now))
    for i in range(len(author)):
        who = author[i]
        read = _held_in(table, reads[i], own, _LONG, now)
        overall = _response(
            max(count(readers, who, 1, now), 0.0), count(showings, who, 1, now), _USUAL,
            _COMPANY_SHOWINGS,
        )  # fmt: skip
        shown_to_me = _held_in(table, was_shown[i], shown, _LONG, now)
        mine = _response(read, shown_to_me, overall, _OWN_SHOWINGS)
        out[i, 0] = np.log1p(_held_in(table, reads[i], own, _SHORT, now))
        out[i, 1] = np.log1p(read)
        out[i, 2] = np.log(mine)
        out[i, 3] = np.log1p(max(count(readers, who, 0, now), 0.0))
        out[i, end] = who >= 0 and who == me_as_author
        out[i, end + 1] = np.log(overall)


def fill_author(moment: Moment, out: Out) -> None:
    """Count what the employee, everybody and the employee's groups read of the author."""
    state = moment.sources.state
    relations = _numbers(
        moment, "employee_author", "employee_author_shown",
        *(f"{name}_author" for name in GROUPINGS),
    )  # fmt: skip
    counters = state.counters
    _author(
        counters.pairs.table, relations, counters.author.table, counters.author_shown.table,
        moment.groups, moment.employee, _as_author(moment),
        state.catalogue.contents["author"].view(np.int32)[moment.contents], moment.at, out,
    )  # fmt: skip


def _as_author(moment: Moment) -> int:
    catalogue = moment.sources.state.catalogue
    if moment.employee < 0:
        return -1
    return catalogue.contents.authors.index(catalogue.employees.ids.id(moment.employee))


@kernel
def _own_pace(reads: CountTable, shown: CountTable, employee: int, now: int) -> float:
    """Return how much more than usual the employee opens of what they are shown."""
    read = max(count(reads, employee, 0, now), 0.0)
    return _response(read, count(shown, employee, 0, now), _USUAL, _GROUP_SHOWINGS) / _USUAL


@kernel
def _one_topic(
    table: PairTable, relations: Index, readers: CountTable, showings: CountTable, department: int,
    employee: int, topic: int, pace: float, now: int, held: Float,
) -> None:  # fmt: skip
    """Write the ``TOPIC_COLUMNS`` of one topic; readings in place of their share."""
    own, shown, group, group_shown = relations
    recently = _held(table, own, employee, topic, _SHORT, now)
    read = _held(table, own, employee, topic, _LONG, now)
    in_group = _held(table, group, department, topic, _LONG, now)
    # From the company to the department to the person, each shrunk to the one before.
    company = _response(
        max(count(readers, topic, 0, now), 0.0), count(showings, topic, 0, now), _USUAL,
        _COMPANY_SHOWINGS,
    )  # fmt: skip
    shown_to_group = _held(table, group_shown, department, topic, _LONG, now)
    usual = _response(in_group, shown_to_group, company, _GROUP_SHOWINGS)
    shown_to_me = _held(table, shown, employee, topic, _LONG, now)
    mine = _response(read, shown_to_me, usual * pace, _OWN_SHOWINGS) / pace
    held[0], held[1], held[2] = np.log1p(recently), np.log1p(read), read
    held[3], held[4] = np.log1p(in_group), _log_odds(mine)
    held[5] = _log_odds(mine) - _log_odds(company)
    held[6] = _log_odds(usual) - _log_odds(company)


@kernel
def _topic(
    table: PairTable, relations: Index, reads: CountTable, was_shown: CountTable,
    readers: CountTable, showings: CountTable, department: int, employee: int, topics: Index,
    weights: Float, n_topics: int, contents: Index, now: int, out: Out,
) -> None:  # fmt: skip
    # A few readings on top, so that the first ones do not make a taste.
    everything = max(count(reads, employee, 0, now), 0.0) + 3.0
    pace = _own_pace(reads, was_shown, employee, now)
    held, is_held = np.empty((n_topics, out.shape[1])), np.zeros(n_topics, np.bool_)
    for i in range(len(contents)):
        out[i, :] = 0.0
        for place in range(topics.shape[1]):
            topic, weight = topics[contents[i], place], weights[contents[i], place]
            if topic < 0:
                break
            if not is_held[topic]:
                _one_topic(
                    table, relations, readers, showings, department, employee, topic, pace, now,
                    held[topic],
                )  # fmt: skip
                is_held[topic] = True
            for column in range(out.shape[1]):
                gain = weight * held[topic, column]
                out[i, column] += gain / everything if column == 2 else gain


def fill_topic(moment: Moment, out: Out) -> None:
    """Compare the candidate's topics with what the employee and the department read."""
    state = moment.sources.state
    relations = _numbers(
        moment, "employee_topic", "employee_topic_shown", "department_topic",
        "department_topic_shown",
    )  # fmt: skip
    counters = state.counters
    _topic(
        counters.pairs.table, relations, counters.employee_firsts.table,
        counters.employee_shown.table, counters.topic.table, counters.topic_shown.table,
        int(moment.groups[0]), moment.employee,
        moment.sources.topics.index, moment.sources.topics.weight,
        len(state.catalogue.contents.topics_map), moment.contents, moment.at, out,
    )  # fmt: skip


@kernel
def _origin(
    table: PairTable, relations: Index, reads: CountTable, languages: CountTable, employee: int,
    department: int, own_language: int, owner: Index, kind: Index, language: Index, now: int,
    out: Out,
) -> None:  # fmt: skip
    everything = max(count(reads, employee, 0, now), 0.0)
    of_all = 1e-9
    for code in range(len(languages.at)):
        of_all += max(count(languages, code, 0, now), 0.0)
    with_owner, with_kind, with_language = (
        _first_alike(owner), _first_alike(kind), _first_alike(language)
    )  # fmt: skip
    for i in range(len(owner)):
        if with_owner[i] < i:
            out[i, :2], out[i, 3] = out[with_owner[i], :2], out[with_owner[i], 3]
        else:
            read = _held(table, relations[0], employee, owner[i], _LONG, now)
            shown = _held(table, relations[1], employee, owner[i], _LONG, now)
            out[i, 0] = np.log1p(read)
            out[i, 1] = np.log(_response(read, shown, _USUAL, _OWN_SHOWINGS))
            out[i, 3] = owner[i] >= 0 and owner[i] == department
        if with_kind[i] < i:
            out[i, 2] = out[with_kind[i], 2]
        else:
            out[i, 2] = np.log1p(_held(table, relations[2], employee, kind[i], _LONG, now))
        if with_language[i] < i:
            out[i, 4:] = out[with_language[i], 4:]
            continue
        if language[i] < 0:
            out[i, 4:] = np.nan
            continue
        out[i, 4] = language[i] == own_language if own_language >= 0 else np.nan
        usual = max(count(languages, language[i], 0, now), 0.0) / of_all
        own = _held(table, relations[3], employee, language[i], _LONG, now)
        # Three readings of everybody's mixture before the first own one.
        share = (own + 3.0 * usual) / (everything + 3.0)
        out[i, 5] = share
        out[i, 6] = share - usual


def fill_origin(moment: Moment, out: Out) -> None:
    """Compare owner, type and language of candidates with what the employee read."""
    state = moment.sources.state
    contents = state.catalogue.contents
    relations = _numbers(
        moment, "employee_owner", "employee_owner_shown", "employee_type", "employee_language"
    )
    _origin(
        state.counters.pairs.table, relations, state.counters.employee_firsts.table,
        state.counters.language.table, moment.employee, _own_department(moment),
        _own_language(moment), contents["owner_department"].view(np.int32)[moment.contents],
        contents["content_type"][moment.contents].astype(np.int32),
        contents["language"].view(np.int32)[moment.contents], moment.at, out,
    )  # fmt: skip


def _own_language(moment: Moment) -> int:
    """Return the language the company has on record for the employee, as contents name it."""
    employees = moment.sources.state.catalogue.employees
    code = employees.code("language", moment.version)
    if code < 0:
        return -1
    name = employees.values["language"].id(code).lower()
    return moment.sources.state.catalogue.contents.languages.index(name)


def _own_department(moment: Moment) -> int:
    """Return the employee's department as contents name it, −1 if none of them does."""
    catalogue = moment.sources.state.catalogue
    code = int(moment.groups[0])
    if code < 0:
        return -1
    return catalogue.contents.departments.index(catalogue.employees.values["department"].id(code))


def _numbers(moment: Moment, *names: str) -> Index:
    number = moment.sources.state.counters.pairs.relation
    return np.array([number[name] for name in names], np.int32)
