from typing import TYPE_CHECKING

import numpy as np

from recsys.features.groups import GROUPS
from recsys.features.matrix import FEATURE_NAMES, feature_matrix
from recsys.features.moment import Moment

if TYPE_CHECKING:
    from tests.recsys.conftest import Company


_NOT_ON_RECORD = {"hours_until_due", "is_own_language", "own_language_share", "language_lift"}


def _moment(company: "Company", person: str) -> Moment:
    engine = company.engine()
    employee = engine.state.catalogue.employees.ids.index(person)
    at = engine.state.clock
    return Moment.of(engine.scorer._sources, employee, engine.eligible.retrieve(employee, at), at)


def test_every_group_fills_its_columns(company: "Company") -> None:
    for person in ("e01", "nobody"):
        moment = _moment(company, person)
        for group in GROUPS:
            block = np.full((len(moment.contents), len(group.columns)), -np.inf, np.float32)
            group.fill(moment, block)
            assert not np.isneginf(block).any(), group.name
            if person == "e01":
                known = [bool(np.isfinite(column).all()) for column in block.T]
                unknown = [c for c, k in zip(group.columns, known, strict=True) if not k]
                assert set(unknown) <= _NOT_ON_RECORD, group.name


def test_columns_have_names_of_their_own() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_a_content_without_owner_belongs_to_no_department(company: "Company") -> None:
    """Nor to one that owns nothing, whose name the contents do not know."""
    engine = company.engine()
    engine.upsert_employees([{"employee_id": "lone", "department": "legal"}])
    employee, at = engine.state.catalogue.employees.ids.index("lone"), engine.state.clock
    candidates = engine.eligible.retrieve(employee, at)
    owner = engine.state.catalogue.contents["owner_department"][candidates]
    assert (owner == -1).any()
    matrix = feature_matrix(Moment.of(engine.scorer._sources, employee, candidates, at))
    assert not matrix[:, FEATURE_NAMES.index("is_own_department")].any()


def test_no_candidates_give_no_rows(company: "Company") -> None:
    moment = _moment(company, "e01")
    none = Moment.of(moment.sources, moment.employee, moment.contents[:0], moment.at)
    assert feature_matrix(none).shape == (0, len(FEATURE_NAMES))
