"""What is read from the store for a mail."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.store.sql_store import SqlStore
from serving.newsletter.rendering.stories import Stories, web_address
from tests.serving.newsletter.letters import CONTENTS, NOW, PORTAL_URL, put


def test_a_rendition_with_all_it_has(store: SqlStore) -> None:
    film = Stories(store, PORTAL_URL, NOW).find("talk", "talk-film")
    assert film is not None
    assert film.url == "https://portal.example/videos/talk"
    assert film.image_url == "https://media.example/talk.jpg"
    assert (film.duration_seconds, film.has_captions) == (200.0, True)
    assert (film.title, film.text, film.language) == (
        "社長と有識者の対談",
        "これからの五年。",
        "ja",
    )


def test_a_content_without_renditions_is_an_article(store: SqlStore) -> None:
    article = Stories(store, PORTAL_URL, NOW).find("must", "")
    assert article is not None
    assert (article.format, article.url, article.est_minutes) == ("article", "", 15.0)
    assert article.ack_due_at is not None


def test_an_illustration_is_its_own_picture_and_a_summary_has_its_own_text(store: SqlStore) -> None:
    stories = Stories(store, PORTAL_URL, NOW)
    drawn, brief = stories.find("plant", "plant-drawn"), stories.find("contest", "contest-brief")
    assert drawn is not None
    assert brief is not None
    assert (drawn.image_url, drawn.image_alt) == (drawn.url, "朝礼から出荷までの絵")
    assert brief.text.startswith("応募120件")


def test_a_summary_in_another_language_is_not_shown(store: SqlStore) -> None:
    row: dict[str, object] = {
        "rendition_id": "talk-en", "content_id": "talk", "format": "video", "language": "en-GB",
        "title": "A talk",
    }  # fmt: skip
    put(store, "renditions", [row])
    story = Stories(store, PORTAL_URL, NOW).find("talk", "talk-en")
    assert story is not None
    assert (story.title, story.text, story.language) == ("A talk", "", "en-GB")
    put(store, "renditions", [row | {"summary": "The next five years."}])
    story = Stories(store, PORTAL_URL, NOW).find("talk", "talk-en")
    assert story is not None
    assert story.text == "The next five years."


def test_what_is_not_there_or_over_has_no_story(store: SqlStore) -> None:
    ended = (NOW - timedelta(hours=1)).isoformat()
    put(store, "contents", [CONTENTS[1] | {"expires_at": ended}])
    put(store, "contents", [CONTENTS[2] | {"status": "withdrawn"}])
    now, before = Stories(store, PORTAL_URL, NOW), Stories(store, PORTAL_URL, NOW - timedelta(1))
    assert now.find("nothing", "") is now.find("talk", "") is now.find("plant", "") is None
    assert before.find("talk", "") is not None


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "https://", "ftp://a.example/", "//", None, 7, "",
     'https://a.example/"onclick=', "https://a.example/ b", "java\nscript:x", "https://[::1",
     "https://a.example/" + "x" * 2000],
)  # fmt: skip
def test_other_addresses_than_web_addresses_are_none(url: object) -> None:
    assert web_address(url, "") == ""


@given(st.text())
def test_an_address_is_the_webs_or_none(text: str) -> None:
    found = web_address(text, PORTAL_URL)
    assert found == "" or found.startswith(("https://", "http://"))
    assert not set(found) & set("\"'<> \n\r")
