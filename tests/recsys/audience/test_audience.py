from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from recsys.engine import Engine

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
    ],
)
def test_a_content_goes_to_its_audience(
    company: "Company", rule: object, sales: int, plant: int, nobody: int
) -> None:
    """Somebody unknown is in no audience but everybody's."""
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
