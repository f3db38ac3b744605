import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.text.analysis import parts
from recsys.text.tokens import MAX_CHARACTERS, fold, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Robots at the PLANT, v2!", ["robots", "at", "the", "plant", "v2"]),
        ("Segurança é trabalho", ["segurança", "trabalho"]),
        ("安全第一", ["安全", "全第", "第一"]),
        ("ＡＢＣ ｱｲｳ", ["abc", "アイ", "イウ"]),
        ("AI活用", ["ai", "活用"]),
        ("社", ["社"]),
        ("人々", ["人々"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
        ("\0 \ud800 …", []),
    ],
)
def test_terms_of_three_languages(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@given(st.text())
def test_terms_are_never_empty_and_of_folded_case(text: str) -> None:
    for term in terms(text):
        assert term
        assert term == term.lower()


@given(st.text(max_size=20).map(lambda text: text * (2 * MAX_CHARACTERS)))
def test_a_long_text_counts_by_its_beginning(text: str) -> None:
    assert len(fold(text)) <= MAX_CHARACTERS
    assert fold(text) == fold(text[:MAX_CHARACTERS])


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("robot", ["robot", "#<rob", "#robo", "#obot", "#bot>"]),
        ("ação", ["ação", "#<açã", "#ação", "#ção>"]),
        ("the", ["the"]),
        ("再生可能", ["再生可能"]),
        ("𠮷野家前", ["𠮷野家前"]),
        ("", [""]),
    ],
)
def test_parts_of_a_word(word: str, expected: list[str]) -> None:
    assert parts(word) == expected
