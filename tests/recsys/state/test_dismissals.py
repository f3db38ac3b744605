"""Dismissals survive being packed into one number, in any order of arrival."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from recsys.schema import DISMISS_REASONS, FORMATS, SHARE_REASONS
from recsys.state.dismissals import Dismissals, dismissals_of, pack_dismissals
from recsys.state.live import LiveState
from recsys.state.recent import Recent
from recsys.times import HOUR_US, NO_TIME, to_micros

_AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
_N_CONTENTS = 6
Row = dict[str, Any]


def _catalogue() -> Catalogue:
    """Return contents c0, c1 … with a rendition in each format, but for the last: it has none."""
    catalogue = Catalogue()
    contents = [
        {"content_id": f"c{n}", "title": "t", "published_at": _AT - timedelta(days=3),
         "sensitive": n == 4}
        for n in range(_N_CONTENTS)
    ]  # fmt: skip
    renditions = [
        {"rendition_id": f"c{n}-{form}", "content_id": f"c{n}", "format": form}
        for n in range(_N_CONTENTS - 1) for form in FORMATS
    ]  # fmt: skip
    for table, rows in (("contents", contents), ("renditions", renditions)):
        frame, rejects = checked_rows(table, rows)
        assert not rejects
        catalogue.upsert(table, frame, valid_from=NO_TIME)
    return catalogue


def _encoded(catalogue: Catalogue, rows: Sequence[Row]) -> EventColumns:
    frame, rejects = checked_rows("events", rows)
    assert not rejects, rejects
    return catalogue.encode(frame)


def _told(number: int, content: int, reason: str | None, form: str | None, minutes: int) -> Row:
    return {
        "event_id": f"v{number}", "event_type": "dismiss", "employee_id": "e",
        "content_id": f"c{content}", "reason": reason,
        "rendition_id": f"c{content}-{form}" if form else None,
        "occurred_at": _AT - timedelta(minutes=minutes),
    }  # fmt: skip


def _kept(catalogue: Catalogue, rows: Sequence[Row], width: int = 32) -> Dismissals:
    recent = Recent(width)
    recent.touch(*pack_dismissals(_encoded(catalogue, rows), catalogue))
    return dismissals_of(recent, catalogue.employees.ids.index("e"))


dismissals = st.lists(
    st.tuples(
        st.integers(0, _N_CONTENTS - 2), st.sampled_from([None, *DISMISS_REASONS]),
        st.sampled_from([None, *FORMATS]), st.integers(1, 999),
    ),
    max_size=20, unique_by=lambda told: told[3],
)  # fmt: skip


@settings(max_examples=40)
@given(dismissals)
def test_what_was_told_comes_back_newest_first(
    told: list[tuple[int, str | None, str | None, int]],
) -> None:
    catalogue = _catalogue()
    kept = _kept(catalogue, [_told(n, *one) for n, one in enumerate(told)])
    latest: dict[tuple[int, str | None, str | None], int] = {}
    for content, reason, form, minutes in told:
        key = content, reason, form
        latest[key] = min(minutes, latest.get(key, minutes))
    expected = sorted(latest.items(), key=lambda one: one[1])
    ids = catalogue.contents.ids
    assert [ids.id(c) for c in kept.content.tolist()] == [f"c{key[0]}" for key, _ in expected]
    assert [DISMISS_REASONS[r] if r >= 0 else None for r in kept.reason] == [
        key[1] for key, _ in expected
    ]
    assert [FORMATS[f] if f >= 0 else None for f in kept.form] == [key[2] for key, _ in expected]
    assert kept.at.tolist() == [to_micros(_AT - timedelta(minutes=m)) for _, m in expected]
    for reason in DISMISS_REASONS:
        assert kept.because(reason).tolist() == [key[1] == reason for key, _ in expected]


@settings(max_examples=40)
@given(dismissals, st.randoms(use_true_random=False), st.integers(1, 6))
def test_the_order_of_arrival_does_not_matter(
    told: list[tuple[int, str | None, str | None, int]], shuffle: Any, width: int
) -> None:
    catalogue = _catalogue()
    rows = [_told(n, *one) for n, one in enumerate(told)]
    mixed = list(rows)
    shuffle.shuffle(mixed)
    one, other = _kept(catalogue, rows, width), _kept(catalogue, mixed, width)
    for name in ("content", "reason", "form", "at"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    assert len(one.content) == min(width, len({row[:3] for row in told}))


def test_one_content_dismissed_for_two_reasons_is_two_dismissals() -> None:
    rows = [_told(0, 1, "no_time", None, 9), _told(1, 1, "already_known", None, 5),
            _told(2, 1, "no_time", None, 2)]  # fmt: skip
    kept = _kept(_catalogue(), rows)
    assert [DISMISS_REASONS[r] for r in kept.reason] == ["no_time", "already_known"]
    assert kept.content[0] == kept.content[1]
    assert kept.at[0] == to_micros(_AT - timedelta(minutes=2))


def test_a_content_without_renditions_was_an_article() -> None:
    [form] = _kept(_catalogue(), [_told(0, _N_CONTENTS - 1, None, None, 1)]).form
    assert FORMATS[form] == "article"


def test_other_events_are_no_dismissals() -> None:
    rows = [_told(0, 1, None, None, 1) | {"event_type": kind, "event_id": kind}
            for kind in ("open", "impression", "complete", "like")]  # fmt: skip
    rows.append(rows[0] | {"event_id": "s", "event_type": "share", "reason": "company"})
    assert len(_kept(_catalogue(), rows).content) == 0


@pytest.mark.parametrize("reason", [*SHARE_REASONS, "because"])
def test_a_reason_of_something_else_is_no_reason_to_dismiss(reason: str) -> None:
    """It would not fit into the bits, and spoil the content's number."""
    _, rejects = checked_rows("events", [_told(0, 1, reason, None, 1)])
    assert [reject.column for reject in rejects] == ["reason"]


def test_the_largest_numbers_fit_and_larger_ones_are_left_out() -> None:
    catalogue, most = _catalogue(), 1 << 24
    events = _encoded(catalogue, [_told(n, 0, "wrong_format", "audio", n) for n in (1, 2, 3)])
    events.content[:] = [most - 1, most, most + 5]
    employee, packed, at = pack_dismissals(events, catalogue)
    assert len(employee) == len(packed) == len(at) == 1
    recent = Recent(4)
    recent.touch(employee, packed, at)
    kept = dismissals_of(recent, int(employee[0]))
    assert kept.content.tolist() == [most - 1]
    assert kept.because("wrong_format").tolist() == [True]
    assert [FORMATS[f] for f in kept.form] == ["audio"]


def test_nobody_dismissed_nothing() -> None:
    for employee in (-1, 7):
        kept = dismissals_of(Recent(4), employee)
        assert len(kept.content) == len(kept.reason) == len(kept.form) == len(kept.at) == 0
        assert kept.because("no_time").tolist() == []


def test_the_state_keeps_them_and_forgets_sensitive_ones() -> None:
    catalogue = _catalogue()
    state = LiveState(catalogue, lateness_us=48 * HOUR_US)
    state.observe(
        _encoded(catalogue, [_told(0, 4, "no_time", None, 5), _told(1, 2, None, None, 4)])
    )
    state.advance(to_micros(_AT))
    employee = catalogue.employees.ids.index("e")
    kept = dismissals_of(state.dismissals, employee)
    assert [catalogue.contents.ids.id(c) for c in kept.content.tolist()] == ["c2"]
    restored = LiveState(catalogue, lateness_us=48 * HOUR_US)
    restored.restore(state.arrays())
    again = dismissals_of(restored.dismissals, employee)
    assert np.array_equal(again.content, kept.content)
    assert np.array_equal(again.at, kept.at)
