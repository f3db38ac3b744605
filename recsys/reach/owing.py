"""Who has not yet acknowledged a must-read: the one question about people that names them.

Whoever asks it leaves a line in :class:`recsys.store.audit_log.AuditLog`; there is no way to it
without one (:mod:`serving.routes.compliance`).
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.advice.audience_people import meant_by
from recsys.audience.audience import Audiences
from recsys.catalogue.presence import is_on_leave
from recsys.errors import DatasetError
from recsys.state.live import LiveState
from recsys.state.readings import flag_of
from recsys.times import NO_TIME, from_micros

__all__ = ["Owing", "owing"]


@dataclass(frozen=True, slots=True)
class Owing:
    """Who has not yet acknowledged a must-read."""

    ack_due_at: datetime | None
    people: tuple[tuple[str, bool], ...]
    """Employee id, and whether they are on leave, in the order of their ids."""


def owing(state: LiveState, audiences: Audiences, content: int, at: int) -> Owing:
    """Return who in the audience of a content (an index) has not acknowledged it by ``at``.

    Everybody who is active counts, also who opted out of personalisation: an acknowledgement is
    owed. Nothing else of what anybody did is looked at. A content that nobody is asked to
    acknowledge raises :class:`recsys.errors.DatasetError`.
    """
    contents, table = state.catalogue.contents, state.catalogue.employees
    if not (contents["mandatory"][content] and contents["ack_required"][content]):
        raise DatasetError(
            f"nobody is asked to acknowledge {contents.ids.id(content)!r}; expected a content with "
            "`mandatory` and `ack_required`"
        )
    meant = np.flatnonzero(meant_by(state.catalogue, audiences, at, content=content))
    flags = state.readings.flags(meant.astype(np.int32), content)
    found = meant[flags & flag_of("acknowledge") == 0].astype(np.int32)
    versions = table.versions_at(found, np.full(len(found), at))
    away = is_on_leave(table, versions, at).tolist()
    people = sorted(zip(map(table.ids.id, found.tolist()), away, strict=True))
    due_at = int(contents["ack_due_at"][content])
    return Owing(None if due_at == NO_TIME else from_micros(due_at), tuple(people))
