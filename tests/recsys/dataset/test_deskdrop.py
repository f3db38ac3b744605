"""The original Deskdrop files, beside an independent conversion of them, and a hand-made log."""

from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from recsys.dataset.dataset import Dataset
from recsys.dataset.deskdrop import read_deskdrop
from recsys.dataset.language import guess_language
from recsys.dataset.reading import ReadResult, read_dataset
from recsys.errors import DatasetError

DATA = Path(__file__).parents[3] / "../shared/data/deskdrop"

LOG_HEADER = "timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry"
LOG = f"""{LOG_HEADER}
1465413032,VIEW,-3499919498720038879,-88,s1,,,
1465412560,LIKE,-3499919498720038879,-10,s2,"Mozilla/5.0 (X11; Linux) Chrome/52.0",SP,BR
1465412560,VIEW,7,-10,s2,Android - Native Mobile App,?,BR
1465413032,VIEW,-3499919498720038879,-88,s1,,,
1465413100,COMMENT CREATED,7,-10,s2,"Mozilla/5.0 (iPhone) Mobile/13",MG,BR
1465413200,SHOUT,7,-10,s2,,,
,VIEW,7,-10,s2,,,
"""
TITLES = "row,contentId,title\n0,7,The first title\n1,7,Another title\n2,99,Nobody read this\n"
ARTICLES = """timestamp,eventType,contentId,authorPersonId,authorSessionId,title,text,lang
1465400000,CONTENT REMOVED,7,-1,s,Gone,,en
1465400001,CONTENT SHARED,7,-5,s,Como fazer,"Um
texto",pt
1465400002,CONTENT SHARED,99,-6,s,Nobody read this,,en
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a log of six good and two bad rows, without titles."""
    (tmp_path / "users_interactions.csv").write_text(LOG)
    return tmp_path


def test_a_small_log_by_hand(folder: Path) -> None:
    (folder / "articles_titles.csv").write_text(TITLES)
    result = read_deskdrop(folder)
    events, contents = result.dataset["events"], result.dataset["contents"]
    assert events["event_type"].tolist() == ["like", "open", "open", "open", "comment"]
    assert events["device"].fillna("").tolist() == ["desktop", "app", "", "", "mobile"]
    assert events["event_id"].is_unique, "an exact repeat is an event of its own"
    assert contents["content_id"].tolist() == ["-3499919498720038879", "7"]
    assert contents["title"].tolist() == ["-3499919498720038879", "The first title"]
    assert contents["language"].fillna("").tolist() == ["", "en"]
    assert contents["author_id"].tolist() == ["-10", "-10"]
    assert contents["published_at"].tolist() == 2 * [pd.Timestamp(1465412560, unit="s", tz="UTC")]
    employees = result.dataset["employees"].set_index("employee_id")
    assert employees.loc["-10", "site"] == "MG", "of two equally frequent places the first by name"
    assert employees.loc["-10", "attributes"] == '{"country":"BR"}'
    assert employees.loc["-88"].isna().all()
    assert [(r.file, r.line, r.column, r.value) for r in result.rejects] == [
        ("users_interactions.csv", 7, "eventType", "SHOUT"),
        ("users_interactions.csv", 8, "timestamp", ""),
    ]
    assert result.notes == (
        "1 contents have no title and carry their id instead",
        "1 titles of contents that nobody touched are left out",
    )


def test_shared_articles_know_more_than_titles(folder: Path) -> None:
    (folder / "articles_titles.csv").write_text(TITLES)
    (folder / "shared_articles.csv").write_text(ARTICLES)
    contents = read_deskdrop(folder).dataset["contents"].set_index("content_id")
    assert list(contents.index) == ["7", "99", "-3499919498720038879"]
    shared = contents.loc["7"]
    assert shared["published_at"] == pd.Timestamp(1465400001, unit="s", tz="UTC")
    assert tuple(shared[["title", "body", "language", "author_id"]]) == (
        "Como fazer", "Um\ntexto", "pt", "-5",
    )  # fmt: skip
    assert contents.loc["-3499919498720038879", "author_id"] == "-10"


def test_event_ids_depend_on_the_row_only(folder: Path) -> None:
    (folder / "articles_titles.csv").write_text(TITLES)
    ids = set(read_deskdrop(folder).dataset["events"]["event_id"])
    header, *rows = LOG.splitlines()
    (folder / "users_interactions.csv").write_text("\n".join([header, *reversed(rows)]))
    assert set(read_deskdrop(folder).dataset["events"]["event_id"]) == ids


def test_missing_files_are_named(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"articles_titles.csv is missing; expected users_inter"):
        read_deskdrop(folder)


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("How to build a chatbot", "en"),
        ("Inovação", "pt"),
        ("A nova rede social do Orkut", "pt"),
        ("Kubernetes 1.4", ""),
        ("", ""),
    ],
)
def test_languages(title: str, language: str) -> None:
    assert guess_language(title) == language


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the Deskdrop files are not there")


@pytest.fixture(scope="module")
def original() -> ReadResult:
    return read_deskdrop(DATA / "original")


@pytest.fixture(scope="module")
def canonical() -> Dataset:
    result = read_dataset(DATA / "canonical")
    assert result.rejects == ()
    return result.dataset


@needs_data
def test_every_event_is_that_of_the_independent_conversion(
    original: ReadResult, canonical: Dataset
) -> None:
    assert original.rejects == ()
    assert original.notes == ()
    assert len(canonical["events"]) == 64_054
    assert original.dataset["events"]["event_id"].is_unique
    assert_frame_equal(
        original.dataset["events"].drop(columns="event_id"),
        canonical["events"].drop(columns="event_id"),
    )


@needs_data
def test_the_catalogue_is_that_of_the_independent_conversion(
    original: ReadResult, canonical: Dataset
) -> None:
    assert_frame_equal(original.dataset["employees"], canonical["employees"])
    assert_frame_equal(
        original.dataset["contents"].drop(columns="language"),
        canonical["contents"].drop(columns="language"),
    )


@needs_data
def test_languages_agree_with_an_independent_guess(
    original: ReadResult, canonical: Dataset
) -> None:
    ours = original.dataset["contents"]["language"].fillna("")
    theirs = canonical["contents"]["language"].fillna("")
    assert_series_equal(ours.isin(["pt", "en", ""]), ours.notna())
    # Measured 0.985. What differs is mostly a name or a link read as a word: "Google I/O".
    assert (ours == theirs).mean() > 0.98
    assert not ((ours == "en") & (theirs == "pt")).sum() > 3
