from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from recsys.answers import FeedRequest
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import frame_of, validate
from recsys.model import Model
from recsys.schema import TABLES
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe
from recsys.slate.rules.exploration import Explore, PlackettLuce
from recsys.store.slate_log import LoggedSlate
from tests.recsys.slate.companies import AT, Row, aged, engine_of, judging

N_PEOPLE = 30
N_VISITS = 6
SOUGHT, OTHER = 0.7, 0.2
"""Probability of opening what the sales department wrote, or somebody else."""


def sought(content_id: str) -> bool:
    """Whether people like a content."""
    return int(content_id[1:]) < 30


@dataclass(frozen=True)
class Served:
    """A company that was served feeds: everybody sees whole feeds, and opens by who wrote."""

    recipe: SlateRecipe
    logging: Model
    challenger: Model
    """Prefers what people like; the logging model what they do not."""
    tables: dict[str, list[Row]]
    slates: tuple[LoggedSlate, ...]

    def dataset(self) -> Dataset:
        """Return catalogue and events."""
        frames = {n: validate(TABLES[n], frame_of(rows)) for n, rows in self.tables.items()}
        return Dataset({name: found.frame for name, found in frames.items()})


def _served(recipe: SlateRecipe, limit: int, n_visits: int) -> Served:
    employees: list[Row] = [
        {"employee_id": f"e{n:02}", "department": "sales"} for n in range(N_PEOPLE)
    ]
    contents = [
        *aged(*(f"c{n:02}" for n in range(30)), owner_department="sales"),
        *aged(*(f"c{n:02}" for n in range(30, 60)), owner_department="plant"),
    ]
    logging = replace(judging(is_own_department=-1.0), version="logging")
    engine = engine_of(employees=employees, contents=contents, model=logging)
    engine.slates.use(recipe)
    rng = np.random.default_rng(7)
    slates: list[LoggedSlate] = []
    events: list[Row] = []
    for visit in range(n_visits):
        for place, employee in enumerate(employees):
            at = AT + timedelta(hours=visit, seconds=20 * place)
            request = FeedRequest(employee["employee_id"], at, limit=limit, request_id=f"r{visit}")
            slate = engine.feed(request)
            slates.append(LoggedSlate(request.employee_id, "portal", at, slate))
            new = _events(slates[-1], rng)
            events += new
            engine.observe(new)
    tables = {"employees": employees, "contents": contents, "events": events}
    challenger = replace(judging(is_own_department=1.0), version="challenger")
    return Served(recipe, logging, challenger, tables, tuple(slates))


def _events(logged: LoggedSlate, rng: np.random.Generator) -> list[dict[str, Any]]:
    found = []
    for item in logged.slate.items:
        event = {
            "employee_id": logged.employee_id, "content_id": item.content_id,
            "request_id": logged.slate.request_id, "position": item.position, "surface": "portal",
            "propensity": item.propensity,
        }  # fmt: skip
        name = f"{logged.employee_id}-{logged.slate.request_id}-{item.position}"
        at = logged.at + timedelta(seconds=5)
        found.append(event | {"event_id": name, "event_type": "impression", "occurred_at": at})
        if rng.random() < (SOUGHT if sought(item.content_id) else OTHER):
            kind = "complete" if item.position % 2 else "open"
            found.append(event | {"event_id": f"{name}-o", "event_type": kind, "occurred_at": at})
    return found


@pytest.fixture(scope="session")
def explored() -> Served:
    """Thirty people, each served six feeds of eight slots, the seventh of them drawn."""
    return _served(DEFAULT_SLATE.with_rule(Explore(temperature=0.6)), 8, N_VISITS)


@pytest.fixture(scope="session")
def drawn_whole() -> Served:
    """Thirty people, each served six feeds of four slots, all of them drawn."""
    rule = PlackettLuce(temperature=1.0)
    return _served(DEFAULT_SLATE.without("explore").with_rule(rule), 4, N_VISITS)
