"""Rows that no longer say what they said: columns that emptied or are new, values refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from recsys.dataset.dataset import ATTRIBUTES, Dataset
from recsys.schema import TABLES
from training.data_checks.findings import DAY, WEEK, Effect, Finding, Span
from training.data_checks.recent import WEEKS_BACK, RecentLog

__all__ = ["check_attributes", "check_columns", "check_news", "check_rejects"]

_EMPTY_SHARE = 0.05
"""Less than a twentieth of the usual values: a column counts as empty."""

_OFTEN_FILLED = {"events": 0.2, "contents": 0.5, "employees": 0.2}
"""Columns that are filled less often than this come and go by themselves."""

_LEAST_VALUES = {"events": 50, "contents": 10, "employees": 10}
"""Expected values, below which their absence says nothing."""

_COME_AND_GO = ("valid_from", "leave_from", "leave_until")
"""Columns of people that are rightly empty after they were filled."""

_LEAST_NEW = 10
"""Events of a new kind: fewer are somebody trying something out."""

_SOME_REJECTED, _MOST_REJECTED = 0.1, 0.5


def check_columns(log: RecentLog) -> Iterator[Finding]:
    """Look for columns of events that emptied, within the types of events that filled them."""
    if not log.is_comparable:
        return
    codes = pd.factorize(log.events["event_type"])[0]
    before = log.day >= 7
    n_before = np.bincount(codes[before], minlength=codes.max(initial=0) + 1)
    spans: tuple[tuple[Span, int], ...] = ((WEEK, 7), (DAY, 1))
    for column in (*_optional("events"), ATTRIBUTES):
        filled = log.events[column].notna().to_numpy()
        values = np.bincount(codes[before & filled], minlength=len(n_before))
        shares = values / np.maximum(n_before, 1)
        shares[shares < _OFTEN_FILLED["events"]] = 0.0
        for span, days in spans:
            rows = log.day < days
            expected = float(shares[codes[rows]].sum())
            found = int(np.count_nonzero(filled[rows] & (shares[codes[rows]] > 0.0)))
            if expected >= _LEAST_VALUES["events"] and found < _EMPTY_SHARE * expected:
                yield _emptied("events", column, f"{found:,} values in {span}", expected)
                break


def check_attributes(dataset: Dataset, until: datetime) -> Iterator[Finding]:
    """Look for columns that emptied in the contents of the last week, or in an update of people."""
    contents = dataset["contents"]
    age = until - contents["published_at"]
    new = contents[(age > timedelta(0)) & (age <= timedelta(days=7))]
    old = contents[(age > timedelta(days=7)) & (age <= timedelta(weeks=WEEKS_BACK + 1))]
    for column in _optional("contents"):
        share = float(old[column].notna().mean()) if len(old) else 0.0
        expected = share * len(new) if share >= _OFTEN_FILLED["contents"] else 0.0
        found = int(new[column].notna().sum())
        if expected >= _LEAST_VALUES["contents"] and found < _EMPTY_SHARE * expected:
            cause = f"{found} values in the contents of the last 7 days"
            yield _emptied("contents", column, cause, expected)
    people = dataset["employees"]
    if people["employee_id"].is_unique:
        return
    people = people.sort_values("valid_from", kind="stable", na_position="first")
    by_person = people.groupby("employee_id", sort=False)
    last, filled = by_person.nth(-1).set_index("employee_id"), by_person.count()
    for column in _optional("employees"):
        if column in _COME_AND_GO:
            continue
        had = filled.index[filled[column] > 0]
        lost = int(last.loc[had, column].isna().sum())
        # A version in which the value is missing, after one in which it was there.
        if lost >= max(_LEAST_VALUES["employees"], _OFTEN_FILLED["employees"] * len(had)):
            cause = f"none left for {lost:,} people"
            yield _emptied("employees", column, cause, float(len(had)))


def check_news(log: RecentLog) -> Iterator[Finding]:
    """Tell event types, surfaces and columns that never occurred before the last week."""
    if not log.is_comparable:
        return
    new = log.last_week
    for column, word in (("event_type", "event type"), ("surface", "surface")):
        counts = log.events[column][new].value_counts()
        known = set(log.events[column][~new].dropna().unique())
        for value in sorted(v for v in counts.index if v not in known):
            if counts[value] >= _LEAST_NEW:
                yield _news(f"the {word} {value} is new: {counts[value]:,} events")
    for column in (*_optional("events"), ATTRIBUTES):
        filled = log.events[column].notna().to_numpy()
        if not filled[~new].any() and np.count_nonzero(filled[new]) >= _LEAST_NEW:
            yield _news(f"the column {column} of events has values for the first time")


def check_rejects(dataset: Dataset, n_rejected: int) -> Iterator[Finding]:
    """Tell where rows were refused that cannot be read: values or columns changed their meaning."""
    share = n_rejected / max(1, n_rejected + sum(len(dataset[name]) for name in TABLES))
    if share < _SOME_REJECTED:
        return
    effect: Effect = "stop" if share >= _MOST_REJECTED else "degrade"
    yield Finding(
        "schema", effect, f"{n_rejected:,} rows were refused, {share:.0%} of all",
        f"less than {_SOME_REJECTED:.0%}",
        "`recsys import` with a file of rejects tells what was expected in which line",
    )  # fmt: skip


def _emptied(table: str, column: str, cause: str, expected: float) -> Finding:
    return Finding(
        "schema", "degrade", f"the column {column} of {table} has emptied: {cause}",
        f"about {expected:,.0f}, as before",
        "see whether the export or the portal still sends it; what it tells is not learned "
        "meanwhile",
    )  # fmt: skip


def _news(cause: str) -> Finding:
    return Finding(
        "schema", "inform", cause, "what the weeks before held",
        "nothing has to be done if that was planned",
    )  # fmt: skip


def _optional(table: str) -> tuple[str, ...]:
    spec = TABLES[table]
    return tuple(n for n in spec.column_names if n not in (*spec.required_names, "received_at"))
