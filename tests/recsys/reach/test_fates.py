"""Everybody of an audience has exactly one fate, whatever the order of events."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.reach.fates import FATES, no_secrets
from tests.recsys.reach.conftest import Row, fates_of, happened, state_of

PEOPLE = (
    "acknowledged", "completed", "watched", "read_on", "opened", "seen", "dismissed", "came",
    "came_before", "mailed", "no_device", "kiosk", "away", "away_read", "other_language", "muted",
    "silent", "out", "out_read", "out_acknowledged",
)  # fmt: skip


def employees() -> list[Row]:
    more: dict[str, Row] = {
        "no_device": {"has_pc": False, "has_mobile": False},
        "kiosk": {"has_pc": False, "has_mobile": False},
        "away": {"leave_from": "2026-03-22", "leave_until": "2026-04-30"},
        "away_read": {"leave_from": "2026-03-22", "leave_until": "2026-04-30"},
    }
    return [{"employee_id": name, **more.get(name, {})} for name in PEOPLE]


def events() -> list[Row]:
    before: Row = {"days": -5.0, "content_id": "old"}
    after: Row = {"content_id": "old"}
    traces = [happened(name, "open", **before) for name in PEOPLE if name != "silent"]
    own = [
        happened("acknowledged", "acknowledge"),
        happened("completed", "open"), happened("completed", "complete"),
        happened("watched", "progress", progress_share=0.9),
        happened("read_on", "read", rendition_id="r", dwell_seconds=42.0),
        happened("opened", "read", rendition_id="r", dwell_seconds=41.9),
        happened("seen", "impression"), happened("dismissed", "dismiss"),
        happened("came", "impression", **after),
        happened("mailed", "newsletter_sent"),
        happened("kiosk", "open", **after),
        happened("away", "impression", **after), happened("away_read", "open"),
        happened("other_language", "open", **after), happened("muted", "open", **after),
        happened("out_read", "complete"), happened("out_acknowledged", "acknowledge"),
    ]  # fmt: skip
    return traces + own


def company(rows: list[Row], **content: Any) -> dict[str, str]:
    preferences: list[Row] = [
        {"employee_id": "other_language", "languages": ["pt"]},
        {"employee_id": "muted", "muted_topics": ["safety"]},
        *({"employee_id": name, "personalization_opt_out": True}
          for name in ("out", "out_read", "out_acknowledged")),
    ]  # fmt: skip
    about = {"content_id": "c", "language": "en", "topics": ["safety"], **content}
    # A minute at 240 words: 0.7 of it is 42 seconds.
    renditions = [{"rendition_id": "r", "content_id": "c", "format": "article", "word_count": 240}]
    return fates_of(state_of(employees(), rows, [about], preferences, renditions))


EXPECTED = {
    "acknowledged": "acknowledged", "completed": "completed", "watched": "completed",
    "read_on": "completed", "opened": "opened", "seen": "seen", "dismissed": "seen",
    "came": "delivered", "came_before": "not_visited", "mailed": "delivered",
    "no_device": "no_device", "kiosk": "delivered", "away": "on_leave", "away_read": "opened",
    "other_language": "language", "muted": "muted", "silent": "unmeasurable",
    "out": "opted_out", "out_read": "opted_out", "out_acknowledged": "opted_out",
}  # fmt: skip


def test_each_fate_by_hand() -> None:
    found = company(events())
    assert found == EXPECTED
    assert set(found.values()) == set(FATES)


def test_of_who_opted_out_only_the_acknowledgement_of_a_must_read_counts() -> None:
    found = company(events(), mandatory=True)
    assert found == EXPECTED | {"out_acknowledged": "acknowledged", "muted": "delivered"}


def test_a_rendition_in_another_language_can_be_read() -> None:
    rendition = {"rendition_id": "pt", "content_id": "c", "format": "article", "language": "pt-BR"}
    state = state_of(
        [{"employee_id": "a"}], [happened("a", "open", content_id="old")],
        [{"content_id": "c", "language": "en"}], [{"employee_id": "a", "languages": ["pt"]}],
        [rendition],
    )  # fmt: skip
    assert fates_of(state) == {"a": "delivered"}


def test_impressions_reach_the_next_day_without_their_visit_being_over() -> None:
    now = happened("a", "impression", days=5 - 1e-4)
    assert fates_of(state_of([{"employee_id": "a"}], [now])) == {"a": "seen"}


logs = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["impression", "open", "complete", "acknowledge", "dismiss", "like"]),
        st.sampled_from(["c", "old"]), st.floats(-8, 4.9),
    ),
    max_size=15,
)  # fmt: skip


@given(logs, st.randoms(use_true_random=False), st.sets(st.integers(0, 5)))
@settings(max_examples=20)
def test_fates_do_not_depend_on_the_order_of_events(
    rows: list[tuple[int, str, str, float]], chance: Any, out: set[int]
) -> None:
    people = [{"employee_id": f"e{i}", "has_pc": i > 1, "has_mobile": i > 0} for i in range(6)]
    preferences = [{"employee_id": f"e{i}", "personalization_opt_out": True} for i in out]
    log = [
        happened(f"e{i}", kind, days=max(days, 0.0) if content == "c" else days,
                 content_id=content)
        for i, kind, content, days in rows
    ]  # fmt: skip
    shuffled = list(log)
    chance.shuffle(shuffled)
    found = fates_of(state_of(people, log, preferences=preferences))
    assert found == fates_of(state_of(people, shuffled, preferences=preferences))
    assert sum(Counter(found.values()).values()) == 6
    done = {(i, kind) for i, kind, content, _ in rows if content == "c"}
    for i in range(6):
        expected = next(
            (fate for kinds, fate in (
                ((), "opted_out") if i in out else (("acknowledge",), "acknowledged"),
                (("complete",), "completed"), (("open", "like"), "opened"),
                (("impression", "dismiss"), "seen"),
            ) if not kinds or any((i, kind) in done for kind in kinds)),
            None,
        )  # fmt: skip
        assert expected in {found[f"e{i}"], None}
        if expected is None:
            assert found[f"e{i}"] in {"delivered", "not_visited", "no_device", "unmeasurable"}


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"topics": ["x"], "language": "en", "ack_required": True}, set()),
        ({"topics": ["x"]}, {"language", "acknowledged"}),
        ({"language": "en", "mandatory": True, "topics": ["x"]}, {"muted", "acknowledged"}),
    ],
)
def test_what_cannot_be_is_no_secret(about: Row, expected: set[str]) -> None:
    catalogue = state_of([], [], [{"content_id": "c", **about}]).catalogue
    found = no_secrets(catalogue, catalogue.contents.ids.index("c"))
    assert found == expected | {"no_device", "on_leave"}
