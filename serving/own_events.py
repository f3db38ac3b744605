"""Events that come with an employee's token: only the employee's own."""

from collections.abc import Sequence

from serving.models import EventReport, RejectedRow
from serving.services import Services

__all__ = ["write_own_events"]

_EXPECTED = "the id of the employee whose token was sent; others' events need a key"


async def write_own_events(services: Services, events: Sequence[object], owner: str) -> EventReport:
    """Store the events of ``owner``; reject every other row."""
    own = [i for i, row in enumerate(events) if _employee(row) == owner]
    report = await services.write_events([events[i] for i in own])
    others = sorted(set(range(len(events))) - set(own))
    rejected = [
        *(row.model_copy(update={"index": own[row.index]}) for row in report.rejected),
        *(RejectedRow(index=i, column="employee_id", expected=_EXPECTED) for i in others),
    ]
    rejected.sort(key=lambda row: row.index)
    return report.model_copy(update={"rejected": rejected})


def _employee(row: object) -> object:
    return row.get("employee_id") if isinstance(row, dict) else None
