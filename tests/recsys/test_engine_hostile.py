"""Inputs nobody expects: odd ids, empty companies, long lists, far futures, changed minds."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from recsys.answers import FeedRequest
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.schema import TABLES

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


def _open(n: int, person: str, content: str, at: datetime) -> dict[str, Any]:
    return {"event_id": f"o{n}", "event_type": "open", "employee_id": person,
            "content_id": content, "occurred_at": at}  # fmt: skip


def _dataset(**tables: list[dict[str, Any]]) -> Dataset:
    return Dataset({n: validate(TABLES[n], frame_of(rows)).frame for n, rows in tables.items()})


def test_a_company_without_anything_answers() -> None:
    engine = Engine.fit(Dataset(), _UNTIL)
    assert engine.rank("e", _UNTIL) == []
    assert engine.feed(FeedRequest("e", _UNTIL)).items == ()
    assert engine.formats("e", _UNTIL).formats == {}
    search = {"event_id": "s", "event_type": "search", "employee_id": "e",
              "occurred_at": _UNTIL - _HOUR}  # fmt: skip
    assert engine.observe([search]).applied == 1
    assert engine.observe([_open(1, "e", "c", _UNTIL - _HOUR)]).pending == 1
    assert engine.rank("e", _UNTIL) == []
    assert engine.rendition("e", "c", _UNTIL).format == "article"


def test_a_log_without_any_content_trains() -> None:
    search = {"event_id": "s", "event_type": "search", "employee_id": "e",
              "occurred_at": _UNTIL - _HOUR}  # fmt: skip
    engine = Engine.fit(_dataset(events=[search]), _UNTIL)
    assert engine.rank("e", _UNTIL) == []


def test_a_catalogue_without_events_is_listed_newest_first() -> None:
    contents = [{"content_id": f"c{n}", "title": "x", "published_at": _UNTIL - n // 2 * _HOUR}
                for n in range(6)]  # fmt: skip
    engine = Engine.fit(_dataset(contents=contents[::-1]), _UNTIL)
    assert [r.content_id for r in engine.rank("e", _UNTIL)] == [f"c{n}" for n in range(6)]


@pytest.mark.parametrize(
    "odd",
    ["人事部", "a;b", "a\nb", "x" * 400, "'; DROP TABLE", "\u202eabc", "a\x1fb", "-1", "nan"],
)
def test_odd_ids_are_ids(company: "Company", odd: str) -> None:
    engine, until = company.engine(), company.until
    story = {"content_id": odd, "title": "x", "published_at": until, "author_id": odd}
    assert engine.upsert_contents([story | {"owner_department": odd}]).accepted == 1
    assert engine.upsert_employees([{"employee_id": odd, "department": odd}]).accepted == 1
    assert odd in {r.content_id for r in engine.rank("e01", until, k=None)}
    assert engine.observe([_open(1, odd, odd, until - _HOUR) | {"event_id": odd}]).applied == 1
    assert odd not in {r.content_id for r in engine.rank(odd, until, k=None)}
    assert len(engine.feed(FeedRequest(odd, until, request_id=odd)).items) == 20


def test_an_id_with_a_nul_is_rejected_with_a_reason(company: "Company") -> None:
    report = company.engine().observe([_open(1, "e\0", "c40", company.until - _HOUR)])
    assert (report.rejected, report.rejects[0].column) == (1, "employee_id")


def test_decades_later_the_engine_still_answers(company: "Company") -> None:
    """Weights of old reads underflow to zero; a neighbour of no weight must not count twice."""
    engine = company.engine()
    engine.observe(company.later)
    for year in (2036, 2086, 2926, 9990):
        at = datetime(year, 1, 1, tzinfo=UTC)
        ranked = engine.rank("e01", at, k=None)
        assert len(ranked) > 30
        assert np.isfinite([r.score for r in ranked]).all()
        assert engine.formats("e01", at).formats


def test_somebody_who_read_everything_gets_an_empty_feed(company: "Company") -> None:
    engine, until = company.engine(), company.until
    contents = [r.content_id for r in engine.rank("e01", until, k=None)]
    engine.observe([_open(n, "e01", c, until - _HOUR) for n, c in enumerate(contents)])
    assert engine.rank("e01", until, k=None) == []
    assert engine.feed(FeedRequest("e01", until)).items == ()


def test_ten_thousand_reads_of_one_employee_are_remembered(company: "Company") -> None:
    engine, until = company.engine(), company.until
    n = 10_000
    ids = [f"n{i}" for i in range(n)]
    engine.upsert_contents(pd.DataFrame({"content_id": ids, "title": "x", "published_at": until}))
    report = engine.observe([_open(i, "e01", c, until - _HOUR) for i, c in enumerate(ids)])
    assert report.applied == n
    assert not set(ids) & {r.content_id for r in engine.rank("e01", until, k=None)}
    assert len(engine.rank("e02", until, k=None)) > n


def test_a_read_before_publication_counts(company: "Company") -> None:
    engine, until = company.engine(), company.until
    engine.upsert_contents([{"content_id": "early", "title": "x", "published_at": until + _HOUR}])
    assert engine.observe([_open(1, "e01", "early", until - _HOUR)]).applied == 1
    ids = [{r.content_id for r in engine.rank(e, until + _HOUR, k=None)} for e in ("e01", "e02")]
    assert ["early" in found for found in ids] == [False, True]


def test_first_reads_taken_back_after_a_content_changed_break_nothing(company: "Company") -> None:
    """They count against what the content is by then: sums below zero, but no logarithm of them."""
    engine, until = company.engine(), company.until
    stories = [{"content_id": f"s{n}", "title": "x", "published_at": until - 40 * _HOUR,
                "topics": ["new"], "author_id": "new"} for n in range(30)]  # fmt: skip
    engine.upsert_contents([story | {"sensitive": True} for story in stories])
    reads = [_open(n, "e01", f"s{n}", until - timedelta(minutes=1)) for n in range(30)]
    assert engine.observe(reads).applied == 30
    engine.rank("e01", until, k=1)  # counted as sensitive
    engine.upsert_contents(stories)
    earlier = [_open(n + 100, "e01", f"s{n}", until - 39 * _HOUR) for n in range(30)]
    assert engine.observe(earlier).applied == 30
    engine.rank("e01", until, k=1)
    activity = engine.state.counters.employee.read(
        np.array([engine.state.catalogue.employees.ids.index("e01")]), engine.state.clock
    )
    assert activity.min() < -1
    assert np.isfinite([r.score for r in engine.rank("e01", until, k=None)]).all()


def test_an_upsert_replaces_a_content_whole(company: "Company") -> None:
    engine, until = company.engine(), company.until
    row = {"content_id": "c40", "title": "Other", "published_at": until, "colour": "red"}
    report = engine.upsert_contents([row])
    assert (report.accepted, report.rejected) == (1, 0)
    contents = engine.state.catalogue.contents
    index = contents.ids.index("c40")
    assert contents["author"][index] == -1
    assert (contents.topics[index] == -1).all()
    assert contents.texts[index] == "Other"
    assert '"colour":"red"' in engine.state.catalogue.frames()["contents"]["attributes"].iloc[-1]


def test_a_row_twice_in_one_call_counts_once(company: "Company") -> None:
    engine = company.engine()
    row = {"content_id": "n", "title": "first", "published_at": company.until}
    report = engine.upsert_contents([row, row | {"title": "second"}, {"content_id": "m"}])
    assert (report.accepted, report.rejected) == (1, 2)
    assert [r.index for r in report.rejects] == [1, 2]


def test_frames_without_rows_change_nothing(company: "Company") -> None:
    engine, until = company.engine(), company.until
    before = engine.rank("e01", until, k=None)
    for upsert in (
        engine.upsert_contents, engine.upsert_employees, engine.upsert_renditions,
        engine.upsert_preferences,
    ):  # fmt: skip
        assert upsert([]).accepted == upsert(pd.DataFrame()).accepted == 0
    assert engine.rank("e01", until, k=None) == before


_MALFORMED: list[object] = [
    {"eq": {"department": ["sales"]}}, {"in": {"department": "sales"}}, {"in": {"department": 5}},
    {"all": {"department": ["sales"]}}, {"any": "x"}, {"not": []}, {"department": {"is": "sales"}},
    {"department": None}, {"eq": {}}, {"eq": "x"}, [], [1], "sales", 5,
    {"all": [], "any": []}, {"all": [{"any": [{"not": 5}]}]},
]  # fmt: skip


@pytest.mark.parametrize("rule", _MALFORMED, ids=str)
def test_a_malformed_audience_is_rejected_where_it_arrives(
    company: "Company", rule: object
) -> None:
    engine, until = company.engine(), company.until
    good = {"content_id": "good", "title": "x", "published_at": until}
    report = engine.upsert_contents([good, good | {"content_id": "bad", "audience": rule}])
    assert (report.accepted, report.rejected) == (1, 1)
    assert (report.rejects[0].index, report.rejects[0].column) == (1, "audience")
    assert '{"department": ["sales"]}' in report.rejects[0].expected
    ids = {r.content_id for r in engine.rank("e01", until, k=None)}
    assert ids & {"good", "bad"} == {"good"}
    form = {"rendition_id": "r", "content_id": "good", "format": "video", "audience": rule}
    assert engine.upsert_renditions([form]).rejected == 1


def test_a_hundred_thousand_candidates_are_ranked(company: "Company") -> None:
    engine, until = company.engine(), company.until
    n = 100_000
    published = until - pd.to_timedelta(np.arange(n) % 5000, unit="min")
    frame = pd.DataFrame({"content_id": [f"n{i}" for i in range(n)], "title": "x",
                          "published_at": published})  # fmt: skip
    assert engine.upsert_contents(frame).accepted == n
    ranked = engine.rank("e01", until, k=None)
    assert len({r.content_id for r in ranked}) == len(ranked) > n
    scores = np.array([r.score for r in ranked])
    assert (np.diff(scores) <= 0).all()


def test_negative_lengths_are_refused(company: "Company") -> None:
    engine = company.engine()
    with pytest.raises(ConfigurationError, match="k is -1"):
        engine.rank("e01", company.until, k=-1)
    with pytest.raises(ConfigurationError, match="limit is -5"):
        engine.feed(FeedRequest("e01", company.until, limit=-5))
    assert engine.rank("e01", company.until, k=0) == []
