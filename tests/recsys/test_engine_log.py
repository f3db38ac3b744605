"""What an engine makes of its log: counting, repeats, order, lateness, time, restarts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.answers import ObserveReport, Ranked
from recsys.engine import _MOST_PARTS, Engine
from recsys.errors import ConfigurationError, TimeTravelError
from recsys.state.decayed import DecayedCounts
from recsys.state.pair_counts import PairCounts

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_PEOPLE = ("e00", "e01", "e17", "e44", "nobody")
Row = dict[str, Any]


def _rankings(engine: Engine, at: datetime) -> dict[str, list[Ranked]]:
    return {person: engine.rank(person, at, k=None) for person in _PEOPLE}


def _same(one: Mapping[str, Sequence[Ranked]], other: Mapping[str, Sequence[Ranked]]) -> None:
    for person in one:
        assert [r.content_id for r in one[person]] == [r.content_id for r in other[person]]
        scores = [r.score for r in other[person]]
        assert [r.score for r in one[person]] == pytest.approx(scores, rel=1e-9)


def _event(n: int, at: datetime, **more: Any) -> Row:  # any column
    row: Row = {"event_id": f"x{n}", "event_type": "open", "employee_id": "e01",
                "occurred_at": at, "content_id": "c40"}  # fmt: skip
    return row | more


def _counts(report: ObserveReport) -> tuple[int, int, int, int, int]:
    return report.applied, report.duplicate, report.late, report.pending, report.rejected


def test_every_event_is_counted_once_in_the_report(company: "Company") -> None:
    engine, until = company.engine(), company.until
    past = until - timedelta(hours=1)
    report = engine.observe(
        [
            _event(1, past),
            _event(1, past),
            _event(2, until - timedelta(hours=49)),
            _event(3, until + timedelta(hours=1)),
            _event(4, past, content_id="not yet"),
            _event(5, past, event_type="opened"),
            _event(6, past, event_type="search", content_id=None),
            _event(7, until),
        ]
    )
    assert _counts(report) == (2, 1, 1, 3, 1)
    assert (report.rejects[0].index, report.rejects[0].column) == (5, "event_type")
    assert report.rejects[0].value == "opened"
    assert _counts(engine.observe([])) == (0, 0, 0, 0, 0)
    assert _counts(engine.observe([_event(n, past) for n in (1, 2, 3, 4)])) == (0, 4, 0, 0, 0)


def test_bad_rows_of_every_kind_are_reported_and_the_others_count(company: "Company") -> None:
    past = company.until - timedelta(hours=1)
    rows = [
        _event(1, past, occurred_at="2026-03-10T12:00:00"),
        _event(2, past, occurred_at="tomorrow"),
        {"event_id": "x3"},
        _event(4, past, event_id=None),
        _event(5, past, content_id=""),
        _event(6, past, progress_share=1.5),
        _event(7, past, reason="because", event_type="dismiss"),
        _event(8, past),
    ]
    report = company.engine().observe(rows)
    assert _counts(report) == (1, 0, 0, 0, 7)
    assert [r.index for r in report.rejects] == list(range(7))
    assert all(r.expected for r in report.rejects)


@settings(max_examples=12)
@given(data=st.data())
def test_order_and_repeats_change_nothing(company: "Company", data: st.DataObject) -> None:
    """Within the lateness window, in any batches, some events twice."""
    first_day = [e for e in company.later if e["occurred_at"] < company.until + timedelta(days=1)]
    at = company.until + timedelta(days=1, hours=3)
    in_order = company.engine()
    in_order.observe(first_day)
    again = data.draw(st.lists(st.sampled_from(first_day), max_size=20))
    mixed = data.draw(st.permutations([*first_day, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(mixed)), max_size=3)))
    moments = [company.until + timedelta(hours=8 * n) for n in range(1, len(cuts) + 1)]
    other = company.engine()
    for (start, end), moment in zip(pairwise([0, *cuts]), moments, strict=True):
        other.observe(mixed[start:end])
        other.rank("e05", moment)
    other.observe(mixed[cuts[-1] if cuts else 0 :])
    _same(_rankings(in_order, at), _rankings(other, at))


@pytest.mark.parametrize("reversed_one", ["c43", "c44"])
def test_the_order_does_not_matter_without_a_ranker_either(
    company: "Company", reversed_one: str
) -> None:
    """Popularity: contents with the same readers at the same times stay a tie."""
    until = company.until
    people = [f"e{n:02}" for n in range(30)]
    rows = [
        _event(2 * n + side, until + timedelta(minutes=37 * n), employee_id=person,
               content_id=("c44", "c43")[side])
        for n, person in enumerate(people) for side in (0, 1)
    ]  # fmt: skip
    at = until + timedelta(hours=30)
    in_order = _without_ranker(company.engine())
    in_order.observe(rows)
    mixed = _without_ranker(company.engine())
    mixed.rank("e50", at - timedelta(hours=1))
    for row in [r for r in rows if r["content_id"] == reversed_one][::-1]:
        mixed.observe([row])
    mixed.observe([r for r in rows if r["content_id"] != reversed_one])
    _same(_rankings(in_order, at), _rankings(mixed, at))
    order = [r.content_id for r in in_order.rank("e55", at, k=None)]
    assert order.index("c43") == order.index("c44") + 1  # the newer one first


def _without_ranker(engine: Engine) -> Engine:
    return Engine(replace(engine.model, ranker=None), engine.state, [engine.log])


@settings(max_examples=6)
@given(hours=st.integers(0, 100))
def test_a_restart_at_any_moment_changes_nothing(
    company: "Company", tmp_path_factory: pytest.TempPathFactory, hours: int
) -> None:
    moment, end = company.until + timedelta(hours=hours), company.until + timedelta(hours=110)
    through = company.engine()
    stopped = company.engine()
    for engine in (through, stopped):
        engine.observe(company.later[:600])
        engine.observe([_event(1, moment, content_id="later")])
        engine.rank("e03", moment)
    bundle = tmp_path_factory.mktemp("restart") / "bundle"
    stopped.save(bundle)
    resumed = Engine.load(bundle)
    assert resumed.now == through.now
    for engine in (through, resumed):
        engine.observe(company.later[500:])
        engine.upsert_contents([{"content_id": "later", "title": "x", "published_at": moment}])
    _same(_rankings(through, end), _rankings(resumed, end))
    assert through.formats("e01", end) == resumed.formats("e01", end)


def test_time_does_not_run_backwards(company: "Company") -> None:
    engine = company.engine()
    engine.rank("e01", company.until + timedelta(hours=2))
    with pytest.raises(TimeTravelError, match="as_of") as raised:
        engine.rank("e01", company.until + timedelta(hours=1))
    assert "2026-03-17T01:00:00" in str(raised.value)
    assert engine.rank("e01", company.until + timedelta(hours=2))


def test_a_time_without_a_zone_is_refused(company: "Company") -> None:
    naive = datetime(2026, 3, 20)  # noqa: DTZ001  # the point
    with pytest.raises(ConfigurationError, match="zone"):
        company.engine().rank("e01", naive)
    with pytest.raises(ConfigurationError, match="zone"):
        Engine.fit(company.dataset, naive)


def test_as_of_is_the_engine_that_never_went_further(company: "Company") -> None:
    stayed, went = company.engine(), company.engine()
    for engine in (stayed, went):
        engine.observe(company.later)
    at = company.until + timedelta(days=1)
    went.rank("e01", company.until + timedelta(days=4))
    back = went.as_of(at)
    _same(_rankings(stayed, at), _rankings(back, at))
    assert stayed.formats("e17", at) == back.formats("e17", at)
    later = at + timedelta(days=2)
    _same(_rankings(stayed, later), _rankings(back, later))
    went.rank("e01", company.until + timedelta(days=4))  # and the engine itself was left alone


def test_as_of_before_any_event_is_a_company_without_readers(company: "Company") -> None:
    early = company.engine().as_of(datetime(2026, 3, 2, tzinfo=UTC))
    assert [r.content_id for r in early.rank("e01", early.now)] == ["c00"]


def test_an_event_counts_after_its_moment_not_at_it(company: "Company") -> None:
    engine, at = company.engine(), company.until + timedelta(hours=1)
    engine.observe([_event(1, at)])
    assert "c40" in {r.content_id for r in engine.rank("e01", at, k=None)}
    after = at + timedelta(microseconds=1)
    assert "c40" not in {r.content_id for r in engine.rank("e01", after, k=None)}


def test_an_event_counts_once_it_was_received(company: "Company") -> None:
    engine, at = company.engine(), company.until + timedelta(hours=1)
    engine.observe([_event(1, at, received_at=at + timedelta(hours=5))])
    before, after = at + timedelta(hours=5), at + timedelta(hours=5, microseconds=1)
    assert "c40" in {r.content_id for r in engine.rank("e01", before, k=None)}
    assert "c40" not in {r.content_id for r in engine.rank("e01", after, k=None)}


def test_events_of_an_unknown_content_wait_for_it(company: "Company") -> None:
    until = company.until
    story = {"content_id": "new", "title": "New robots", "topics": ["safety"], "author_id": "a1",
             "published_at": until - timedelta(hours=1)}  # fmt: skip
    forms = [{"rendition_id": f"new-{form}", "content_id": "new", "format": form, **length}
             for form, length in (("video", {"duration_seconds": 10}), ("audio", {}))]  # fmt: skip
    reads = [
        _event(n, until + timedelta(minutes=n), employee_id=f"e{n:02}", content_id="new",
               rendition_id="new-video", event_type="read", dwell_seconds=9)
        for n in range(12)
    ]  # fmt: skip
    at = until + timedelta(hours=2)
    first, parked = company.engine(), company.engine()
    first.upsert_renditions(forms)
    first.upsert_contents([story])
    assert first.observe(reads).pending == 12
    parked.observe(reads)
    parked.rank("e30", until + timedelta(hours=1))
    assert parked.state.n_parked == 12
    parked.upsert_renditions(forms)
    parked.upsert_contents([story])
    assert parked.state.n_parked == 0
    _same(_rankings(first, at), _rankings(parked, at))
    belief = first.formats("e03", at).formats["video"]
    assert parked.formats("e03", at).formats["video"] == belief
    assert (
        belief.n_effective
        == company.engine().formats("e03", until).formats["video"].n_effective + 1
    )


def test_a_first_contact_that_arrives_late_leaves_the_counters_of_the_right_order(
    company: "Company",
) -> None:
    rows = [_event(n, company.until + timedelta(hours=n)) for n in (1, 2, 3)]
    at = company.until + timedelta(hours=4)
    states = []
    for order in (rows, rows[::-1]):
        engine = company.engine()
        engine.rank("e01", at)
        for row in order:
            assert engine.observe([row]).applied == 1
        engine.rank("e01", at + timedelta(hours=1))
        states.append(engine.state)
    now = states[0].clock
    others = dict(states[1].counters.tables())
    for name, table in states[0].counters.tables():
        mine, theirs = _values(table, now), _values(others[name], now)
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


def _values(counter: DecayedCounts | PairCounts, now: int) -> npt.NDArray[np.float64]:
    if isinstance(counter, DecayedCounts):
        return counter.read(np.arange(len(counter.table.at), dtype=np.int64), now)
    arrays, half_lives = counter.arrays(), counter.table.half_lives
    order = np.argsort(arrays["keys"])
    relation = (arrays["keys"].view(np.uint64) >> np.uint64(58)).astype(np.int64)
    elapsed = (now - arrays["at"].view(np.int64))[:, None] / half_lives[relation]
    return np.asarray((arrays["values"] * np.exp2(-elapsed))[order], np.float64)


def test_nothing_missing_and_absent_are_the_same(company: "Company") -> None:
    optional = ("rendition_id", "dwell_seconds", "progress_share", "position", "received_at",
                "surface", "value", "reason", "propensity")  # fmt: skip
    past = company.until - timedelta(minutes=5)
    fills: list[Row] = [{}, *(dict.fromkeys(optional, absent) for absent in (None, np.nan, pd.NA))]
    engines = [company.engine() for _ in fills]
    for engine, fill in zip(engines, fills, strict=True):
        assert engine.observe([_event(1, past, **fill)]).applied == 1
    states = [engine.state.arrays() for engine in engines]
    for state in states[1:]:
        for name, array in states[0].items():
            np.testing.assert_array_equal(array, state[name])


def test_texts_datetimes_and_frames_are_the_same(company: "Company") -> None:
    rows = company.later[:200]
    tokyo = timezone(timedelta(hours=9))
    texts = [r | {"occurred_at": r["occurred_at"].isoformat()} for r in rows]
    zoned = [r | {"occurred_at": r["occurred_at"].astimezone(tokyo)} for r in rows]
    zulu = [r | {"occurred_at": f"{r['occurred_at']:%Y-%m-%dT%H:%M:%S}Z"} for r in rows]
    engines = [company.engine() for _ in range(6)]
    inputs: list[Any] = [rows, texts, zoned, zulu, pd.DataFrame(rows), pd.DataFrame(texts[::-1])]
    at = company.until + timedelta(days=1)
    rankings = []
    for engine, given_rows in zip(engines, inputs, strict=True):
        assert engine.observe(given_rows).pending == 200
        rankings.append(_rankings(engine, at))
    for ranking in rankings[1:]:
        _same(rankings[0], ranking)


def test_events_without_rows_are_no_events(company: "Company") -> None:
    engine = company.engine()
    columns = ["event_id", "event_type", "employee_id", "occurred_at"]
    nothing: Any
    for nothing in (
        [],
        pd.DataFrame(),
        pd.DataFrame(columns=columns),
        pd.DataFrame(company.later[:0]),
    ):
        assert _counts(engine.observe(nothing)) == (0, 0, 0, 0, 0)


def test_many_small_batches_are_kept_in_few_parts(company: "Company", tmp_path: Path) -> None:
    engine = company.engine()
    for row in company.later[:100]:
        engine.observe([row])
    for n in range(40):
        engine.upsert_contents([{"content_id": f"n{n % 10}", "title": "x",
                                 "published_at": company.until}])  # fmt: skip
    assert len(engine._log) <= _MOST_PARTS
    assert len(engine.log) == len(company.engine().log) + 100
    assert len(engine.state.catalogue._frames["contents"]) < 5
    assert len(engine.state.catalogue.frames()["contents"]) == 72
