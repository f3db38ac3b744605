import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.text.tokens import terms
from recsys.text.vectors import TextModel

_TEXTS = (
    "robots at the plant", "new robots for the plant", "safety of robots",
    "工場の安全について", "工場の安全と健康", "新しい工場の話",
    "segurança no trabalho", "segurança das pessoas no trabalho", "pessoas e trabalho",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Robots at the PLANT, v2!", ["robots", "at", "the", "plant", "v2"]),
        ("Segurança é trabalho", ["segurança", "trabalho"]),
        ("安全第一", ["安全", "全第", "第一"]),
        ("ＡＢＣ ｱｲｳ", ["abc", "アイ", "イウ"]),
        ("AI活用", ["ai", "活用"]),
        ("社", ["社"]),
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


def test_texts_on_one_thing_are_near_each_other() -> None:
    model = TextModel.fit(_TEXTS, size=4, seed=0)
    vectors = model.vectors(_TEXTS)
    near = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(near), 1, rtol=1e-5)
    for start in (0, 3, 6):
        assert near[start, start + 1] > 0.5
    assert abs(near[0, 3]) < 0.1
    assert abs(near[3, 6]) < 0.1


def test_weights_are_the_formula() -> None:
    """(1 + ln tf) · (1 + ln((1 + n) / (1 + df))), then length 1."""
    texts = ["aa aa bb", "aa bb", "aa"]
    weights = TextModel.fit(texts, size=2, seed=0).weights(["aa aa bb"]).toarray()[0]
    raw = np.array([(1 + np.log(2)) * (1 + np.log(4 / 4)), 1 + np.log(4 / 3)])
    np.testing.assert_allclose(weights, raw / np.linalg.norm(raw))


@pytest.mark.parametrize("texts", [[], [""], ["aa"], ["aa bb", "cc dd"], ["aa", "aa"]])
def test_few_texts_give_short_vectors(texts: list[str]) -> None:
    model = TextModel.fit(texts, size=8, seed=0)
    assert model.vectors(["aa", ""]).shape == (2, model.size)
    assert model.vectors([]).shape == (0, model.size)


def test_a_text_of_unknown_terms_is_zero() -> None:
    model = TextModel.fit(_TEXTS, size=4, seed=0)
    assert not model.vectors(["zzz", ""]).any()
