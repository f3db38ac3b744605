"""Small companies made of rows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from recsys.audience.audience import Audiences
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.times import NO_TIME, to_micros

AT = datetime(2026, 3, 1, tzinfo=UTC)
AT_US = to_micros(AT)


def company_of(**tables: Sequence[dict[str, Any]]) -> Catalogue:
    """Return a catalogue of rows; contents need an id only, and were published at ``AT``."""
    catalogue = Catalogue()
    for table, rows in tables.items():
        given = {"title": "t", "published_at": AT} if table == "contents" else {}
        frame, rejects = checked_rows(table, [given | row for row in rows])
        assert not rejects, rejects
        catalogue.upsert(table, frame, valid_from=NO_TIME)
    return catalogue


def readers(audiences: Audiences, catalogue: Catalogue, content: int, at: int = AT_US) -> set[str]:
    """Return the ids of everybody whom a content is for, asked one by one."""
    ids = catalogue.employees.ids.ids
    return {
        name
        for employee, name in enumerate(ids)
        if audiences.includes(employee, at, np.array([content], np.int32))[0]
    }
