"""Experiments, who is in which variant, who saw it, and who did what."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from recsys.errors import RecsysError
from recsys.store.change_log import take_turn
from recsys.store.database import Database
from recsys.store.tables import (
    EXPERIMENT_ASSIGNMENTS,
    EXPERIMENT_EXPOSURES,
    EXPERIMENT_LOG,
    EXPERIMENT_LOOKS,
    EXPERIMENTS,
)
from recsys.store.tombstones import erased
from recsys.times import from_micros, to_micros

__all__ = [
    "ExperimentConflictError",
    "ExperimentStatus",
    "ExperimentStore",
    "LogEntry",
    "Stage",
    "Step",
    "StoredAssignment",
    "StoredExperiment",
    "StoredExposure",
]

ExperimentStatus = Literal["draft", "running", "paused", "stopped", "decided"]
Stage = Literal["served", "differing", "exposed"]
"""A variant was served; served where the variants gave different answers; seen after that."""

_ALL, _LOG = EXPERIMENTS.c, EXPERIMENT_LOG.c
_ASSIGNED, _EXPOSED = EXPERIMENT_ASSIGNMENTS.c, EXPERIMENT_EXPOSURES.c


class ExperimentConflictError(RecsysError):
    """What is asked of an experiment does not fit its state; the message says what does."""


@dataclass(frozen=True, slots=True)
class Step:
    """From ``at`` (microseconds) on this share of the units takes part."""

    at: int
    share: float


@dataclass(frozen=True, slots=True)
class StoredExperiment:
    """One version of an experiment and how far it is."""

    experiment: str
    version: int
    document: str
    """JSON, as it was accepted."""
    status: ExperimentStatus
    created_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    ramp: tuple[Step, ...]
    dropped: tuple[str, ...]
    decision: str | None

    @property
    def share(self) -> float:
        """Return the share of units that takes part now."""
        return self.ramp[-1].share if self.ramp else 0.0


@dataclass(frozen=True, slots=True)
class StoredAssignment:
    """One employee's variant; None: held out."""

    experiment: str
    version: int
    employee_id: str
    unit_id: str
    """What was drawn: the employee, or their team, department or site at that moment."""
    variant: str | None
    source: str
    bucket: float
    place: float
    stratum: str
    at: int
    """Microseconds."""


@dataclass(frozen=True, slots=True)
class StoredExposure:
    """When an employee first reached a stage, in microseconds."""

    experiment: str
    version: int
    employee_id: str
    stage: Stage
    at: int


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the audit log."""

    at: datetime
    experiment: str
    version: int
    actor: str
    action: str
    detail: str


class ExperimentStore:
    """Experiments in a migrated database; safe for concurrent use, also by several processes.

    Whatever changes an experiment is one transaction with its line in the log. Of two assignments
    of an employee the first holds, and of two exposures the earlier one, in whatever order they
    arrive. Erasing an employee (:meth:`recsys.store.port.Store.erase`) deletes theirs, and none is
    kept afterwards.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, experiment: str, version: int, document: str, actor: str, at: datetime) -> bool:
        """Keep a new version; the same again changes nothing (False).

        Raises :class:`ExperimentConflictError` where the version exists with another document, or
        is not the next one.
        """
        with self._database.writing() as connection:
            take_turn(connection)
            held = {s.version: s for s in _stored(connection, _ALL.experiment == experiment)}
            if version in held and held[version].document == document:
                return False
            next_version = max(held, default=0) + 1
            if version != next_version:
                raise ExperimentConflictError(
                    f"experiment {experiment!r} is at version {next_version - 1} and what was "
                    f"designed is frozen; send a change as version {next_version}"
                )
            connection.execute(
                EXPERIMENTS.insert().values(
                    experiment=experiment, version=version, document=document, status="draft",
                    created_at=to_micros(at),
                )
            )  # fmt: skip
            _note(connection, experiment, version, actor, "create", "", at)
            return True

    def find(self, experiment: str, version: int | None = None) -> StoredExperiment | None:
        """Return a version (None: the newest); None if there is none."""
        with self._database.reading() as connection:
            found = _stored(connection, _ALL.experiment == experiment)
        wanted = (s for s in reversed(found) if version in (None, s.version))
        return next(wanted, None)

    def all(self) -> list[StoredExperiment]:
        """Return every version of every experiment, in the order they were made."""
        with self._database.reading() as connection:
            return _stored(connection, sa.true())

    def change(
        self, experiment: str, version: int, actor: str, action: str, at: datetime,
        *, expected: Sequence[ExperimentStatus], detail: str = "",
        assignments: Sequence[StoredAssignment] = (), **values: Any,  # noqa: ANN401  (columns)
    ) -> None:  # fmt: skip
        """Change columns of an experiment and note it, with assignments that begin with it.

        ``ramp`` and ``dropped`` are sequences. Raises :class:`ExperimentConflictError` unless the
        status is one of ``expected``.
        """
        columns = {name: _column(name, value) for name, value in values.items()}
        which = (_ALL.experiment == experiment) & (_ALL.version == version)
        with self._database.writing() as connection:
            take_turn(connection)
            status = connection.scalar(sa.select(_ALL.status).where(which))
            if status not in expected:
                raise ExperimentConflictError(
                    f"version {version} of experiment {experiment!r} is {status}; to {action} it "
                    f"has to be {' or '.join(expected)}"
                )
            if columns:
                connection.execute(EXPERIMENTS.update().where(which).values(**columns))
            _assign(connection, assignments)
            _note(connection, experiment, version, actor, action, detail, at)

    def assign(self, assignments: Sequence[StoredAssignment]) -> list[None]:
        """Keep assignments of whoever has none in that experiment yet."""
        with self._database.writing() as connection:
            take_turn(connection)
            _assign(connection, assignments)
        return [None] * len(assignments)

    def force(self, assignment: StoredAssignment, actor: str, at: datetime) -> None:
        """Put somebody into a variant, whatever they had; noted without their name."""
        mine = (
            (_ASSIGNED.experiment == assignment.experiment)
            & (_ASSIGNED.version == assignment.version)
            & (_ASSIGNED.employee_id == assignment.employee_id)
        )
        with self._database.writing() as connection:
            take_turn(connection)
            connection.execute(EXPERIMENT_ASSIGNMENTS.delete().where(mine))
            _assign(connection, [assignment])
            _note(
                connection, assignment.experiment, assignment.version, actor, "force",
                f"one employee into {assignment.variant}", at,
            )  # fmt: skip

    def assignments_after(self, number: int) -> tuple[int, list[StoredAssignment]]:
        """Return assignments of a number above this one, and the last number there is."""
        query = (
            sa.select(EXPERIMENT_ASSIGNMENTS).where(_ASSIGNED.number > number)
            .order_by(_ASSIGNED.number)
        )  # fmt: skip
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return (rows[-1].number if rows else number), [_assignment(row) for row in rows]

    def assignments(self, experiment: str, version: int) -> list[StoredAssignment]:
        """Return who is in a version, in the order of their assignment."""
        return self._assigned((_ASSIGNED.experiment == experiment) & (_ASSIGNED.version == version))

    def of_employee(self, employee_id: str) -> list[StoredAssignment]:
        """Return everything an employee was ever assigned to."""
        return self._assigned(_ASSIGNED.employee_id == employee_id)

    def expose(self, exposures: Sequence[StoredExposure]) -> list[None]:
        """Keep when somebody first reached a stage; an earlier moment replaces a later one."""
        earliest: dict[tuple[str, int, str, str], StoredExposure] = {}
        for one in exposures:
            key = (one.experiment, one.version, one.employee_id, one.stage)
            if key not in earliest or one.at < earliest[key].at:
                earliest[key] = one
        with self._database.writing() as connection:
            take_turn(connection)
            gone = erased(connection, {one.employee_id for one in earliest.values()})
            rows = [asdict(one) for one in earliest.values() if one.employee_id not in gone]
            if rows:
                insert = _insert(connection, EXPERIMENT_EXPOSURES)
                connection.execute(
                    insert.on_conflict_do_update(
                        index_elements=["experiment", "version", "employee_id", "stage"],
                        set_={"at": insert.excluded.at}, where=_EXPOSED.at > insert.excluded.at,
                    ),
                    rows,
                )  # fmt: skip
        return [None] * len(exposures)

    def exposures(self, experiment: str, version: int) -> list[StoredExposure]:
        """Return who reached which stage, and when."""
        mine = (_EXPOSED.experiment == experiment) & (_EXPOSED.version == version)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(EXPERIMENT_EXPOSURES).where(mine))
            return [StoredExposure(*row) for row in rows]

    def exposures_of(self, employee_id: str) -> list[StoredExposure]:
        """Return what an employee has reached in any experiment."""
        query = sa.select(EXPERIMENT_EXPOSURES).where(_EXPOSED.employee_id == employee_id)
        with self._database.reading() as connection:
            return [StoredExposure(*row) for row in connection.execute(query)]

    def keep_look(self, experiment: str, version: int, look: int, result: str, at: datetime) -> str:
        """Keep what was found at a planned look; return what was found first."""
        row = {
            "experiment": experiment, "version": version, "look": look, "at": to_micros(at),
            "result": result,
        }  # fmt: skip
        with self._database.writing() as connection:
            take_turn(connection)
            connection.execute(_insert(connection, EXPERIMENT_LOOKS).on_conflict_do_nothing(), row)
            return _looks(connection, experiment, version)[look][1]

    def looks(self, experiment: str, version: int) -> dict[int, tuple[datetime, str]]:
        """Return when each planned look was taken, and its result as JSON."""
        with self._database.reading() as connection:
            return _looks(connection, experiment, version)

    def history(self, experiment: str) -> list[LogEntry]:
        """Return who did what to an experiment, the oldest first."""
        query = sa.select(EXPERIMENT_LOG).where(_LOG.experiment == experiment)
        with self._database.reading() as connection:
            return [
                LogEntry(
                    from_micros(row.at), row.experiment, row.version, row.actor, row.action,
                    row.detail,
                )
                for row in connection.execute(query.order_by(_LOG.number))
            ]  # fmt: skip

    def last_entry(self) -> int:
        """Return the number of the last line of the log: it grows with every change."""
        with self._database.reading() as connection:
            last: int | None = connection.scalar(sa.select(sa.func.max(_LOG.number)))
        return last or 0

    def _assigned(self, condition: sa.ColumnElement[bool]) -> list[StoredAssignment]:
        query = sa.select(EXPERIMENT_ASSIGNMENTS).where(condition).order_by(_ASSIGNED.number)
        with self._database.reading() as connection:
            return [_assignment(row) for row in connection.execute(query)]


def _stored(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[StoredExperiment]:
    query = sa.select(EXPERIMENTS).where(condition)
    ordered = query.order_by(_ALL.created_at, _ALL.experiment, _ALL.version)
    return [_experiment(row) for row in connection.execute(ordered)]


def _experiment(row: Any) -> StoredExperiment:  # noqa: ANN401  (a row)
    return StoredExperiment(
        row.experiment, row.version, row.document, row.status, from_micros(row.created_at),
        _instant(row.started_at), _instant(row.stopped_at),
        tuple(Step(*step) for step in orjson.loads(row.ramp)), tuple(orjson.loads(row.dropped)),
        row.decision,
    )  # fmt: skip


def _assignment(row: Any) -> StoredAssignment:  # noqa: ANN401  (a row)
    return StoredAssignment(*row[1:])


def _assign(connection: sa.Connection, assignments: Sequence[StoredAssignment]) -> None:
    gone = erased(connection, {one.employee_id for one in assignments})
    rows = [asdict(one) for one in assignments if one.employee_id not in gone]
    if rows:
        insert = _insert(connection, EXPERIMENT_ASSIGNMENTS)
        connection.execute(insert.on_conflict_do_nothing(), rows)


def _looks(
    connection: sa.Connection, experiment: str, version: int
) -> dict[int, tuple[datetime, str]]:
    looks = EXPERIMENT_LOOKS.c
    mine = (looks.experiment == experiment) & (looks.version == version)
    rows = connection.execute(sa.select(EXPERIMENT_LOOKS).where(mine).order_by(looks.look))
    return {row.look: (from_micros(row.at), row.result) for row in rows}


def _note(
    connection: sa.Connection, experiment: str, version: int, actor: str, action: str,
    detail: str, at: datetime,
) -> None:  # fmt: skip
    connection.execute(
        EXPERIMENT_LOG.insert().values(
            at=to_micros(at), experiment=experiment, version=version, actor=actor, action=action,
            detail=detail,
        )
    )  # fmt: skip


def _column(name: str, value: Any) -> Any:  # noqa: ANN401  (of a column)
    if name == "ramp":
        return orjson.dumps([[step.at, step.share] for step in value]).decode()
    if name == "dropped":
        return orjson.dumps(list(value)).decode()
    return to_micros(value) if isinstance(value, datetime) else value


def _insert(connection: sa.Connection, table: sa.Table) -> Any:  # noqa: ANN401  (of the dialect)
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
