"""Plans of newsletter issues, who works on them, and what was picked for whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from recsys.errors import RecsysError
from recsys.store.change_log import take_turn
from recsys.store.database import Database
from recsys.store.tables import NEWSLETTER_ISSUES, NEWSLETTER_PICKS, NEWSLETTER_PLANS
from recsys.store.tombstones import erased
from recsys.times import from_micros, to_micros

__all__ = ["NewsletterStore", "PlanConflictError", "PlanStatus", "StoredPlan"]

PlanStatus = Literal["waiting", "running", "finished", "failed", "superseded"]

_PAGE = 500
"""Picks read at once: about a megabyte."""

_PLANS, _PICKS = NEWSLETTER_PLANS.c, NEWSLETTER_PICKS.c


class PlanConflictError(RecsysError):
    """A plan that another one stands against; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """One revision of an issue and how far it is."""

    issue_id: str
    revision: int
    document: str
    """JSON, as it was accepted."""
    status: PlanStatus
    created_at: datetime
    planned_at: datetime | None
    """The moment of the state that picks are made from; None until work has begun."""
    finished_at: datetime | None
    n_people: int | None
    n_done: int
    notes: tuple[str, ...]
    """Which quota cannot be met for how many people, or what failed."""
    is_handed_over: bool


class NewsletterStore:
    """Plans and picks in a migrated database; safe for concurrent use, also by several processes.

    A revision is worked on by one owner at a time, as long as they say so again and again. Picks
    are kept once: of two for one person the first one counts. Erasing an employee
    (:meth:`recsys.store.port.Store.erase`) deletes theirs, and none is kept afterwards.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, issue_id: str, revision: int, document: str, at: datetime) -> StoredPlan:
        """Keep a plan; the same again changes nothing, but lets one that failed start anew.

        Older revisions that are not finished are superseded. Raises :class:`PlanConflictError`
        where the revision exists with another document, where there is a newer one, and where the
        issue was handed over already.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            held = connection.execute(
                sa.select(NEWSLETTER_PLANS).where(_PLANS.issue_id == issue_id)
            ).all()
            same = next((row for row in held if row.revision == revision), None)
            _check(issue_id, revision, document, held, _handed_over(connection, issue_id))
            if same is None:
                connection.execute(
                    NEWSLETTER_PLANS.insert().values(
                        issue_id=issue_id, revision=revision, document=document,
                        status="waiting", created_at=to_micros(at),
                    )
                )  # fmt: skip
                older = (_PLANS.issue_id == issue_id) & (_PLANS.revision < revision)
                unfinished = _PLANS.status.in_(["waiting", "running"])
                connection.execute(
                    NEWSLETTER_PLANS.update().where(older & unfinished).values(status="superseded")
                )
            elif same.status == "failed":
                connection.execute(
                    NEWSLETTER_PLANS.update()
                    .where(_is(issue_id, revision))
                    .values(status="waiting", notes="[]", owner=None, held_until=None)
                )
        found = self.find(issue_id, revision)
        assert found is not None
        return found

    def find(self, issue_id: str, revision: int | None = None) -> StoredPlan | None:
        """Return a revision of an issue (None: the newest); None if there is none."""
        plans = self.revisions(issue_id)
        wanted = (p for p in plans if revision in (None, p.revision))
        return next(wanted, None)

    def revisions(self, issue_id: str) -> list[StoredPlan]:
        """Return all plans of an issue, the newest first."""
        n_done = (
            sa.select(sa.func.count())
            .where((_PICKS.issue_id == _PLANS.issue_id) & (_PICKS.revision == _PLANS.revision))
            .scalar_subquery()
        )
        query = (
            sa.select(NEWSLETTER_PLANS, n_done.label("n_done"))
            .where(_PLANS.issue_id == issue_id)
            .order_by(_PLANS.revision.desc())
        )
        with self._database.reading() as connection:
            handed = _handed_over(connection, issue_id)
            return [_plan(row, handed) for row in connection.execute(query)]

    def unfinished(self) -> list[tuple[str, int]]:
        """Return issue and revision of every plan that somebody should work on."""
        query = sa.select(_PLANS.issue_id, _PLANS.revision).where(
            _PLANS.status.in_(["waiting", "running"])
        )
        with self._database.reading() as connection:
            return [(row.issue_id, row.revision) for row in connection.execute(query)]

    def claim(self, issue_id: str, revision: int, owner: str, now: int, until: int) -> bool:
        """Become the owner of an unfinished plan until ``until`` (µs of wall time), or renew that.

        False while somebody else holds it, and once it is finished or superseded.
        """
        is_free = _PLANS.held_until.is_(None) | (_PLANS.held_until < now) | (_PLANS.owner == owner)
        is_open = _PLANS.status.in_(["waiting", "running"])
        return self._update(
            _is(issue_id, revision) & is_open & is_free,
            status="running", owner=owner, held_until=until,
        )  # fmt: skip

    def begin(
        self, issue_id: str, revision: int, planned_at: datetime, n_people: int,
        notes: Sequence[str],
    ) -> None:  # fmt: skip
        """Note from which moment's state how many people's picks are made, and what was found."""
        self._update(
            _is(issue_id, revision), planned_at=to_micros(planned_at), n_people=n_people,
            notes=_text(notes),
        )  # fmt: skip

    def keep(self, issue_id: str, revision: int, picks: Sequence[tuple[str, str]]) -> bool:
        """Keep picks (employee id and JSON) in one transaction; False once nobody wants them.

        Nobody does when the plan was superseded. What is there already stays.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            status = connection.scalar(sa.select(_PLANS.status).where(_is(issue_id, revision)))
            if status != "running":
                return False
            gone = erased(connection, [employee_id for employee_id, _ in picks])
            rows = [
                {"issue_id": issue_id, "revision": revision, "employee_id": who, "pick": text}
                for who, text in picks
                if who not in gone
            ]
            if rows:
                connection.execute(_insert(connection, NEWSLETTER_PICKS), rows)
            return True

    def finish(
        self, issue_id: str, revision: int, status: PlanStatus, at: datetime, notes: Sequence[str]
    ) -> bool:
        """End the work on a plan; False if it had ended, or was superseded."""
        is_running = _PLANS.status == "running"
        return self._update(
            _is(issue_id, revision) & is_running, status=status, finished_at=to_micros(at),
            notes=_text(notes), owner=None, held_until=None,
        )  # fmt: skip

    def people(self, issue_id: str, revision: int) -> list[str]:
        """Return whose picks there are, in the order of code points."""
        mine = (_PICKS.issue_id == issue_id) & (_PICKS.revision == revision)
        with self._database.reading() as connection:
            return sorted(connection.scalars(sa.select(_PICKS.employee_id).where(mine)))

    def count(self, issue_id: str, revision: int) -> int:
        """Return how many people there are picks for."""
        mine = (_PICKS.issue_id == issue_id) & (_PICKS.revision == revision)
        with self._database.reading() as connection:
            n: int = connection.scalar(sa.select(sa.func.count()).where(mine)) or 0
        return n

    def picks(self, issue_id: str, revision: int) -> Iterator[str]:
        """Yield every pick as JSON, by employee; those kept meanwhile may be missing."""
        people = self.people(issue_id, revision)
        mine = (_PICKS.issue_id == issue_id) & (_PICKS.revision == revision)
        for start in range(0, len(people), _PAGE):
            wanted = _PICKS.employee_id.in_(people[start : start + _PAGE])
            with self._database.reading() as connection:
                rows = connection.execute(
                    sa.select(_PICKS.employee_id, _PICKS.pick).where(mine & wanted)
                ).all()
            yield from (row.pick for row in sorted(rows, key=lambda row: row.employee_id))

    def pick(self, issue_id: str, revision: int, employee_id: str) -> str | None:
        """Return one person's pick as JSON; None if there is none."""
        mine = (_PICKS.issue_id == issue_id) & (_PICKS.revision == revision)
        with self._database.reading() as connection:
            found: str | None = connection.scalar(
                sa.select(_PICKS.pick).where(mine & (_PICKS.employee_id == employee_id))
            )
        return found

    def hand_over(self, issue_id: str, revision: int) -> int:
        """Say that a revision goes out; return the one that does, which is the first one said."""
        with self._database.writing() as connection:
            take_turn(connection)
            row = {"issue_id": issue_id, "revision": revision}
            connection.execute(_insert(connection, NEWSLETTER_ISSUES), [row])
            handed = _handed_over(connection, issue_id)
            assert handed is not None
            return handed

    def _update(self, condition: sa.ColumnElement[bool], **values: Any) -> bool:  # noqa: ANN401  (columns)
        with self._database.writing() as connection:
            take_turn(connection)
            update = NEWSLETTER_PLANS.update().where(condition).values(**values)
            return connection.execute(update).rowcount > 0


def _check(
    issue_id: str, revision: int, document: str, held: Sequence[Any], handed_over: int | None
) -> None:
    newest = max((row.revision for row in held), default=revision)
    same = next((row for row in held if row.revision == revision), None)
    if same is not None and same.document != document:
        raise PlanConflictError(
            f"revision {revision} of issue {issue_id!r} is there with another plan; send the "
            f"changed one as revision {newest + 1}"
        )
    if same is None and revision < newest:
        raise PlanConflictError(
            f"issue {issue_id!r} is at revision {newest}, so revision {revision} comes too late; "
            f"send it as revision {newest + 1}"
        )
    if same is None and handed_over is not None:
        raise PlanConflictError(
            f"revision {handed_over} of issue {issue_id!r} was handed over for sending; plan the "
            "next issue under another name"
        )


def _is(issue_id: str, revision: int) -> sa.ColumnElement[bool]:
    return (_PLANS.issue_id == issue_id) & (_PLANS.revision == revision)


def _handed_over(connection: sa.Connection, issue_id: str) -> int | None:
    found: int | None = connection.scalar(
        sa.select(NEWSLETTER_ISSUES.c.revision).where(NEWSLETTER_ISSUES.c.issue_id == issue_id)
    )
    return found


def _insert(connection: sa.Connection, table: sa.Table) -> Any:  # noqa: ANN401  (of the dialect)
    """Return an insert that leaves rows alone that are there."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table).on_conflict_do_nothing()


def _text(notes: Sequence[str]) -> str:
    return orjson.dumps(list(notes)).decode()


def _plan(row: Any, handed_over: int | None) -> StoredPlan:  # noqa: ANN401  (a row of a join)
    return StoredPlan(
        row.issue_id, row.revision, row.document, row.status, from_micros(row.created_at),
        _instant(row.planned_at), _instant(row.finished_at), row.n_people, row.n_done,
        tuple(orjson.loads(row.notes)), handed_over == row.revision,
    )  # fmt: skip


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
