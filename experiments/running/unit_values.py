"""What everybody did: one row per employee, one column per metric, zeros included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.running.metric import COMPLETED, MetricSpec
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.schema import INTERACTIONS
from recsys.state.marks import completed
from recsys.times import DAY_US, series_to_micros

__all__ = ["History", "values_of"]

Bools = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """The log as metrics look at it: events in order, each with what is known of its content."""

    events: pd.DataFrame
    """employee_id, at (microseconds), event_type, content_id, surface, reason, dwell_seconds,
    value, is_completed, the content's columns, is_other_department, and author_since: when the
    person first had to do with this author."""

    @classmethod
    def of(cls, dataset: Dataset) -> "History":
        """Return the history of a data set; cost is a pass or two over all events."""
        frame = dataset["events"]
        catalogue = Catalogue.of(dataset)
        columns = catalogue.encode(frame)
        expected = catalogue.renditions.expected_seconds(columns.rendition)
        events = pd.DataFrame(
            {
                "employee_id": frame["employee_id"].astype(str),
                "at": series_to_micros(frame["occurred_at"]),
                "event_type": frame["event_type"].astype(str),
                "content_id": frame["content_id"].fillna("").astype(str),
                "surface": frame["surface"].fillna("").astype(str),
                "reason": frame["reason"].fillna("").astype(str),
                "dwell_seconds": frame["dwell_seconds"].fillna(0.0),
                "value": frame["value"].fillna(0.0),
                "is_completed": completed(columns, expected) & (columns.content >= 0),
            }
        )
        events = events.join(_contents(dataset), on="content_id")
        texts = ["content_type", "campaign_id", "topics", "owner_department", "author"]
        events[texts] = events[texts].fillna("")
        events["is_other_department"] = _is_elsewhere(events, dataset["employees"])
        events["author_since"] = _author_since(events)
        return cls(events)


def values_of(
    history: History, specs: Sequence[MetricSpec], begins: "pd.DataFrame", *,
    window_days: float, until: int,
) -> pd.DataFrame:  # fmt: skip
    """Return a float column per metric, indexed like ``begins``.

    Parameters
    ----------
    begins
        Indexed by employee id; microseconds from which on each counts in the columns ``exposure``
        and ``assignment``, missing for whoever never came so far: they have no value.
    window_days
        Events count for this long from there on.
    until
        Microseconds; nothing later counts, whatever the window.
    """
    window = int(window_days * DAY_US)
    events = history.events[history.events["employee_id"].isin(begins.index)]
    known = events[events["at"] < until]
    columns = {spec.name: _values(known, spec, begins[spec.since], window) for spec in specs}
    return pd.DataFrame(columns, index=begins.index)


def _values(
    events: pd.DataFrame, spec: MetricSpec, begins: "pd.Series[float]", window: int
) -> "pd.Series[float]":
    since: Float = np.asarray(events["employee_id"].map(begins), np.float64)
    at = events["at"].to_numpy()
    with np.errstate(invalid="ignore"):
        is_inside = (at >= since) & (at < since + window)
    found = events[is_inside & _counts(events, spec, since)]
    if spec.kind == "contents":
        found = found.drop_duplicates(["employee_id", "content_id"])
    by_person = found.groupby("employee_id")
    told = by_person.size() if spec.field is None else by_person[spec.field].sum()
    values = told.reindex(begins.index, fill_value=0).astype(float)
    if spec.kind == "any":
        values = (values > 0).astype(float)
    return values.where(begins.notna())


def _counts(events: pd.DataFrame, spec: MetricSpec, since: Float) -> Bools:
    """Return whether each event is one the metric counts, its moment apart."""
    types = [name for name in spec.events if name != COMPLETED]
    is_one = events["event_type"].isin(types)
    if COMPLETED in spec.events:
        is_one |= events["is_completed"]
    for column, wanted in (
        ("content_type", spec.content_types), ("campaign_id", spec.campaigns),
        ("reason", spec.reasons), ("surface", spec.surfaces),
    ):  # fmt: skip
        if wanted:
            is_one &= events[column].isin(wanted)
    if spec.topics:
        is_one &= _has_topic(events["topics"], spec.topics)
    with np.errstate(invalid="ignore"):
        is_new = (events["author"] != "") & (events["author_since"].to_numpy() >= since)
    only = {
        "mandatory": events["mandatory"], "ack_required": events["ack_required"],
        "other_department": events["is_other_department"], "new_author": is_new,
    }  # fmt: skip
    for name in spec.only:
        is_one &= only[name].fillna(False).astype(bool)
    if spec.kind == "contents":
        is_one &= events["content_id"] != ""
    return is_one.to_numpy(dtype=bool)


def _has_topic(topics: "pd.Series[str]", wanted: Iterable[str]) -> "pd.Series[bool]":
    distinct = {text: bool(set(text.split(";")) & set(wanted)) for text in topics.unique()}
    return topics.map(distinct)


def _contents(dataset: Dataset) -> pd.DataFrame:
    contents = dataset["contents"].set_index("content_id")
    text = {name: contents[name].fillna("").astype(str) for name in (
        "content_type", "campaign_id", "topics", "owner_department",
    )}  # fmt: skip
    flags = {
        name: contents[name].fillna(False).astype(bool) for name in ("mandatory", "ack_required")
    }
    return pd.DataFrame(text | flags | {"author": contents["author_id"].fillna("").astype(str)})


def _is_elsewhere(events: pd.DataFrame, employees: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether a content's owner is none of the reader's present departments."""
    latest = employees.drop_duplicates("employee_id", keep="last").set_index("employee_id")
    own = latest["departments"].fillna("") + ";" + latest["department"].fillna("")
    pairs = events[["employee_id", "owner_department"]].fillna("")
    theirs = pairs["employee_id"].map(own).fillna("")
    is_own = [
        f";{owner};" in f";{mine};"
        for owner, mine in zip(pairs["owner_department"], theirs, strict=True)
    ]
    is_known = (pairs["owner_department"] != "") & (theirs != "")
    return is_known & ~pd.Series(is_own, index=events.index, dtype=bool)


def _author_since(events: pd.DataFrame) -> "pd.Series[float]":
    told = events[events["event_type"].isin(INTERACTIONS) & events["author"].fillna("").ne("")]
    first = told.groupby(["employee_id", "author"])["at"].min()
    pairs = pd.MultiIndex.from_frame(events[["employee_id", "author"]])
    return pd.Series(first.reindex(pairs).to_numpy(dtype=np.float64), index=events.index)
