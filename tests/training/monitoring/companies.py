"""Logs written by hand: everybody's habits are alike from week to week, until something breaks."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from recsys.answers import Slate, SlateItem, SlotType
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset, empty_frame
from recsys.schema import TABLES
from recsys.store.slate_log import LoggedSlate
from recsys.times import NO_TIME, to_micros
from training.monitoring.report import Sources
from training.monitoring.served import Served, served_of
from training.monitoring.watched import Watched
from training.monitoring.weeks import Weeks

START = datetime(2026, 1, 5, tzinfo=UTC)
N_WEEKS = 7
PER_WEEK = 25
"""Contents, all published on Monday; those of this week and the last are shown."""
END = START + timedelta(weeks=N_WEEKS)
LAST_WEEK = END - timedelta(weeks=1)

Row = dict[str, object]


def log(people: int = 120, *, seed: int = 0, hours: int = 0) -> pd.DataFrame:
    """Return the events of all weeks; in the last one everything is ``hours`` later."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    is_mobile = rng.random(people) < 0.4
    activity = rng.gamma(4.0, 0.2, people)
    for day in range(7 * N_WEEKS):
        busy = 0.15 if day % 7 >= 5 else 1.0
        for person in np.flatnonzero(rng.random(people) < busy * activity):
            at = START + timedelta(days=day, hours=float(rng.normal(9.0, 1.5)) % 24)
            at += timedelta(hours=hours) if at >= LAST_WEEK else timedelta()
            surface = "mobile" if is_mobile[person] else "portal"
            for slot, content in enumerate(_page(rng, day)):
                shown = {
                    "event_type": "impression", "employee_id": f"p{person}", "occurred_at": at,
                    "content_id": f"c{content}", "surface": surface, "position": slot + 1,
                }  # fmt: skip
                rows.append(shown)
                if rng.random() < 0.4:
                    later = at + timedelta(minutes=slot + 1)
                    rows.append(shown | {"event_type": "open", "occurred_at": later})
    frame = pd.DataFrame([row | {"event_id": f"e{n}"} for n, row in enumerate(rows)])
    kept = frame[frame["occurred_at"] < END]
    return kept.sort_values("occurred_at", kind="stable", ignore_index=True)


def _page(rng: np.random.Generator, day: int) -> list[int]:
    week = day // 7
    first = PER_WEEK * max(week - 1, 0)
    return list((first + rng.choice(PER_WEEK * min(week + 1, 2), 4, replace=False)).tolist())


def dataset(events: pd.DataFrame) -> Dataset:
    """Return events with the contents and the people they are about."""
    frames = {name: empty_frame(table) for name, table in TABLES.items()}
    frames["events"] = checked_rows("events", events)[0]
    frames["contents"] = _rows(
        "contents",
        [
            {
                "content_id": f"c{n}", "title": f"story {n}",
                "published_at": START + timedelta(weeks=n // PER_WEEK),
            }
            for n in range(PER_WEEK * N_WEEKS)
        ],
    )  # fmt: skip
    people = sorted(set(events["employee_id"]))
    frames["employees"] = _rows("employees", [{"employee_id": person} for person in people])
    return Dataset(frames)


def watched(events: pd.DataFrame, until: datetime = END) -> Watched:
    """Return what measures look at."""
    found = dataset(events)
    catalogue = Catalogue()
    for table in ("contents", "employees"):
        catalogue.upsert(table, found[table], valid_from=NO_TIME)
    columns = catalogue.encode(found["events"])
    columns = columns.take(columns.occurred_at < to_micros(until))
    return Watched(catalogue, columns, Weeks.of(to_micros(START), to_micros(until)))


def sources(events: pd.DataFrame, served: Served | None = None, at: datetime = END) -> Sources:
    """Return the sources of a report without a model."""
    return Sources(dataset(events), at, served=served)


Change = Callable[[int, Row], Row]


def slates(
    events: pd.DataFrame, *, score: Callable[[datetime], float] = lambda _: 0.2,
    kind: Callable[[datetime, int], SlotType] = lambda _, n: "explore" if n == 3 else "personal",
    model: Callable[[datetime], str] = lambda _: "m1",
    reason: Callable[[datetime], str | None] = lambda _: None,
    employee: Callable[[datetime, str], str] = lambda _, name: name,
) -> Served:  # fmt: skip
    """Return the feeds behind the impressions of a log, and mark these as answers to them."""
    visits = events[events["event_type"] == "impression"].groupby(["employee_id", "occurred_at"])
    logged: list[LoggedSlate] = []
    names: dict[tuple[object, ...], str] = {}
    for n, (key, shown) in enumerate(visits):
        person = key[0]
        moment: datetime = shown["occurred_at"].iloc[0].to_pydatetime()
        items = tuple(
            SlateItem(
                content, "", "article", place + 1, score(moment) * (1.5 - place / 4),
                kind(moment, place), 0.5, 1.0,
            )
            for place, content in enumerate(shown["content_id"])
        )  # fmt: skip
        whole = Slate(f"r{n}", model(moment), "1", reason(moment), items)  # type: ignore[arg-type]  # any reason
        logged.append(LoggedSlate(employee(moment, str(person)), "portal", moment, whole))
        names |= {(person, content, moment.date()): f"r{n}" for content in shown["content_id"]}
    asked = [
        names.get((e, c, t.date()))
        for e, c, t in zip(
            events["employee_id"], events["content_id"], events["occurred_at"], strict=True
        )
    ]
    return served_of(logged, events.assign(request_id=pd.Series(asked, events.index, dtype=object)))


def _rows(table: str, rows: Sequence[Row]) -> pd.DataFrame:
    frame, rejects = checked_rows(table, list(rows))
    assert not rejects
    return frame
