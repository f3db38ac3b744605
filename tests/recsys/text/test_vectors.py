from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer

from recsys.errors import ModelError
from recsys.text import japanese
from recsys.text.analysis import Analyser, parts
from recsys.text.tokens import terms
from recsys.text.vectors import TextModel

_TEXTS = (
    "robots at the plant", "new robots for the plant", "safety of robots",
    "工場の安全について", "工場の安全と健康", "新しい工場の話",
    "segurança no trabalho", "segurança das pessoas no trabalho", "pessoas e trabalho",
)  # fmt: skip


@pytest.mark.parametrize("analyser", ["sudachi", "pairs"])
def test_texts_on_one_thing_are_near_each_other(analyser: Analyser) -> None:
    model = TextModel.fit(_TEXTS, size=4, seed=0, analyser=analyser)
    vectors = model.vectors(_TEXTS)
    near = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(near), 1, rtol=1e-5)
    for start in (0, 3, 6):
        assert near[start, start + 1] > 0.5
    assert abs(near[0, 3]) < 0.1
    assert abs(near[3, 6]) < 0.1


def test_japanese_words_meet_in_other_spellings() -> None:
    moving, servers = ["引越しの手順", "引っ越しの費用"], ["サーバの更新", "サーバーの停止"]
    other = ["健康診断", "健康保険", "防災訓練", "防災備蓄"]
    model = TextModel.fit([*moving, *servers, *other], size=3, seed=0, analyser="sudachi")
    asked = model.vectors(["引越のお知らせ", "サーバ"])
    np.testing.assert_allclose(model.vectors(moving) @ asked[0], 1, atol=1e-5)
    np.testing.assert_allclose(model.vectors(servers) @ asked[1], 1, atol=1e-5)


def test_weights_are_the_formula() -> None:
    """(1 + ln tf) · ln((1 + n) / (1 + df))², then length 1; "aa" is everywhere and says nothing."""
    model = TextModel.fit(["aa aa bb", "aa bb cc", "aa cc dd", "aa bb bb dd"], size=2, seed=0)
    assert model.vocabulary == ("bb", "cc", "dd")
    raw = np.array([(1 + np.log(2)) * np.log(5 / 4) ** 2, np.log(5 / 3) ** 2, 0])
    weighted = model.weighted(["aa aa bb bb cc"]).toarray()[0]
    np.testing.assert_allclose(weighted, raw / np.linalg.norm(raw))


def test_vectors_are_those_of_scikit_learn() -> None:
    """An independent way: CountVectorizer over all parts, weights by hand, its own projection."""
    texts = [f"{text} {other}" for text in _TEXTS for other in _TEXTS[::2]]
    counter = CountVectorizer(
        analyzer=lambda text: [part for word in terms(text) for part in parts(word)], min_df=2
    )
    counts = counter.fit_transform(texts).toarray().astype(float)
    idf = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0)))
    weighted = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf**2
    weighted /= np.linalg.norm(weighted, axis=1, keepdims=True)
    expected = TruncatedSVD(5, n_iter=20, random_state=1).fit_transform(weighted)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = TextModel.fit(texts, size=5, seed=0, analyser="pairs").vectors(texts)
    np.testing.assert_allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-4)


@pytest.mark.parametrize(
    "texts", [[], [""], ["aa"], ["aa bb", "cc dd"], ["aa", "aa"], ["aaaa"] * 9]
)
def test_few_texts_give_short_vectors(texts: list[str]) -> None:
    model = TextModel.fit(texts, size=8, seed=0)
    assert model.vectors(["aa", ""]).shape == (2, model.size)
    assert model.vectors([]).shape == (0, model.size)


def test_a_text_of_unknown_terms_is_zero() -> None:
    model = TextModel.fit(_TEXTS, size=4, seed=0)
    assert not model.vectors(["zzz", ""]).any()


@given(st.lists(st.sampled_from([*_TEXTS, "新しい robots", "zzz"]), max_size=5))
def test_remembered_vectors_are_the_computed_ones(texts: list[str]) -> None:
    model = TextModel.fit(_TEXTS, size=4, seed=0)
    forgetful = replace(model, remembered=None)
    np.testing.assert_array_equal(model.vectors(texts), forgetful.vectors(texts))


def test_texts_of_fitting_are_not_analysed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = TextModel.fit(_TEXTS, size=4, seed=0)
    monkeypatch.setattr("recsys.text.vectors.word_counts", lambda *_: pytest.fail("analysed again"))
    assert model.vectors(_TEXTS[::-1]).any(axis=1).all()


@pytest.mark.parametrize("texts", [_TEXTS, ()])
def test_a_written_model_reads_back(tmp_path: Path, texts: tuple[str, ...]) -> None:
    model = TextModel.fit(texts, size=4, seed=0)
    model.write(tmp_path)
    read = TextModel.read(tmp_path)
    asked = [*_TEXTS, "新しい安全"]
    assert (read.vocabulary, read.analyser) == (model.vocabulary, "sudachi")
    np.testing.assert_array_equal(read.vectors(asked), model.vectors(asked))


def test_a_model_of_sudachi_is_not_read_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TextModel.fit(_TEXTS, size=4, seed=0, analyser="sudachi").write(tmp_path)
    monkeypatch.setattr(japanese, "is_installed", lambda: False)
    with pytest.raises(ModelError, match="which is not installed here"):
        TextModel.read(tmp_path)
