"""The people whose portal may be looked at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recsys.catalogue.employees import EmployeeTable
from recsys.times import to_micros
from serving.services import Services

__all__ = ["Person", "other_people", "people_view", "person"]

_SHOWN = 48


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as the page introduces them; empty text where nothing is known."""

    employee_id: str
    department: str = ""
    work_style: str = ""
    site: str = ""


def people_view(services: Services, q: str, department: str) -> dict[str, Any]:
    """Return the employees whose id contains ``q``, of a department if one is chosen."""
    with services.worker.engine() as (engine, at):
        everybody = _people(engine.state.catalogue.employees, at)
    found = [
        p for p in everybody
        if q.lower() in p.employee_id.lower() and department in ("", p.department)
    ]  # fmt: skip
    return {
        "people": found[:_SHOWN],
        "n_found": len(found),
        "departments": sorted({p.department for p in everybody} - {""}),
        "q": q,
        "department": department,
    }


def person(employees: EmployeeTable, employee_id: str, at: datetime) -> Person:
    """Return what is known of an employee, of an unknown one the id."""
    index = employees.ids.index(employee_id)
    known = employees.attributes(employees.version_at(index, to_micros(at)))
    names = ("department", "work_style", "site")
    return Person(employee_id, *(known.get(name, "") for name in names))


def other_people(employees: EmployeeTable, me: Person, at: datetime, k: int = 3) -> list[Person]:
    """Return the ``k`` people who follow in the list and work elsewhere, each somewhere else."""
    everybody = _people(employees, at)
    after = [p for p in everybody if p.employee_id > me.employee_id]
    chosen: list[Person] = []
    departments = {me.department}
    for other in after + everybody:
        if len(chosen) < k and other.department not in departments:
            departments.add(other.department)
            chosen.append(other)
    return chosen


def _people(employees: EmployeeTable, at: datetime) -> list[Person]:
    return [person(employees, employee_id, at) for employee_id in sorted(employees.ids.ids)]
