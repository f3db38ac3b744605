"""Contents, renditions and employees: one at a time, or many with a result per row."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path

from recsys.dataset.parsing import LONGEST_ID
from serving.known import no_content
from serving.models import MAX_ROWS, BatchReport, Written
from serving.problems import GONE, NOT_FOUND, Fault, ProblemError
from serving.rows import (
    ContentBody,
    ContentRow,
    EmployeeBody,
    EmployeeRow,
    RenditionBody,
    RenditionRow,
    example_row,
)
from serving.security import requires
from serving.services import Services, ServicesDependency

__all__ = ["router", "write_one"]

router = APIRouter(prefix="/v1", tags=["catalogue"])

RowId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]


def _rows(table: str) -> Any:  # noqa: ANN401  # what FastAPI's Body is
    return Body(embed=True, max_length=MAX_ROWS, examples=[[example_row(table)]])


_COMMS = [requires("comms")]
_ADMIN = [requires()]


@router.put("/contents/{content_id}", dependencies=_COMMS)
def put_content(services: ServicesDependency, content_id: RowId, row: ContentBody) -> Written:
    """Insert or replace a content, whole."""
    return write_one(services, "contents", "content_id", content_id, row)


@router.put("/renditions/{rendition_id}", dependencies=_COMMS)
def put_rendition(services: ServicesDependency, rendition_id: RowId, row: RenditionBody) -> Written:
    """Insert or replace a rendition, whole."""
    return write_one(services, "renditions", "rendition_id", rendition_id, row)


@router.put("/employees/{employee_id}", dependencies=_ADMIN, responses=GONE)
def put_employee(services: ServicesDependency, employee_id: RowId, row: EmployeeBody) -> Written:
    """Add a version of an employee's attributes, valid from now unless `valid_from` says else."""
    return write_one(services, "employees", "employee_id", employee_id, row)


@router.delete("/contents/{content_id}", dependencies=_COMMS, responses=NOT_FOUND)
def withdraw_content(services: ServicesDependency, content_id: RowId) -> Written:
    """Withdraw a content: it leaves every feed at once, its events stay."""
    rows = services.store.find("contents", content_id).assign(status="withdrawn")
    if rows.empty:
        raise no_content(content_id)
    report = services.store.write("contents", rows, received_at=services.clock.now())
    services.worker.catch_up()
    return Written(id=content_id, result="updated" if report.updated else "unchanged")


@router.post("/contents:batch", dependencies=_COMMS)
def put_contents(
    services: ServicesDependency, contents: Annotated[list[ContentRow], _rows("contents")]
) -> BatchReport:
    """Insert or replace contents."""
    return services.intake.write_rows("contents", contents)


@router.post("/renditions:batch", dependencies=_COMMS)
def put_renditions(
    services: ServicesDependency, renditions: Annotated[list[RenditionRow], _rows("renditions")]
) -> BatchReport:
    """Insert or replace renditions."""
    return services.intake.write_rows("renditions", renditions)


@router.post("/employees:batch", dependencies=_ADMIN)
def put_employees(
    services: ServicesDependency, employees: Annotated[list[EmployeeRow], _rows("employees")]
) -> BatchReport:
    """Add versions of employees' attributes."""
    return services.intake.write_rows("employees", employees)


def write_one(
    services: Services, table: str, key: str, row_id: str, row: dict[str, Any]
) -> Written:
    """Write the row at ``row_id``; a bad one is a problem that names the column."""
    if row.get(key, row_id) != row_id:
        fault = Fault(location=f"body.{key}", expected=f"{row_id!r} as in the path, or nothing")
        raise ProblemError(422, f"the body names another {key} than the path", errors=[fault])
    report = services.intake.write_rows(table, [row | {key: row_id}])
    if report.rejected:
        faults = [Fault(location=f"body.{r.column}", expected=r.expected) for r in report.rejected]
        raise ProblemError(422, f"the row was not stored: {faults[0].expected}", errors=faults)
    if report.refused:
        raise ProblemError(410, "this employee was erased; nothing is stored about them any more")
    fates = {"inserted": report.inserted, "updated": report.updated}
    return Written(id=row_id, result=next((f for f, n in fates.items() if n), "unchanged"))
