"""Which mails went out: whoever sends looks here first, so that nobody gets an issue twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

import sqlalchemy as sa

from recsys.plain_events import PlainEvent
from recsys.store.change_log import take_turn
from recsys.store.database import Database
from recsys.store.events import append_events
from recsys.store.tables import DELIVERIES
from recsys.store.tombstones import erased
from recsys.times import from_micros, to_micros

__all__ = ["DELIVERY_STATES", "DeliveryLog", "DeliveryState", "KeptMail"]

DeliveryState = Literal["sending", "sent", "failed", "refused"]
"""``sending``: handed to a mail server that has not answered yet, or never will, because the
program ended; ``failed``: may work another time; ``refused``: the server said never."""

DELIVERY_STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)

_ENDED = timedelta(minutes=15)
"""No mail server is waited for so long: what is still ``sending`` then, nobody is sending."""


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that went out: when, and what it held, as its sender wrote that down."""

    at: datetime
    mail: str


class DeliveryLog:
    """Deliveries by issue and employee, in a migrated database; safe for concurrent use.

    One row for each person and issue, whatever the revision: whoever got an issue does not get its
    correction. What a method did survives a power failure. Erasing an employee deletes their rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def states(self, issue_id: str) -> dict[str, DeliveryState]:
        """Return how far the mails of an issue got, by employee; none that was never begun."""
        query = sa.select(DELIVERIES.c.employee_id, DELIVERIES.c.state).where(
            DELIVERIES.c.issue_id == issue_id
        )
        with self._database.reading() as connection:
            return {str(row.employee_id): row.state for row in connection.execute(query)}

    def counts(self, issue_id: str) -> dict[DeliveryState, int]:
        """Return how many mails of an issue are in each state."""
        found = Counter(self.states(issue_id).values())
        return {state: found[state] for state in DELIVERY_STATES}

    def sent_at(self, issue_id: str, employee_id: str) -> datetime | None:
        """Return when a mail was sent; None if it was not."""
        query = sa.select(DELIVERIES.c.at).where(
            _is(issue_id, employee_id), DELIVERIES.c.state == "sent"
        )
        with self._database.reading() as connection:
            at: int | None = connection.scalar(query)
        return None if at is None else from_micros(at)

    def mail(self, issue_id: str, employee_id: str) -> KeptMail | None:
        """Return what a mail held that was sent, or may have been; None if there is none."""
        went = DELIVERIES.c.state.in_(["sent", "sending"])
        query = sa.select(DELIVERIES.c.at, DELIVERIES.c.mail)
        with self._database.reading() as connection:
            row = connection.execute(query.where(_is(issue_id, employee_id), went)).first()
        return None if row is None else KeptMail(from_micros(row.at), row.mail)

    def begin(
        self, issue_id: str, employee_id: str, mail: str, *, at: datetime,
        again_uncertain: bool = False,
    ) -> bool:  # fmt: skip
        """Note that a mail is about to be sent, and what it holds; False if it must not be.

        It must not if it was sent, was refused, or is being sent: of several who begin, one may.
        One that is ``sending`` for a quarter of an hour was left behind by a program that ended,
        and nobody knows whether it arrived; with ``again_uncertain`` it may be sent again. Nothing
        is sent to an employee who was erased.
        """
        may_begin = DELIVERIES.c.state == "failed"
        if again_uncertain:
            ended = DELIVERIES.c.at < to_micros(at - _ENDED)
            may_begin |= (DELIVERIES.c.state == "sending") & ended
        values = {"state": "sending", "at": to_micros(at), "reply": None, "mail": mail}
        again = DELIVERIES.update().where(_is(issue_id, employee_id), may_begin).values(values)
        new = DELIVERIES.insert().values(issue_id=issue_id, employee_id=employee_id, **values)
        with self._database.writing() as connection:
            take_turn(connection)
            if connection.execute(again).rowcount:
                return True
            known = sa.select(DELIVERIES.c.state).where(_is(issue_id, employee_id))
            if connection.execute(known).first() or erased(connection, [employee_id]):
                return False
            connection.execute(new)
            return True

    def sent(
        self, issue_id: str, employee_id: str, events: Sequence[PlainEvent], *, at: datetime
    ) -> None:
        """Note that a mail was sent, and with it, in one transaction, what it held.

        So an event of it is in the log if and only if it was sent.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            connection.execute(_change(issue_id, employee_id, "sent", None, at))
            append_events(connection, events)

    def not_sent(
        self, issue_id: str, employee_id: str, state: Literal["failed", "refused"], reply: str,
        *, at: datetime,
    ) -> None:  # fmt: skip
        """Note that a mail did not go out, and the server's code; never its words, or an address.

        There is no event of it, so what it held goes back into the pool.
        """
        with self._database.writing() as connection:
            connection.execute(_change(issue_id, employee_id, state, reply, at))


def _is(issue_id: str, employee_id: str) -> sa.ColumnElement[bool]:
    return (DELIVERIES.c.issue_id == issue_id) & (DELIVERIES.c.employee_id == employee_id)


def _change(
    issue_id: str, employee_id: str, state: DeliveryState, reply: str | None, at: datetime
) -> sa.Update:
    values = {"state": state, "at": to_micros(at), "reply": reply}
    return DELIVERIES.update().where(_is(issue_id, employee_id)).values(values)
