"""Subject lines."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.commands.mailing import SubjectName
from serving.newsletter.rendering.subjects import SUBJECT_KINDS, Told, choose, subjects
from serving.newsletter.rendering.tidy import one_line, width
from serving.texts import Language, texts

TITLES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(one_line).filter(bool),
    min_size=1, max_size=5,
)  # fmt: skip


def told(*titles: str, is_must_read: bool = False) -> Told:
    return Told(titles, is_must_read, "社内ニュース", "7月3日（金）")


def test_candidates_in_order_of_preference() -> None:
    found = subjects(told("研修", "対談", "工場", is_must_read=True), texts("ja"))
    assert [(s.kind, s.text) for s in found] == [
        ("must_read", "【必読】研修"),
        ("lead_and_more", "研修 ほか2件"),
        ("two", "研修／対談"),
        ("issue", "社内ニュース 7月3日（金）（3件）"),
    ]
    assert [s.kind for s in subjects(told("研修"), texts("ja"))] == ["issue"]


def test_a_wished_kind_is_chosen_where_it_can_be_written() -> None:
    several = subjects(told("研修", "対談"), texts("ja"))
    assert choose(several, "two").text == "研修／対談"
    assert choose(several, "must_read") == several[0]
    assert choose(several, None) == several[0]


@pytest.mark.parametrize("language", get_args(Language))
@given(titles=TITLES, is_must_read=st.booleans())
def test_every_candidate_is_one_short_line(
    language: Language, titles: list[str], is_must_read: bool
) -> None:
    for subject in subjects(told(*titles, is_must_read=is_must_read), texts(language)):
        assert 0 < width(subject.text) <= 60
        assert subject.text == one_line(subject.text)
        assert subject.text[0] not in "=+-@"


def test_long_titles_share_the_line() -> None:
    found = subjects(told("a" * 100, "b" * 100), texts("en"))
    assert choose(found, "two").text == "a" * 27 + "… · " + "b" * 28 + "…"


def test_the_command_knows_every_kind() -> None:
    assert tuple(SubjectName) == SUBJECT_KINDS
