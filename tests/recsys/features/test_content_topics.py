import numpy as np
import pytest

from recsys.catalogue.contents import ContentTable
from recsys.dataset.validation import frame_of, validate
from recsys.features.content_topics import ContentTopics
from recsys.features.content_vectors import ContentVectors
from recsys.schema import TABLES
from recsys.text.topics import TopicModel
from recsys.text.vectors import TextModel

_TEXTS = {"it": "server network laptop", "safety": "helmet ladder drill"}


@pytest.fixture
def topics() -> ContentTopics:
    rows = [
        {"content_id": f"{topic}{n}", "title": f"{text} {n}", "topics": [topic]}
        for topic, text in _TEXTS.items()
        for n in range(12)
    ]
    rows += [
        {"content_id": "forgotten", "title": "helmet drill"},
        {"content_id": "wrong", "title": "helmet ladder drill", "topics": ["it"]},
        {"content_id": "two", "title": "zzz", "topics": ["it", "safety"]},
        {"content_id": "silent", "title": "zzz"},
    ]
    for row in rows:
        row["published_at"] = "2026-05-01T00:00:00Z"
    contents = ContentTable()
    contents.upsert(validate(TABLES["contents"], frame_of(rows)).frame)
    text = TextModel.fit([contents.texts[i] for i in range(24)], size=4, seed=0)
    vectors = ContentVectors(text, contents)
    labels = [[row["topics"][0]] for row in rows[:24]]
    return ContentTopics(
        TopicModel.fit(vectors.of(np.arange(24, dtype=np.int32)), labels), contents, vectors
    )


def _of(topics: ContentTopics, content_id: str) -> dict[str, float]:
    contents = topics._contents
    row = contents.ids.index(content_id)
    return {
        contents.topics_map.id(t): w
        for t, w in zip(topics.index[row].tolist(), topics.weight[row].tolist(), strict=True)
        if t >= 0
    }


def test_a_forgotten_topic_is_read_from_the_text(topics: ContentTopics) -> None:
    assert _of(topics, "forgotten")["safety"] > 0.8


def test_a_wrong_label_gets_half_a_say(topics: ContentTopics) -> None:
    found = _of(topics, "wrong")
    assert found["it"] == pytest.approx(0.5, abs=0.1)
    assert found["safety"] == pytest.approx(0.5, abs=0.1)


def test_where_the_text_says_nothing_the_labels_do(topics: ContentTopics) -> None:
    assert _of(topics, "two") == {"it": 0.5, "safety": 0.5}
    assert _of(topics, "silent") == {}


def test_weights_sum_to_one(topics: ContentTopics) -> None:
    total = topics.weight.sum(axis=1)
    assert ((np.abs(total - 1) < 1e-9) | (total == 0)).all()
