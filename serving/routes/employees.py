"""An employee's own choices, and their erasure."""

from fastapi import APIRouter

from serving.models import Receipt, ReceiptPart, Written
from serving.problems import GONE
from serving.routes.catalogue import write_one
from serving.routes.feed import EmployeeId
from serving.rows import PreferencesBody
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1/employees", tags=["employees"])


@router.put("/{employee_id}/preferences", dependencies=[requires("portal")], responses=GONE)
def put_preferences(
    services: ServicesDependency, employee_id: EmployeeId, row: PreferencesBody
) -> Written:
    """Replace an employee's choices, whole; they hold from the next feed on."""
    return write_one(services, "preferences", "employee_id", employee_id, row)


@router.delete("/{employee_id}", operation_id="erase_employee", dependencies=[requires()])
def erase(services: ServicesDependency, employee_id: EmployeeId) -> Receipt:
    """Erase an employee; the receipt lists every place and when it forgot.

    The state is built anew from what is left before this answers, so that sums forget as well.
    """
    at = services.clock.now()
    deleted = services.store.erase(employee_id, at=at)
    services.worker.catch_up()
    stored = [ReceiptPart(part=name, erased_at=at, rows=n) for name, n in deleted.items()]
    derived = [ReceiptPart(part=name, erased_at=at) for name in ("live_state", "aggregates")]
    return Receipt(
        tombstone=services.store.tombstone_hash(employee_id),
        erased_at=at,
        parts=[*stored, *derived, ReceiptPart(part="models", erased_at=None)],
    )
