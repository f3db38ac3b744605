"""Who gets what now: all running experiments and assignments in memory, following the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from experiments.running.definition import UNIT_ATTRIBUTE, Definition, Variant, read_definition
from experiments.running.drawing import draw_joiner
from recsys.store.experiment_store import ExperimentStore, StoredAssignment, StoredExperiment
from recsys.times import from_micros

__all__ = ["Arm", "LiveArms", "Running"]

_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Running:
    """An experiment that serves its variants."""

    definition: Definition
    stored: StoredExperiment

    @property
    def key(self) -> _Key:
        """Return experiment and version."""
        return self.stored.experiment, self.stored.version

    def serves(self, assignment: StoredAssignment) -> bool:
        """Whether an assignment is applied now: forced ones always, others as the ramp says."""
        is_on = assignment.source == "forced" or assignment.place < self.stored.share
        return (
            assignment.variant is not None
            and is_on
            and (assignment.variant not in self.stored.dropped)
        )


@dataclass(frozen=True, slots=True)
class Arm:
    """One employee's part in one running experiment."""

    running: Running
    assignment: StoredAssignment
    is_new: bool
    """Not in the store yet: whoever serves it keeps it."""

    def answer(self) -> dict[str, Any]:
        """Return what a caller is told."""
        definition, mine = self.running.definition, self.assignment
        variant = None if mine.variant is None else definition.variant(mine.variant)
        return {
            "experiment": mine.experiment, "version": mine.version, "unit_type": definition.unit,
            "unit_id": mine.unit_id, "variant": mine.variant, "source": mine.source,
            "bucket": mine.bucket, "parameters": dict(variant.parameters) if variant else {},
        }  # fmt: skip


class LiveArms:
    """The arms of everybody in one process; safe for concurrent use, readers never wait.

    :meth:`refresh` reads what is new, :meth:`forget` lets the next one read everything again.
    """

    def __init__(self, store: ExperimentStore) -> None:
        self._store = store
        self._lock = Lock()
        self._last_entry = -1
        self._last_assignment = 0
        self._by_surface: Mapping[str, tuple[Running, ...]] = {}
        self._people: dict[str, dict[_Key, StoredAssignment]] = {}
        self._units: dict[_Key, dict[str, StoredAssignment]] = {}
        """What was drawn for a team, department or site, for whoever joins it."""
        self._joiners: dict[tuple[_Key, str], StoredAssignment | None] = {}

    def refresh(self) -> None:
        """Take in what changed in the store; cheap if nothing did."""
        with self._lock:
            last_entry = self._store.last_entry()
            self._last_assignment, rows = self._store.assignments_after(self._last_assignment)
            for row in rows:
                self._people.setdefault(row.employee_id, {})[row.experiment, row.version] = row
                if row.source != "forced":
                    self._units.setdefault((row.experiment, row.version), {})[row.unit_id] = row
            if last_entry != self._last_entry or rows:
                self._joiners = {}
            if last_entry != self._last_entry:
                self._by_surface = _by_surface(self._store.all())
                self._last_entry = last_entry

    def forget(self) -> None:
        """Forget everybody; call after somebody was erased, or to read all anew."""
        with self._lock:
            self._people, self._units, self._joiners = {}, {}, {}
            self._last_entry, self._last_assignment = -1, 0
        self.refresh()

    @property
    def variants(self) -> list[Variant]:
        """Return the variants of all running experiments."""
        running = {one.key: one for ones in self._by_surface.values() for one in ones}
        return [variant for one in running.values() for variant in one.definition.variants]

    def running(self, surface: str) -> tuple[Running, ...]:
        """Return the experiments that serve their variants on a surface."""
        return self._by_surface.get(surface, ())

    def of(self, employee_id: str, surface: str, attribute: Callable[[str], str]) -> list[Arm]:
        """Return an employee's arms on a surface, those that serve nothing now left out.

        ``attribute`` gives the present value of one of theirs, and is asked only about somebody
        who is not assigned yet. Asking changes nothing: whoever serves the arm keeps it.
        """
        running = self._by_surface.get(surface, ())
        if not running or not employee_id.strip():
            return []
        mine = self._people.get(employee_id, {})
        arms, is_taken = [], any(one.key in mine and one.serves(mine[one.key]) for one in running)
        for one in running:
            assignment, is_new = mine.get(one.key), False
            # Who changed teams could come into a second experiment of the same surface.
            if assignment is None and not is_taken:
                assignment, is_new = self._join(one, employee_id, attribute), True
            if assignment is not None and one.serves(assignment):
                arms.append(Arm(one, assignment, is_new))
                is_taken = True
        return arms

    def _join(
        self, running: Running, employee_id: str, attribute: Callable[[str], str]
    ) -> StoredAssignment | None:
        unit = running.definition.unit
        unit_id = employee_id if unit == "employee" else attribute(UNIT_ATTRIBUTE[unit])
        memo = running.key, employee_id if unit == "employee" else f"{unit_id}\0{employee_id}"
        if memo not in self._joiners:
            self._joiners[memo] = self._joined(running, employee_id, unit_id)
        return self._joiners[memo]

    def _joined(self, running: Running, employee_id: str, unit_id: str) -> StoredAssignment | None:
        definition, at = running.definition, running.stored.ramp[-1].at
        known = self._units.get(running.key, {}).get(unit_id)
        if known is not None and definition.unit != "employee":
            return StoredAssignment(
                *running.key, employee_id, unit_id, known.variant, known.source, known.bucket,
                known.place, known.stratum, at,
            )  # fmt: skip
        drawn = draw_joiner(definition, unit_id, running.stored.dropped)
        if drawn is None:
            return None
        return StoredAssignment(
            *running.key, employee_id, unit_id, drawn.variant, drawn.source, drawn.bucket,
            drawn.place, drawn.stratum, at,
        )  # fmt: skip


def _by_surface(stored: list[StoredExperiment]) -> dict[str, tuple[Running, ...]]:
    """Return the running experiments of every surface, the oldest first."""
    found: dict[str, list[Running]] = {}
    running = [one for one in stored if one.status == "running"]
    for one in sorted(running, key=lambda one: (one.started_at or from_micros(0), one.experiment)):
        definition = read_definition(one.document)
        for surface in definition.surfaces:
            found.setdefault(surface, []).append(Running(definition, one))
    return {surface: tuple(ones) for surface, ones in found.items()}
