"""An employee's own choices, their token, and their erasure."""

from datetime import UTC, datetime

from fastapi import APIRouter

from serving.models import Receipt, ReceiptPart, Token, Written
from serving.problems import GONE
from serving.routes.catalogue import write_one
from serving.routes.feed import EmployeeId
from serving.rows import PreferencesBody
from serving.security import requires
from serving.services import ServicesDependency

__all__ = ["router"]

router = APIRouter(prefix="/v1/employees", tags=["employees"])


@router.put(
    "/{employee_id}/preferences", dependencies=[requires("portal", own="path")], responses=GONE
)
def put_preferences(
    services: ServicesDependency, employee_id: EmployeeId, row: PreferencesBody
) -> Written:
    """Replace an employee's choices, whole; they hold from the next feed on."""
    return write_one(services, "preferences", "employee_id", employee_id, row)


@router.post("/{employee_id}/token", operation_id="make_token", dependencies=[requires("portal")])
def make_token(services: ServicesDependency, employee_id: EmployeeId) -> Token:
    """Return a short-lived token for the employee's browser.

    Sent as a key is, it opens this employee's own feed, formats, preferences and events, and
    `explain` and `related` for them; nothing else. Make it after the employee has signed in to
    the portal, and a new one when it has expired: it cannot be revoked.
    """
    token, expires_at = services.tokens.make(employee_id, datetime.now(UTC))
    return Token(token=token, expires_at=expires_at)


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
