"""`/v1/employees/{id}/formats`."""

from dataclasses import asdict

from fastapi import APIRouter

from serving.models import Belief, Formats
from serving.routes.feed import EmployeeId
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/employees", tags=["formats"], dependencies=[requires("portal", own="path")]
)


@router.get("/{employee_id}/formats", operation_id="get_formats")
def formats(services: ServicesDependency, employee_id: EmployeeId) -> Formats:
    """Return in which formats the employee takes contents in, and how sure that is."""
    with services.worker.engine() as (engine, at):
        preference = engine.formats(employee_id, at)
    return Formats(
        employee_id=employee_id,
        best=preference.best,
        formats={name: Belief(**asdict(belief)) for name, belief in preference.formats.items()},
        families=preference.families,
    )
