"""Experiments in feeds: who gets what is applied, told, and noted for the verdict."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import structlog

from experiments.running.arms import Arm, LiveArms
from experiments.running.definition import Variant
from recsys.answers import FeedRequest, Slate
from recsys.engine import Engine
from recsys.slate.recipe import SlateRecipe, changed_recipe
from recsys.store.experiment_store import (
    ExperimentStore,
    Stage,
    StoredAssignment,
    StoredExposure,
)
from recsys.times import to_micros
from serving.arm_models import ArmModels
from serving.group_commit import GroupCommit

__all__ = ["ArmFeeds", "attribute_of"]

_POLL_SECONDS = 0.5
"""How soon counts what another process changed about an experiment."""
_MOST_NOTES = 500
"""Of one transaction: some 10 ms."""

_Note = StoredAssignment | StoredExposure
_log = structlog.get_logger()


class ArmFeeds:
    """Serves feeds under the running experiments of this process.

    Feeds are asked for while the engine is lent to one caller, so only that caller is in here;
    notes are written in the background, since nobody should wait for them.
    """

    def __init__(self, store: ExperimentStore, models_dir: Path) -> None:
        self.live = LiveArms(store)
        self._models = ArmModels(models_dir)
        self._store = store
        self._noted: set[tuple[str, int, str, str]] = set()
        """What this process wrote already: experiment, version, employee, and the stage."""
        self._recipes: dict[tuple[str, int, str, str], SlateRecipe] = {}
        self._writer = GroupCommit("experiments", self._write, most=_MOST_NOTES)
        self._stopping = Event()
        self._thread = Thread(target=self._follow, name="experiments", daemon=True)

    def start(self) -> None:
        """Read what there is, then follow the store in the background."""
        self._refresh()
        self._thread.start()

    def stop(self) -> None:
        """Stop following and write every note."""
        self._stopping.set()
        self._thread.join()
        self._writer.close()

    def feed(
        self, engine: Engine, request: FeedRequest, *, is_begun: bool,
        answer: Callable[[Engine, FeedRequest], Slate],
    ) -> tuple[Slate, list[dict[str, Any]]]:  # fmt: skip
        """Return the slate under this employee's arms, and what they are told of those.

        Whether the variants differ for them is found out by asking for the others' slates too,
        once: not again after it was so, and not for later pages of a slate.
        """
        arms = self.live.of(
            request.employee_id, request.surface, attribute_of(engine, request.employee_id,
                                                               request.at)
        )  # fmt: skip
        with self.applied(engine, arms) as asked:
            slate = answer(asked, request)
        if not is_begun:
            for arm in arms:
                self._note_served(engine, request, arm, arms, slate)
        return slate, [arm.answer() for arm in arms]

    def of(self, engine: Engine, employee_id: str, surface: str, at: datetime) -> list[Arm]:
        """Return somebody's arms without serving or noting anything."""
        return self.live.of(employee_id, surface, attribute_of(engine, employee_id, at))

    @contextmanager
    def applied(
        self, engine: Engine, arms: Sequence[Arm], instead: tuple[Arm, str] | None = None
    ) -> Iterator[Engine]:
        """Lend what answers under some arms: the engine of their model, with their slate policy.

        ``instead`` puts another variant in the place of one.
        """
        usual, chosen = engine.slates.recipe, _chosen(arms, instead)
        recipe = self._recipe(usual, chosen)
        asked = self._models.engine(engine, [variant for _, variant in chosen])
        if recipe is usual:
            yield asked
            return
        asked.slates.use(recipe)
        try:
            yield asked
        finally:
            asked.slates.use(usual)

    def note(self, notes: Sequence[_Note]) -> list["Future[None]"]:
        """Write notes in the background; nobody has to wait for them."""
        return [self._writer.submit(note) for note in notes]

    def _note_served(
        self, engine: Engine, request: FeedRequest, arm: Arm, arms: Sequence[Arm], slate: Slate
    ) -> None:
        mine, at = arm.assignment, to_micros(request.at)
        if arm.is_new and self._is_first(mine, "assigned"):
            self.note([mine])
        for stage in self._stages(engine, request, arm, arms, slate):
            if self._is_first(mine, stage):
                exposure = StoredExposure(
                    mine.experiment, mine.version, mine.employee_id, stage, at
                )
                self.note([exposure])

    def _stages(
        self, engine: Engine, request: FeedRequest, arm: Arm, arms: Sequence[Arm], slate: Slate
    ) -> Iterator[Stage]:
        yield "served"
        mine = arm.assignment
        if (mine.experiment, mine.version, mine.employee_id, "differing") in self._noted:
            return
        if self._differs(engine, request, arm, arms, slate):
            yield "differing"

    def _differs(
        self, engine: Engine, request: FeedRequest, arm: Arm, arms: Sequence[Arm], slate: Slate
    ) -> bool:
        """Whether another variant would have answered this request differently."""
        mine = arm.running.definition.variant(str(arm.assignment.variant))
        shown = _shown(slate)
        for other in arm.running.definition.variants:
            if other.name == mine.name or other.name in arm.running.stored.dropped:
                continue
            if other.parameters != mine.parameters:
                return True
            if (other.slate, other.models) == (mine.slate, mine.models):
                continue
            with self.applied(engine, arms, (arm, other.name)) as asked:
                if _shown(asked.feed(request)) != shown:
                    return True
        return False

    def _recipe(self, usual: SlateRecipe, chosen: Sequence[tuple[Arm, Variant]]) -> SlateRecipe:
        """Return the policy of some variants."""
        recipe = usual
        for arm, variant in chosen:
            if variant.slate:
                key = (*arm.running.key, variant.name, recipe.version)
                if key not in self._recipes:
                    self._recipes[key] = changed_recipe(recipe, variant.slate, arm.running.key[0])
                recipe = self._recipes[key]
        return recipe

    def _is_first(self, mine: StoredAssignment, stage: str) -> bool:
        key = (mine.experiment, mine.version, mine.employee_id, stage)
        is_first = key not in self._noted
        self._noted.add(key)
        return is_first

    def forget(self) -> None:
        """Forget what is remembered; call after somebody was erased."""
        self._noted.clear()
        self.live.forget()

    def _write(self, notes: Sequence[_Note]) -> list[None]:
        try:
            assigned = [note for note in notes if isinstance(note, StoredAssignment)]
            exposed = [note for note in notes if isinstance(note, StoredExposure)]
            if assigned:
                self._store.assign(assigned)
            if exposed:
                self._store.expose(exposed)
        except Exception:
            self._noted.clear()  # the next feeds note it again; again is the same
            _log.error("experiments_not_noted", exc_info=True)
            raise
        return [None] * len(notes)

    def _refresh(self) -> None:
        self.live.refresh()
        self._models.read(self.live.variants)

    def _follow(self) -> None:
        is_failing = False
        while not self._stopping.wait(_POLL_SECONDS):
            try:
                self._refresh()
                is_failing = False
            except Exception:  # noqa: BLE001  (a rim: the next poll may succeed)
                if not is_failing:
                    _log.error("experiments_not_followed", exc_info=True)
                is_failing = True


def _chosen(
    arms: Sequence[Arm], instead: tuple[Arm, str] | None = None
) -> list[tuple[Arm, Variant]]:
    """Return the variant of each arm; ``instead`` puts another in the place of one."""
    other, name = instead or (None, "")
    names = [name if arm is other else str(arm.assignment.variant) for arm in arms]
    return [
        (arm, arm.running.definition.variant(name)) for arm, name in zip(arms, names, strict=True)
    ]


def attribute_of(engine: Engine, employee_id: str, at: datetime) -> Callable[[str], str]:
    """Return what gives an employee's attributes at a moment, empty where nothing is known."""
    employees = engine.state.catalogue.employees

    def attribute(name: str) -> str:
        version = employees.version_at(employees.ids.index(employee_id), to_micros(at))
        return employees.text(name, version)

    return attribute


def _shown(slate: Slate) -> list[tuple[str, str]]:
    return [(item.content_id, item.rendition_id) for item in slate.items]
