"""Sends by pair: sums and maxima, whatever the order, and only what was really sent."""

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.engine import Engine
from recsys.times import NO_TIME, to_micros
from tests.recsys.slate.companies import AT, HOUR, Row, aged, effect, engine_of, event, people

_SENDS = st.lists(
    st.tuples(st.sampled_from(["e0", "e1"]), st.sampled_from(["c0", "c1", "c2"]),
              st.integers(3, 40)),
    max_size=20,
)  # fmt: skip


def _engine(events: list[Row]) -> Engine:
    return engine_of(employees=people("e0", "e1"), contents=aged("c0", "c1", "c2"), events=events)


def _sent(sends: list[tuple[str, str, int]]) -> list[Row]:
    return [
        event("newsletter_sent", content, person, occurred_at=AT - hours * HOUR, issue_id=f"i{n}")
        for n, (person, content, hours) in enumerate(sends)
    ]


@given(_SENDS, st.randoms(use_true_random=False))
def test_sends_are_counted_by_pair_in_whatever_order(
    sends: list[tuple[str, str, int]], shuffle: object
) -> None:
    rows = _sent(sends)
    shuffle.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    engine = _engine(rows)
    contents = np.arange(3, dtype=np.int32)
    for person in ("e0", "e1"):
        index = engine.state.catalogue.employees.ids.index(person)
        counts, last = engine.state.mailings.of(index, contents)
        for content, (count, at) in enumerate(zip(counts.tolist(), last.tolist(), strict=True)):
            own = [h for p, c, h in sends if (p, c) == (person, f"c{content}")]
            assert count == len(own)
            assert at == (to_micros(AT - min(own) * HOUR) if own else NO_TIME)


def test_a_mail_tires_like_a_showing_and_leaves_the_content_unseen() -> None:
    once = _engine(_sent([("e0", "c0", 5)]))
    shown = _engine([event("impression", "c0", "e0", occurred_at=AT - 5 * HOUR)])
    assert effect(once, "fatigue", "c0") == effect(shown, "fatigue", "c0") < 1
    assert "c0" in [ranked.content_id for ranked in once.rank("e0", AT)]
    assert effect(once, "fatigue", "c0", "e1") == 1


def test_who_unsubscribed_gets_no_mail_until_they_choose_a_frequency() -> None:
    left = {"event_id": "u", "event_type": "unsubscribe", "employee_id": "e0",
            "occurred_at": AT - HOUR}  # fmt: skip
    engine = _engine([left])
    assert engine.sending("e0", AT).cause == "declined"
    assert engine.sending("e1", AT).is_allowed
    engine.upsert_preferences([{"employee_id": "e0", "newsletter_frequency": "weekly"}])
    assert engine.sending("e0", AT).is_allowed


def test_who_wants_one_a_week_gets_no_second_one() -> None:
    engine = _engine(_sent([("e0", "c0", 48)]))
    assert engine.sending("e0", AT).is_allowed
    engine.upsert_preferences([{"employee_id": "e0", "newsletter_frequency": "Weekly"}])
    held = engine.sending("e0", AT)
    assert held.cause == "own_frequency"
    assert held.allowed_from == AT - 48 * HOUR + timedelta(days=6.5)
    assert engine.sending("e0", held.allowed_from).is_allowed


def test_a_state_without_mailings_is_restored() -> None:
    engine = _engine(_sent([("e0", "c0", 5)]))
    arrays = engine.state.arrays()
    older = {k: a for k, a in arrays.items() if not k.startswith(("mailings/", "unsubscribed/"))}
    for given_arrays, count in ((arrays, 1), (older, 0)):
        fresh = type(engine.state)(engine.state.catalogue, lateness_us=1)
        fresh.restore(given_arrays)
        assert fresh.mailings.of(0, np.zeros(1, np.int32))[0].tolist() == [count]
