"""The overview: numbers of things as they are, numbers of what people do only of many."""

from datetime import timedelta
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from recsys.audience.audience import Audiences
from recsys.reports.overview import activity, content_counts, segment_sizes
from recsys.schema import EVENT_TYPES
from recsys.segments.groups import CODES
from recsys.segments.segments import Segments
from recsys.store.port import EventCount
from recsys.times import to_micros
from tests.recsys.slate.companies import AT, content, engine_of, people


def test_live_contents_by_type_and_format() -> None:
    contents = [
        content("a", content_type="news"),
        content("b", content_type="news"),
        content("c"),
        content("draft", status="draft", content_type="faq"),
        content("to come", published_at=AT + timedelta(days=1)),
    ]
    renditions = [
        {"rendition_id": f"a-{form}", "content_id": "a", "format": form}
        for form in ("video", "audio")
    ]
    catalogue = engine_of(contents=contents, renditions=renditions).state.catalogue
    counts = content_counts(catalogue, to_micros(AT))
    assert counts.live == 3
    assert counts.by_type == {"news": 2}
    assert counts.by_format == {"video": 1, "article": 2, "audio": 1}
    assert content_counts(engine_of().state.catalogue, to_micros(AT)).by_format == {}


def test_what_few_people_did_has_no_number() -> None:
    found = activity([EventCount("open", 1_234, 10), EventCount("like", 900, 9)])
    assert [count.event_type for count in found] == list(EVENT_TYPES)
    shown = {count.event_type: count.events for count in found}
    assert shown["open"] == 1_230
    assert shown["like"] is shown["rsvp"] is None


_SEGMENTS = ("watcher", "deep_reader", "newcomer")


class _InTurn:
    """Learned segments that employees are in by turns; the last ``n_left_out`` have nobody."""

    names: ClassVar = {code: {"en": code, "ja": code} for code in _SEGMENTS}
    rules = names

    def __init__(self, n_employees: int, n_left_out: int) -> None:
        used = [CODES.index(code) for code in _SEGMENTS[: 3 - n_left_out]]
        self._codes = np.array([used[n % len(used)] for n in range(n_employees)], np.int8)

    def codes(self, at: int) -> npt.NDArray[np.int8]:
        return self._codes


def sizes(n_employees: int, *, left: int = 0, n_left_out: int = 0) -> list[int | None]:
    staff = [
        {**person, "active": n >= left}
        for n, person in enumerate(people(*(f"e{n}" for n in range(n_employees))))
    ]
    catalogue = engine_of(employees=staff).state.catalogue
    segments = cast("Segments", _InTurn(n_employees, n_left_out))
    found = segment_sizes(segments, Audiences(catalogue, segments), catalogue, to_micros(AT))
    return [size.people for size in found]


def test_sizes_of_segments_are_tens_and_nothing_is_told_of_few() -> None:
    assert all(size in {30, 40, 50} for size in sizes(120))
    one, *others = sorted(sizes(120, n_left_out=1), key=lambda size: size is None)
    assert one == 60
    assert others == [None, None]  # that nobody is a newcomer could be computed from the other
    assert sizes(24) == sizes(120, left=100) == sizes(0) == [None, None, None]
