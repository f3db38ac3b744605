"""Good rows in, canonical rows out; a bad row becomes a reject that says what was expected."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from recsys.audience.rules import RuleError, parse_rule
from recsys.dataset.attributes import gather_attributes
from recsys.dataset.dataset import ATTRIBUTES, canonical_dtypes
from recsys.dataset.instants import load_zone
from recsys.dataset.parsing import Parsed, Problem, parse_column
from recsys.dataset.texts import Mask, in_ascii, is_absent
from recsys.errors import DatasetError
from recsys.schema import (
    DISMISS_REASONS,
    EVENTS_WITHOUT_CONTENT,
    SHARE_REASONS,
    Table,
)

__all__ = [
    "REASONS",
    "Checked",
    "Reject",
    "check_header",
    "frame_of",
    "repeated_key",
    "shown_value",
    "validate",
]

_LONGEST_VALUE = 80
"""Characters of a bad value that are shown: enough to find it, no page of text in a log."""

_MOST_FAULTS = 50
"""Different faults of rules that are told apart; a column with more was never meant to be rules."""

_A_RULE = (
    'an audience rule such as {"department": ["sales"]}, {"hire_month": {"gte": "2024-04"}}, '
    '{"all": [rules]}, {"any": [rules]} or {"not": rule}'
)

REASONS: dict[str, tuple[str, ...]] = {"share": SHARE_REASONS, "dismiss": DISMISS_REASONS}
"""Event type → the reasons it may give."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A bad row: its position (0-based), the first bad column, the value and what was expected.

    ``first_row`` is set where the only fault is a key that an earlier row had: that row's position.
    """

    row: int
    column: str
    value: str
    expected: str
    first_row: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The good rows as a canonical frame, indexed by their position in the raw frame, and the rest.

    Every raw row is either in ``frame`` or in ``rejects``; ``rejects`` are ordered by row.
    """

    frame: pd.DataFrame
    rejects: tuple[Reject, ...]


def validate(table: Table, frame: pd.DataFrame, *, timezone: str | None = None) -> Checked:
    """Check a raw frame of ``table`` and bring its good rows into canonical form.

    Parameters
    ----------
    table
        What the columns hold.
    frame
        Shape (n, any), in any dtypes: text from a file, Python objects from JSON (None, NaN, NaT
        and absent are the same), or typed columns. Undeclared columns become ``attributes``.
    timezone
        IANA name of the zone of times that carry none; without it they are rejected.

    Returns
    -------
    Checked
        Canonical dtypes; in every table except events a key occurs once: its first good row wins
        and each later one is rejected, even an identical one, so that nothing vanishes uncounted.
        Events are all kept, whoever stores them counts repeats.

    Raises
    ------
    DatasetError
        If a required column is missing.
    ConfigurationError
        If ``timezone`` is no time zone.

    Notes
    -----
    Whole columns at a time: a million typed events take about half a second on one core.
    """
    zone = load_zone(timezone)
    frame = frame.reset_index(drop=True)
    check_header(table, [str(name) for name in frame.columns], where="the rows given")
    parsed = _parse(table, frame, zone)
    rejects = _rejects(frame, _all_problems(table, parsed))
    canonical = pd.DataFrame({name: column.values for name, column in parsed.items()})
    if rejects:
        canonical = canonical.drop(index=[reject.row for reject in rejects])
    if table.name == "contents":
        canonical["status"] = canonical["status"].fillna("published")
    if table.key and table.name != "events":
        canonical, repeated = _without_repeats(table, canonical)
        rejects = sorted([*rejects, *repeated], key=lambda reject: reject.row)
    return Checked(canonical, tuple(rejects))


def frame_of(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return JSON objects as a raw frame; every value stays the object it was.

    Left to guess, pandas would turn whole numbers beside missing ones into floats, which destroys
    64-bit ids, and would raise on text that is no Unicode. Where that is the name of a column, it
    is written out, as Python would.
    """
    given = list(rows)
    try:
        return pd.DataFrame(given, dtype=object)
    except UnicodeEncodeError:
        return pd.DataFrame([_with_unicode_names(row) for row in given], dtype=object)


def _with_unicode_names(row: Mapping[str, object]) -> dict[str, object]:
    return {name.encode("utf-8", "backslashreplace").decode(): value for name, value in row.items()}


def check_header(table: Table, columns: list[str], *, where: str) -> None:
    """Raise :class:`DatasetError` if a required column is missing or a name occurs twice."""
    missing = [name for name in table.required_names if name not in columns]
    if missing:
        raise DatasetError(
            f"{where} lack the required column {', '.join(missing)} of {table.name}; "
            f"found: {', '.join(columns) or 'no columns'}; "
            "add the column or rename the one that holds it"
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DatasetError(
            f"{where} have the column {twice[0]!r} more than once; expected every column once; "
            "rename or remove the others"
        )


def _parse(table: Table, frame: pd.DataFrame, zone: ZoneInfo | None) -> dict[str, Parsed]:
    dtypes = canonical_dtypes(table)
    parsed: dict[str, Parsed] = {}
    for column in table.columns:
        if column.name in frame.columns:
            parsed[column.name] = parse_column(column, frame[column.name], zone=zone)
        else:
            parsed[column.name] = Parsed(pd.Series(index=frame.index, dtype=dtypes[column.name]))
    undeclared = [name for name in frame.columns if name not in parsed]
    parsed[ATTRIBUTES] = gather_attributes(frame, undeclared)
    return parsed


def _all_problems(table: Table, parsed: dict[str, Parsed]) -> Iterator[tuple[str, Problem]]:
    """Yield every problem, columns in their order, a missing value after a bad one."""
    further = _further_problems(table, parsed)
    for name, column in parsed.items():
        for problem in column.problems:
            yield name, problem
        if name in table.required_names:
            absent = column.values.isna().to_numpy()
            yield name, Problem(absent, f"a value; {name} must not be empty")
        for problem in further.get(name, ()):
            yield name, problem


def _further_problems(table: Table, parsed: dict[str, Parsed]) -> Mapping[str, Iterable[Problem]]:
    """Return what no single value shows by its kind: faults between columns, and in rules."""
    if table.name == "events":
        return {name: [p] for name, p in _problems_between_columns(parsed).items()}
    return {"audience": _malformed_rules(parsed["audience"])} if "audience" in parsed else {}


def _malformed_rules(audience: Parsed) -> Iterator[Problem]:
    """Yield a problem for each fault that is found in rules, without words once there are many."""
    codes, distinct = pd.factorize(audience.values)
    faults = np.array([*(_fault(str(text)) for text in distinct), ""], object)  # last: no rule
    told = [fault for fault in dict.fromkeys(faults.tolist()) if fault][:_MOST_FAULTS]
    for fault in told:
        yield Problem((faults == fault)[codes], f"{_A_RULE}; {fault}")
    yield Problem((faults != "")[codes], _A_RULE)


def _fault(text: str) -> str:
    """Return what is wrong with a rule; empty for a good one."""
    try:
        parse_rule(text)
    except RuleError as error:
        return str(error)
    return ""


def _problems_between_columns(parsed: dict[str, Parsed]) -> dict[str, Problem]:
    event_type = parsed["event_type"].values
    content_id = parsed["content_id"].values
    reason = parsed["reason"].values
    about_content = event_type.notna() & ~event_type.isin(EVENTS_WITHOUT_CONTENT)
    wrong_reason = np.zeros(len(event_type), np.bool_)
    for kind, reasons in REASONS.items():
        wrong_reason |= ((event_type == kind) & reason.notna() & ~reason.isin(reasons)).to_numpy()
    known = "; ".join(f"{kind}: {', '.join(reasons)}" for kind, reasons in REASONS.items())
    return {
        "content_id": Problem(
            (content_id.isna() & about_content).to_numpy(),
            "a content_id; only newsletter, follow, search, action and unsubscribe events go "
            "without",
        ),
        "reason": Problem(wrong_reason, f"a reason of the event type ({known}), or none"),
    }


def _rejects(frame: pd.DataFrame, problems: Iterator[tuple[str, Problem]]) -> list[Reject]:
    rejected: Mask = np.zeros(len(frame), np.bool_)
    rejects: list[Reject] = []
    for name, problem in problems:
        rows = np.flatnonzero(problem.mask & ~rejected)
        if len(rows) == 0:
            continue
        rejected |= problem.mask
        given = frame[name].iloc[rows] if name in frame.columns else [None] * len(rows)
        rejects += [
            Reject(int(row), name, shown_value(value), problem.expected)
            for row, value in zip(rows, given, strict=True)
        ]
    return sorted(rejects, key=lambda reject: reject.row)


def shown_value(value: object) -> str:
    """Return a bad value as short, printable text."""
    text = "" if is_absent(value) else value if isinstance(value, str) else in_ascii(value)
    text = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _without_repeats(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Reject]]:
    key = list(table.key)
    repeated = frame.duplicated(key).to_numpy()
    if not repeated.any():
        return frame, []
    groups = frame.groupby(key, dropna=False, sort=False).ngroup().to_numpy()
    firsts = frame.index.to_numpy()[~repeated]
    rows = frame.index.to_numpy()[repeated]
    rejects = [
        Reject(
            int(row), key[0], shown_value(value), repeated_key(table, f"row {first}"), int(first)
        )
        for row, value, first in zip(
            rows, frame[key[0]][repeated], firsts[groups[repeated]], strict=True
        )
    ]
    return frame[~repeated], rejects


def repeated_key(table: Table, first: str) -> str:
    """Say what was expected of a row whose key was seen before, at the place ``first``."""
    if len(table.key) == 1:
        return f"a {table.key[0]} that occurs once; first seen in {first}"
    return f"{', '.join(table.key)} that occur together once; first seen in {first}"
