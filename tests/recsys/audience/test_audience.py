"""For whom contents and renditions are, one person at a time and all together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.audience.audience import Audiences
from recsys.audience.named import NamedSegments
from recsys.catalogue.catalogue import Catalogue
from recsys.engine import Engine
from recsys.segments.segments import Segments
from recsys.times import DAY_US
from tests.recsys.audience.companies import AT_US, company_of, readers
from tests.recsys.audience.conftest import PEOPLE, SEGMENTS, rules
from tests.recsys.audience.oracle import is_meant

if TYPE_CHECKING:
    from tests.recsys.conftest import Company


def _ids(engine: Engine, person: str, at: datetime) -> set[str]:
    return {r.content_id for r in engine.rank(person, at, k=None)} & {"x"}


@pytest.mark.parametrize(
    ("rule", "sales", "plant", "nobody"),
    [
        (None, 1, 1, 1),
        ({}, 1, 1, 1),
        ("{}", 1, 1, 1),
        ({"department": ["sales"]}, 1, 0, 0),
        ({"not": {"department": "sales"}}, 0, 1, 0),
        ('{"eq": {"has_pc": true}}', 0, 1, 0),
        ({"segment": "nobody's"}, 0, 0, 0),
        ({"not": {"segment": "nobody's"}}, 0, 0, 0),
    ],
)
def test_a_content_goes_to_its_audience(
    company: "Company", rule: object, sales: int, plant: int, nobody: int
) -> None:
    """Somebody unknown is in no audience but everybody's, and an unknown segment is for nobody."""
    engine, at = company.engine(), company.until
    engine.upsert_contents(
        [{"content_id": "x", "title": "x", "published_at": at, "audience": rule}]
    )
    found = [len(_ids(engine, person, at)) for person in ("e00", "e01", "nobody")]
    assert found == [sales, plant, nobody]


def test_the_audience_follows_a_move(company: "Company") -> None:
    engine, at = company.engine(), company.until
    engine.upsert_contents(
        [{"content_id": "x", "title": "x", "published_at": at, "audience": {"department": "sales"}}]
    )
    assert not _ids(engine, "e01", at)
    engine.upsert_employees([{"employee_id": "e01", "department": "sales"}])
    assert _ids(engine, "e01", at)
    moves = datetime(2026, 3, 18, tzinfo=UTC)
    engine.upsert_employees(
        [{"employee_id": "e01", "department": "plant", "valid_from": moves.isoformat()}]
    )
    assert _ids(engine, "e01", at)
    assert not _ids(engine, "e01", moves)


def test_a_feed_holds_only_renditions_that_are_meant_for_the_reader(company: "Company") -> None:
    engine, at = company.engine(), company.until
    engine.upsert_contents(
        [{"content_id": "x", "title": "x", "published_at": at, "mandatory": True}]
    )
    engine.upsert_renditions(
        [
            {"rendition_id": "x-film", "content_id": "x", "format": "video",
             "audience": {"department": "sales"}},
            {"rendition_id": "x-text", "content_id": "x", "format": "text_summary",
             "audience": {"department": ["sales", "plant"]}},
        ]
    )  # fmt: skip
    found = {p: engine.rendition(p, "x", at).propensities.keys() for p in ("e00", "e01")}
    assert found == {"e00": {"x-film", "x-text"}, "e01": {"x-text"}}
    assert [bool(_ids(engine, person, at)) for person in ("e00", "e01", "e02")] == [
        True,
        True,
        False,
    ]
    from recsys import FeedRequest

    held = {
        person: "x" in {item.content_id for item in engine.feed(FeedRequest(person, at)).items}
        for person in ("e00", "e01", "e02", "nobody")
    }
    assert held == {"e00": True, "e01": True, "e02": False, "nobody": False}


class FakeSegments:
    """Segments as they are told to be; counts how often one is looked up."""

    def __init__(self, codes: dict[int, str]) -> None:
        self.told, self.n_asked, self.news = codes, 0, 0

    def depends_on(self, employee: int, at: int) -> tuple[int, bool, int]:
        return self.news, False, at // DAY_US

    def of(self, employee: int, at: int) -> Any:
        @dataclass
        class Found:
            code: str = field(default=self.told[employee])

        self.n_asked += 1
        return Found()


def _with_segments(catalogue: Catalogue, fake: FakeSegments) -> Audiences:
    return Audiences(catalogue, cast("Segments", fake))


def test_segments_are_looked_up_once_a_day_until_something_new_is_known() -> None:
    rows: list[dict[str, Any]] = [
        {"content_id": "a", "audience": {"segment": "watcher"}},
        {"content_id": "b", "audience": {"not": {"segment": ["watcher", "newcomer"]}}},
        {"content_id": "c", "audience": {"department": "it"}},
        {"content_id": "d"},
    ]
    catalogue = company_of(employees=[{"employee_id": "e", "department": "it"}], contents=rows)
    fake = FakeSegments({0: "watcher"})
    audiences = _with_segments(catalogue, fake)

    def found(at: int, *contents: int) -> list[bool]:
        return list(audiences.includes(0, at, np.array(contents, np.int32)).tolist())

    assert found(AT_US, 2, 3) == [True, True]
    assert fake.n_asked == 0
    assert found(AT_US, 0, 1, 2, 3) == [True, False, True, True]
    assert found(AT_US + 1, 0, 1) == [True, False]
    assert fake.n_asked == 1
    fake.told[0] = "deep_reader"
    assert found(AT_US + 2, 0, 1) == [True, False]
    fake.news += 1
    assert found(AT_US + 2, 0, 1) == [False, True]
    fake.told[0] = "watcher"
    assert found(AT_US + DAY_US, 0, 1) == [True, False]
    assert fake.n_asked == 3
    assert audiences.includes(-1, AT_US, np.arange(4, dtype=np.int32)).tolist() == [0, 0, 0, 1]
    assert fake.n_asked == 3


def test_without_segments_nobody_is_in_one() -> None:
    rows = [{"content_id": "a", "audience": {"segment": "watcher"}}]
    catalogue = company_of(employees=[{"employee_id": "e"}], contents=rows)
    assert readers(Audiences(catalogue), catalogue, 0) == set()


def _moving() -> Catalogue:
    """Return people who came, moved and will come around the moment of publication."""
    return company_of(
        employees=[
            {"employee_id": "always"} | {"department": "it"},
            {"employee_id": "moved away", "department": "it", "valid_from": "2026-01-01"},
            {"employee_id": "moved away", "department": "hr", "valid_from": "2026-03-02"},
            {"employee_id": "moved here", "department": "hr", "valid_from": "2026-01-01"},
            {"employee_id": "moved here", "department": "it", "valid_from": "2026-03-02"},
            {"employee_id": "came later", "department": "it", "valid_from": "2026-03-02"},
            {"employee_id": "came at that moment", "department": "it", "valid_from": "2026-03-01"},
        ],
        contents=[
            {"content_id": "live", "audience": {"department": "it"}},
            {"content_id": "then", "audience": {"mode": "snapshot", "rule": {"department": "it"}}},
            {"content_id": "all then", "audience": {"mode": "snapshot", "rule": {}}},
        ],
    )


def test_a_snapshot_is_who_was_meant_at_publication_whatever_changes_later() -> None:
    catalogue = _moving()
    audiences = Audiences(catalogue)
    later = AT_US + 5 * DAY_US
    then = {"always", "moved away", "came at that moment"}
    assert readers(audiences, catalogue, 0, later) == {
        "always", "moved here", "came later", "came at that moment",
    }  # fmt: skip
    assert readers(audiences, catalogue, 1, later) == then
    assert readers(audiences, catalogue, 1, AT_US) == then
    assert readers(audiences, catalogue, 2, later) == then | {"moved here"}
    assert not audiences.includes(-1, later, np.array([1, 2], np.int32)).any()


def test_a_snapshot_for_everybody_at_once_is_the_same() -> None:
    catalogue = _moving()
    audiences, later = Audiences(catalogue), AT_US + 5 * DAY_US
    now = audiences.population(later)
    for content in range(3):
        mask = audiences.people(audiences.of_content(content), now, AT_US)
        named = {catalogue.employees.ids.id(i) for i in np.flatnonzero(mask).tolist()}
        assert named == readers(audiences, catalogue, content, later)


_NAMED = {"mine": {"any": [{"department": "it"}, {"segment": "watcher"}]}}


@given(st.lists(rules((*SEGMENTS, "mine")), min_size=1, max_size=4), PEOPLE)
def test_one_by_one_is_what_the_rules_say(
    asked: list[Any], people: Sequence[dict[str, str]]
) -> None:
    catalogue = company_of(
        employees=[{"employee_id": f"e{i}", **person} for i, person in enumerate(people)],
        contents=[{"content_id": f"c{i}", "audience": rule} for i, rule in enumerate(asked)],
    )
    fake = FakeSegments({i: SEGMENTS[i % 2] for i in range(len(people))})
    audiences = Audiences(catalogue, cast("Segments", fake), NamedSegments(_NAMED))
    contents = np.arange(len(asked), dtype=np.int32)
    for i, person in enumerate(people):
        expected = [is_meant(rule, person, SEGMENTS[i % 2], _NAMED) for rule in asked]
        assert audiences.includes(i, AT_US, contents).tolist() == expected
        assert audiences.includes(i, AT_US, contents[::-1]).tolist() == expected[::-1]


def test_rules_that_were_stored_before_they_were_refused_are_for_nobody() -> None:
    catalogue = company_of(employees=[{"employee_id": "e"}], contents=[{"content_id": "a"}])
    frame = catalogue.frames()["contents"].assign(audience=json.dumps({"work_style": "remote"}))
    catalogue.contents.upsert(frame)
    audiences = Audiences(catalogue)
    assert readers(audiences, catalogue, 0) == set()
    assert audiences.of_content(0) is None
    assert not audiences.people(None, audiences.population(AT_US)).any()


def test_columns_of_the_companys_own_are_attributes(company: "Company") -> None:
    engine, at = company.engine(), company.until
    rule = {"all": [{"floor": {"gte": 3, "lt": 10}}, {"skills": "welding"}]}
    engine.upsert_contents(
        [{"content_id": "x", "title": "x", "published_at": at, "audience": rule}]
    )
    assert not _ids(engine, "e01", at)
    own = {"floor": 4, "skills": ["welding", "robots"], "address": {"city": "x"}}
    engine.upsert_employees([{"employee_id": "e01", "department": "plant", **own}])
    assert _ids(engine, "e01", at)
    engine.upsert_employees([{"employee_id": "e02", "floor": 12, "skills": "welding"}])
    assert not _ids(engine, "e02", at)


def test_a_saved_engine_knows_the_companys_own_columns(company: "Company", tmp_path: Any) -> None:
    engine = company.engine()
    rows = [{"employee_id": f"e{i:02}", "floor": i, "badge": f"b{i}"} for i in range(3)]
    engine.upsert_employees(rows)
    engine.upsert_employees([{"employee_id": "e01", "floor": 7, "car": True}])
    engine.save(tmp_path / "bundle")
    here, there = (e.state.catalogue.employees for e in (engine, Engine.load(tmp_path / "bundle")))
    assert list(here.values) == list(there.values)
    for name, values in here.values.items():
        assert list(there.values[name].ids) == list(values.ids)
    versions = range(here.n_versions)
    assert [here.attributes(v) for v in versions] == [there.attributes(v) for v in versions]
