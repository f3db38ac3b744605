"""CI&T Deskdrop, a public log of an intranet, from its original files.

``users_interactions.csv`` is the log. ``shared_articles.csv`` knows who published what and when;
where it is absent, ``articles_titles.csv`` has the titles, and a content counts as published by
whoever touched it first, at that moment.
"""

import hashlib
from pathlib import Path

import pandas as pd

from recsys.dataset.dataset import ATTRIBUTES, Dataset
from recsys.dataset.language import guess_language
from recsys.dataset.locating import FileReject
from recsys.dataset.reading import ReadResult, iter_checked
from recsys.dataset.sources import Source, check_encoding, check_source
from recsys.dataset.validation import validate
from recsys.errors import DatasetError
from recsys.schema import TABLES, Column, Kind, Table

__all__ = ["read_deskdrop"]

_EVENT_TYPES = {
    "VIEW": "open",
    "LIKE": "like",
    "BOOKMARK": "bookmark",
    "COMMENT CREATED": "comment",
    "FOLLOW": "follow",
}
_UNKNOWN_PLACE = "?"

_LATEST_SECONDS = 7_258_118_399.0  # the end of 2199; later stamps would be milliseconds


def _seconds(name: str, *, required: bool) -> Column:
    return Column(name, Kind.INTEGER, required=required, minimum=0.0, maximum=_LATEST_SECONDS)


_INTERACTIONS = Table(
    "users_interactions",
    (
        _seconds("timestamp", required=True),
        Column("eventType", required=True, choices=tuple(_EVENT_TYPES)),
        Column("contentId", Kind.ID, required=True),
        Column("personId", Kind.ID, required=True),
        Column("sessionId", Kind.ID),
        Column("userAgent"),
        Column("userRegion"),
        Column("userCountry"),
    ),
    key=(),
)

_ARTICLES = Table(
    "shared_articles",
    (
        _seconds("timestamp", required=True),
        Column("eventType", required=True),
        Column("contentId", Kind.ID, required=True),
        Column("authorPersonId", Kind.ID),
        Column("title"),
        Column("text"),
        Column("lang"),
    ),
    key=(),
)

_TITLES = Table(
    "articles_titles",
    (Column("contentId", Kind.ID, required=True), Column("title", required=True)),
    key=(),
)


def read_deskdrop(directory: Path | str, *, encoding: str = "utf-8") -> ReadResult:
    """Read the original Deskdrop files as a canonical data set.

    ``event_id`` is a hash of a row and the number of equal rows before it: exact repeats of the
    log are kept, and reading the same file again gives the same ids. ``site`` and the attribute
    ``country`` are the most frequent ones of an employee, on ties the first in the alphabet.
    Contents without a title carry their id instead, titles without any event have no time and are
    left out; ``notes`` counts both.

    Raises :class:`recsys.errors.DatasetError` where a file is missing or cannot be used.
    """
    folder, encoding = Path(directory), check_encoding(encoding)
    log, rejects = _read(folder, _INTERACTIONS, encoding)
    has_articles = (folder / "shared_articles.csv").is_file()
    articles, bad_articles = _read(folder, _ARTICLES if has_articles else _TITLES, encoding)
    log["at"] = _instants(log["timestamp"])
    in_order = log.sort_values("at", kind="stable", ignore_index=True)
    contents = _contents(in_order, _shared(articles) if has_articles else _titled(articles))
    contents, notes = _fill_gaps(contents)
    raw = {"employees": _employees(in_order), "contents": contents, "events": _events(in_order)}
    frames = {name: validate(TABLES[name], frame).frame for name, frame in raw.items()}
    return ReadResult(Dataset(frames), rejects + bad_articles, notes)


def _fill_gaps(contents: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    untitled, undated = contents["title"].isna(), contents["published_at"].isna()
    contents["title"] = contents["title"].astype("str").fillna(contents["content_id"])
    notes = []
    if untitled.any():
        notes.append(f"{untitled.sum()} contents have no title and carry their id instead")
    if undated.any():
        notes.append(f"{undated.sum()} titles of contents that nobody touched are left out")
    return contents[~undated].reset_index(drop=True), tuple(notes)


def _read(folder: Path, table: Table, encoding: str) -> tuple[pd.DataFrame, tuple[FileReject, ...]]:
    path = folder / f"{table.name}.csv"
    if not path.is_file():
        raise DatasetError(
            f"{path} is missing; expected users_interactions.csv together with "
            "shared_articles.csv or articles_titles.csv"
        )
    source = Source(table, path, encoding)
    check_source(source)
    chunks = list(iter_checked(source))
    rejects = tuple(reject for chunk in chunks for reject in chunk.rejects)
    return pd.concat([chunk.frame for chunk in chunks], ignore_index=True), rejects


def _instants(seconds: "pd.Series[int]") -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(seconds.astype("int64"), unit="s", utc=True).astype("datetime64[us, UTC]")


def _employees(in_order: pd.DataFrame) -> pd.DataFrame:
    employees = in_order[["personId"]].drop_duplicates()
    return pd.DataFrame(
        {
            "employee_id": employees["personId"],
            "site": employees["personId"].map(_most_frequent(in_order, "userRegion")),
            "country": employees["personId"].map(_most_frequent(in_order, "userCountry")),
        }
    )


def _most_frequent(log: pd.DataFrame, column: str) -> "pd.Series[str]":
    known = log[log[column].notna() & (log[column] != _UNKNOWN_PLACE)]
    counts = known.groupby(["personId", column]).size().rename("n").reset_index()
    ranked = counts.sort_values(["personId", "n", column], ascending=[True, False, True])
    return ranked.drop_duplicates("personId").set_index("personId")[column]


def _contents(in_order: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Return one row per content; what ``articles`` does not know comes from the first touch."""
    touched = in_order.drop_duplicates("contentId").set_index("contentId")
    first_touch = pd.DataFrame({"published_at": touched["at"], "author_id": touched["personId"]})
    first_touch.index.name = "content_id"
    articles = articles.set_index("content_id")
    in_touch_order = first_touch.index.append(articles.index.difference(first_touch.index))
    contents = articles.combine_first(first_touch).loc[in_touch_order].reset_index()
    contents["published_at"] = contents["published_at"].astype("datetime64[us, UTC]")
    return contents.sort_values("published_at", kind="stable", ignore_index=True)


def _shared(articles: pd.DataFrame) -> pd.DataFrame:
    shared = articles[articles["eventType"] == "CONTENT SHARED"].drop_duplicates("contentId")
    return pd.DataFrame(
        {
            "content_id": shared["contentId"],
            "title": shared["title"],
            "published_at": _instants(shared["timestamp"]),
            "body": shared["text"],
            "language": shared["lang"],
            "author_id": shared["authorPersonId"],
            ATTRIBUTES: shared[ATTRIBUTES],
        }
    )


def _titled(titles: pd.DataFrame) -> pd.DataFrame:
    first = titles.dropna(subset="title").drop_duplicates("contentId")
    return pd.DataFrame(
        {
            "content_id": first["contentId"],
            "title": first["title"],
            "language": first["title"].map(guess_language),
        }
    )


def _events(in_order: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": _event_ids(in_order),
            "event_type": in_order["eventType"].map(_EVENT_TYPES),
            "employee_id": in_order["personId"],
            "occurred_at": in_order["at"],
            "content_id": in_order["contentId"],
            "device": _devices(in_order["userAgent"]),
            "session_id": in_order["sessionId"],
        }
    )


def _event_ids(log: pd.DataFrame) -> "pd.Series[str]":
    columns = list(_INTERACTIONS.column_names)
    repeat = log.groupby(columns, dropna=False, sort=False).cumcount()
    parts = [log[column].astype("str").fillna("") for column in columns]
    rows = zip(*parts, repeat.astype("str"), strict=True)
    digests = [hashlib.blake2b("\x1f".join(row).encode(), digest_size=12) for row in rows]
    return pd.Series(
        [f"dd-{digest.hexdigest()}" for digest in digests], index=log.index, dtype="str"
    )


def _devices(user_agents: "pd.Series[str]") -> "pd.Series[str]":
    devices = user_agents.where(user_agents.isna(), "desktop")
    devices = devices.mask(user_agents.str.contains("Mobi|Android|iPad|Tablet", na=False), "mobile")
    return devices.mask(user_agents.str.contains("Native Mobile App", na=False), "app")
