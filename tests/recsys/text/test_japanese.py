"""Japanese words by Sudachi: the ones that carry a topic, from any text, in any thread."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ModelError
from recsys.text import japanese
from recsys.text.analysis import analysis, best_analyser
from recsys.text.japanese import words
from recsys.text.tokens import MAX_CHARACTERS, terms

_MIXED = st.text(
    st.one_of(st.characters(), st.sampled_from("安全点検のおしらせサーバ々〆𠮷a \0\n"))
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("安全点検についてのお知らせ", ["安全", "点検", "つく", "知る"]),
        ("引越しとサーバの更新", ["引っ越し", "サーバー", "更新"]),
        ("無災害記録は三百日を超えました。", ["災害", "記録", "日", "越える"]),
        ("eラーニングを行ってください", ["ラーニング", "行う"]),
        ("生成AIの活用 with Robots", ["ai", "with", "robots", "生成", "活用"]),
        ("人々", ["人々"]),
        ("メモ。リーダー", ["メモ", "リーダー"]),
        ("ｻｰﾊﾞｰ", ["サーバー"]),
        ("안전 점검", ["안전", "점검"]),
        ("", []),
        ("\0\ud800😀", []),
    ],
)
def test_words_that_carry_a_topic(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(_MIXED)
def test_any_text_has_words(text: str) -> None:
    assert all(words(text))


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs"])))
def test_without_japanese_both_analysers_agree(text: str) -> None:
    folded_in = "々〆〇" + "".join(map(chr, range(0x2E80, 0x3000)))  # radicals fold to characters
    plain = "".join(character for character in text if character not in folded_in)
    assert words(plain) == terms(plain)


@pytest.mark.parametrize("character", ["\U00020bb7", "あ", "安", "ー", "a", "\0", "\ufdfa", "々"])
def test_a_body_of_a_megabyte_has_words(character: str) -> None:
    body = character * 1_000_000
    assert words(body) == words(body[:MAX_CHARACTERS])


def test_threads_do_not_disturb_each_other() -> None:
    texts = [
        f"{subject}の安全点検について{n}" for n in range(200) for subject in ("工場", "社員食堂")
    ]
    expected = [words(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(words, texts)) == expected


def test_without_the_package_new_models_use_pairs_and_old_ones_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert best_analyser() == "sudachi"
    japanese.is_installed.cache_clear()
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "sudachidict_small", raising=False)
        patch.setattr(sys, "path", [])
        assert best_analyser() == "pairs"
        with pytest.raises(ModelError, match=r"install sudachipy and sudachidict_small, or train"):
            analysis("sudachi")
    japanese.is_installed.cache_clear()


def test_an_analyser_of_another_version_is_named() -> None:
    with pytest.raises(ModelError, match="'mecab', this code knows sudachi, pairs"):
        analysis("mecab")
