"""Related contents: the score by hand, who may see what, and one notice posted twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from recsys.candidates.related import MIN_COMMON_READERS, Related, RelatedContents
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset, empty_frame
from recsys.dataset.validation import frame_of, validate
from recsys.features.content_topics import ContentTopics
from recsys.features.content_vectors import ContentVectors
from recsys.schema import TABLES
from recsys.state.live import LiveState
from recsys.text.duplicates import DuplicateGroups
from recsys.text.topics import TopicModel
from recsys.times import HOUR_US, to_micros

NOW = datetime(2026, 3, 20, tzinfo=UTC)
AT = to_micros(NOW)

VECTORS = {
    "c": (1.0, 0.0), "near": (0.8, 0.6), "far": (0.0, 1.0), "old": (0.8, 0.6),
    "twin": (1.0, 0.0), "copy": (0.99, np.sqrt(1 - 0.99**2)), "against": (-1.0, 0.0),
}  # fmt: skip
TEXTS = {
    "c": "the new robots at the plant are here, come and see", "near": "robots learn to weld",
    "far": "the canteen is closed", "old": "robots of last year",
    "twin": "the new robots at the plant are here, come and see",
    "copy": "the new robots at the plant are here, come and see!",
    "against": "nothing in common",
}  # fmt: skip
TOPICS = {"c": ["a", "b"], "near": ["a"], "old": ["x", "a"]}


class Embedder:
    """Vectors by id."""

    size = 2
    reads = "content_ids"

    def vectors(self, keys: Any, /) -> Any:
        return np.array([VECTORS[key] for key in keys], np.float32).reshape(-1, 2)


def related(events: list[dict[str, Any]], out: tuple[str, ...] = ()) -> RelatedContents:
    contents = [
        {"content_id": name, "title": text, "topics": TOPICS.get(name),
         "published_at": NOW - timedelta(days=28 if name == "old" else 0)}
        for name, text in TEXTS.items()
    ]  # fmt: skip
    log = [{"event_id": str(i), "event_type": "open", "occurred_at": NOW - timedelta(hours=1), **e}
           for i, e in enumerate(events)]  # fmt: skip
    rows = {"contents": contents, "events": log,
            "preferences": [{"employee_id": e, "personalization_opt_out": True} for e in out],
            "employees": [], "renditions": []}  # fmt: skip
    dataset = Dataset(
        {
            name: validate(TABLES[name], frame_of(r)).frame if r else empty_frame(TABLES[name])
            for name, r in rows.items()
        }
    )
    catalogue = Catalogue.of(dataset)
    state = LiveState(catalogue, lateness_us=48 * HOUR_US)
    state.observe(catalogue.encode(dataset["events"]))
    state.advance(AT)
    vectors = ContentVectors(Embedder(), catalogue.contents)  # type: ignore[arg-type]  # a stand-in
    topics = ContentTopics(TopicModel.empty(), catalogue.contents, vectors)
    return RelatedContents(state, vectors, topics, DuplicateGroups(state.catalogue.contents))


def best(found: RelatedContents, k: int = 9, content: str = "c") -> list[Related]:
    contents = found._state.catalogue.contents
    live = contents.live(AT)
    return found.best(contents.ids.index(content), live, AT, k)


def test_the_score_by_hand() -> None:
    found = best(related([]))
    # Equal texts and near copies of the content itself are gone, and so is what shares nothing.
    assert [r.content_id for r in found] == ["near", "old"]
    near, old = found
    assert near.score == pytest.approx(0.5 * 0.8 + 0.25 * 0.5)
    assert old.score == pytest.approx((0.5 + 0.5 * 0.25) * (0.5 * 0.8 + 0.25 * 0.5))
    assert near.reasons == ("same_topic", "similar_text")


def test_common_readers_count_and_are_named_from_ten() -> None:
    for n in (MIN_COMMON_READERS - 1, MIN_COMMON_READERS):
        events = [{"employee_id": f"e{i}", "content_id": c} for i in range(n) for c in ("c", "far")]
        events += [{"employee_id": f"x{i}", "content_id": "far"} for i in range(2 * n)]
        (far,) = [r for r in best(related(events)) if r.content_id == "far"]
        assert far.score == pytest.approx(0.25 * n / np.sqrt(n * 3 * n))
        assert far.reasons == (("read_by_same_readers",) if n >= MIN_COMMON_READERS else ())


def test_readers_who_opted_out_do_not_count() -> None:
    events = [{"employee_id": f"e{i}", "content_id": c} for i in range(12) for c in ("c", "far")]
    out = tuple(f"e{i}" for i in range(12))
    assert "far" not in {r.content_id for r in best(related(events, out))}


def test_a_second_posting_on_the_list_is_left_out() -> None:
    found = related([])
    ids = [r.content_id for r in best(found, content="near")]
    assert len({"c", "twin", "copy"} & set(ids)) == 1
    assert best(found, 0) == []
    assert found.best(0, np.zeros(0, np.int32), AT, 5) == []
