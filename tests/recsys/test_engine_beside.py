"""An engine of another model over the same state: it knows whatever the first one is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from recsys.engine import Engine

if TYPE_CHECKING:
    from tests.recsys.conftest import Company


def test_it_is_made_once_for_a_model(company: "Company") -> None:
    engine = company.engine()
    other = replace(engine.model, ranker=None)
    assert engine.beside(other) is engine.beside(other)
    assert engine.beside(engine.model) is not engine


def test_what_changes_in_the_catalogue_counts_there_too(company: "Company") -> None:
    engine = company.engine()
    beside = engine.beside(replace(engine.model, version="other"))
    assert beside.rank("e00", company.until, k=None)  # it stands beside before anything changes
    told = {"published_at": company.until.isoformat(), "title": "新しい社員食堂のメニュー"}
    engine.upsert_contents(
        [
            {"content_id": f"for {name}", "audience": {"department": name}, **told}
            for name in ("sales", "plant", "research")
        ]
    )
    later = company.until + timedelta(hours=1)
    assert _meant_for(beside, later) == ["sales", "plant", "research"]
    engine.upsert_employees([{"employee_id": "e00", "department": "research"}])
    later += timedelta(hours=1)
    assert _meant_for(beside, later) == ["research", "plant", "research"]
    fresh = Engine(beside.model, engine.state, [])
    for person in ("e00", "e01", "e02", "e03", "nobody"):
        assert beside.rank(person, later, k=None) == fresh.rank(person, later, k=None)


def _meant_for(engine: Engine, at: datetime) -> list[str]:
    """Return which department's content is among the candidates of three people."""
    found = []
    for person in ("e00", "e01", "e02"):
        ids = [ranked.content_id for ranked in engine.rank(person, at, k=None)]
        found += [content_id.removeprefix("for ") for content_id in ids if content_id[:3] == "for"]
    return found
