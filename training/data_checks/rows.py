"""Rows of the last week that are not what they claim: unknown ids, repeats, robots."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from recsys.dataset.dataset import Dataset
from training.data_checks.findings import Effect, Finding
from training.data_checks.recent import RecentLog

__all__ = ["check_bursts", "check_duplicates", "check_ids"]

_SOME_SHARE, _MOST_SHARE = 0.05, 0.5
"""Unknown ids: below a twentieth, deleted pages and guests; from half on, a table is missing."""

_FEW_REPEATS, _MANY_REPEATS = 0.02, 0.2
"""Repeats: a click counted twice now and then; from a fifth on, something was sent twice. On the
one real log known here it is 3.6 %."""

_INHUMAN = {"minute": 30, "hour": 200}
"""Contents one person cannot interact with: one every two seconds for a minute, or one every
eighteen seconds for an hour. The most on the real log known here is 25 and 32."""

_FEW_OF_ALL, _MANY_OF_ALL = 0.01, 0.25
"""Share of the interactions: below, nothing that is learned changes; above, robots are learned."""


def check_ids(log: RecentLog, dataset: Dataset) -> Iterator[Finding]:
    """Count events of employees and contents that are in no table.

    Events of unknown employees count as those of people nothing is known about, so they never stop
    a training; those of unknown contents cannot be learned from.
    """
    events = log.events[log.last_week]
    about = events[events["content_id"].notna()]
    if not dataset["employees"].empty:
        unknown = ~events["employee_id"].isin(dataset["employees"]["employee_id"])
        yield from _unknown("employees", unknown, "degrade")
    unknown = ~about["content_id"].isin(dataset["contents"]["content_id"])
    yield from _unknown("contents", unknown, "stop")


def _unknown(table: str, unknown: "pd.Series[bool]", worst: Effect) -> Iterator[Finding]:
    share = float(unknown.mean()) if len(unknown) else 0.0
    if share < _SOME_SHARE:
        return
    yield Finding(
        "unknown ids", worst if share >= _MOST_SHARE else "degrade",
        f"{share:.0%} of the events of the last 7 days are of {table} that are not in the "
        f"table {table}",
        f"less than {_SOME_SHARE:.0%}", f"import the {table} again, and see whether its ids are "
        "those that the portal sends",
    )  # fmt: skip


def check_duplicates(log: RecentLog) -> Iterator[Finding]:
    """Count events that repeat employee, content, type and second under another event id.

    A repeated event id is no trouble: the first one counts.
    """
    events = log.events[log.last_week & log.events["content_id"].notna().to_numpy()]
    events = events[~events["event_id"].duplicated()]
    if events.empty:
        return
    same = events[["employee_id", "content_id", "event_type"]].assign(
        second=events["occurred_at"].dt.floor("s")
    )
    share = float(same.duplicated().mean())
    if share < _FEW_REPEATS:
        return
    yield Finding(
        "duplicates", "stop" if share >= _MANY_REPEATS else "degrade",
        f"{share:.0%} of the events of the last 7 days repeat another one of the same employee, "
        "content, type and second under a new id",
        f"less than {_FEW_REPEATS:.0%}", "give an event its id where it happens, so that what is "
        "sent twice is stored once",
    )  # fmt: skip


def check_bursts(log: RecentLog) -> Iterator[Finding]:
    """Count people who interact with more contents in a minute or an hour than anybody can."""
    rows = log.last_week & log.is_interaction & log.events["content_id"].notna().to_numpy()
    events = log.events[rows]
    robots: set[str] = set()
    for unit, most in _INHUMAN.items():
        clock = events["occurred_at"].dt.floor("min" if unit == "minute" else "h")
        once = pd.DataFrame(
            {"employee": events["employee_id"], "clock": clock, "content": events["content_id"]}
        ).drop_duplicates()
        many = once.groupby(["employee", "clock"], observed=True).size()
        robots |= set(many[many > most].index.get_level_values("employee"))
    if not robots:
        return
    theirs = int(np.count_nonzero(events["employee_id"].isin(robots)))
    share = theirs / len(events)
    effect: Effect = "inform" if share < _FEW_OF_ALL else "degrade"
    yield Finding(
        "bursts", "stop" if share >= _MANY_OF_ALL else effect,
        f"{len(robots)} of those active in the last 7 days went through contents faster than "
        f"people can, {share:.1%} of all interactions are theirs",
        " or ".join(f"at most {most} contents in any {unit}" for unit, most in _INHUMAN.items()),
        "find the crawler, link checker or shared account, and opt it out of personalisation: "
        "then it is not learned from",
    )  # fmt: skip
