from pathlib import Path

import numpy as np
import pytest

from recsys.text.topics import TopicModel

_RNG = np.random.default_rng(0)
_AXES = np.eye(3, 5)


def _texts(n: int) -> tuple["np.ndarray[tuple[int, int], np.dtype[np.float32]]", list[list[str]]]:
    """Vectors around one axis for each of three topics, and their labels."""
    about = np.arange(n) % 3
    vectors = _AXES[about] + 0.1 * _RNG.standard_normal((n, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), [[("it", "sales", "safety")[a]] for a in about]


def test_it_finds_the_topics_of_texts_whose_labels_are_missing_or_wrong() -> None:
    vectors, labels = _texts(150)
    noisy = [[] if n % 10 == 0 else ["it"] if n % 10 == 1 else own for n, own in enumerate(labels)]
    model = TopicModel.fit(vectors, noisy)
    found = [model.names[i] for i in model.shares(vectors).argmax(axis=1)]
    assert found == [own[0] for own in labels]


def test_shares_sum_to_one_and_say_nothing_of_texts_without_words() -> None:
    vectors, labels = _texts(60)
    vectors[3] = 0
    shares = TopicModel.fit(vectors, labels).shares(vectors)
    assert shares[3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(np.delete(shares, 3, axis=0).sum(axis=1), 1)


@pytest.mark.parametrize("labels", [[[]] * 30, [["it"]] * 30, [["it"]] * 25 + [["sales"]] * 5])
def test_with_fewer_than_two_topics_there_is_no_model(labels: list[list[str]]) -> None:
    assert TopicModel.fit(_texts(30)[0], labels).names == ()


def test_two_topics_are_told_apart() -> None:
    vectors, labels = _texts(90)
    pairs = [own if own != ["safety"] else [] for own in labels]
    model = TopicModel.fit(vectors, pairs)
    assert model.names == ("it", "sales")
    assert model.shares(vectors)[0].argmax() == 0
    assert model.shares(vectors)[1].argmax() == 1


def test_it_reads_back(tmp_path: Path) -> None:
    vectors, labels = _texts(60)
    model = TopicModel.fit(vectors, labels)
    model.write(tmp_path)
    again = TopicModel.read(tmp_path)
    assert again.names == model.names
    np.testing.assert_array_equal(again.shares(vectors), model.shares(vectors))
