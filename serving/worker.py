"""One engine that follows the change log of the store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

import pandas as pd
import structlog

from recsys.answers import UpsertReport
from recsys.audience.named import NamedSegments
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.engine import Engine
from recsys.model import Model
from recsys.schema import TABLES
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe
from recsys.state.live import LiveState
from recsys.store.bulk import CHANGE_NUMBER
from recsys.store.port import Changes, Store
from recsys.store.tables import TOMBSTONES
from recsys.times import to_micros
from serving.champion import find_champion
from serving.clock import Clock

__all__ = ["Worker", "build_engine"]

_POLL_SECONDS = 0.2
"""How soon a change made by another process counts; own writes count at once."""

_log = structlog.get_logger()

_UPSERTS: dict[str, Callable[[Engine, pd.DataFrame], UpsertReport]] = {
    "contents": Engine.upsert_contents,
    "renditions": Engine.upsert_renditions,
    "employees": Engine.upsert_employees,
    "preferences": Engine.upsert_preferences,
}


def build_engine(
    dataset: Dataset, model: Model, *, at: datetime, lateness_us: int,
    named: NamedSegments | None = None, slate: SlateRecipe = DEFAULT_SLATE,
) -> Engine:  # fmt: skip
    """Return an engine at ``at`` that knows everything in ``dataset``, late events included.

    It keeps no log of its own: the store is the log.
    """
    catalogue = Catalogue.of(dataset)
    state = LiveState(catalogue, lateness_us=lateness_us)
    state.observe(catalogue.encode(dataset["events"]))
    state.advance(to_micros(at))
    return Engine(model, state, [], named, slate)


class Worker:
    """Owns an engine, lends it to one caller at a time and keeps it up to date.

    Two locks: the follower's is held while changes are read or the state is rebuilt, the
    engine's only while it is used or changed, so that feeds do not wait for the database. Always
    taken in this order.

    Parameters
    ----------
    store
        Whose change log is followed.
    clock
        Where moments come from; they are drawn under the engine's lock, so they never decrease.
    models_dir
        Where the champion is looked up, again at every poll.
    dataset, number
        What the store held when the change ``number`` was the last one; later changes may be in.
    lateness_us
        Passed to the live state.
    named
        The company's own segments, for audience rules.
    slate
        The slate policy.
    """

    def __init__(
        self, store: Store, clock: Clock, models_dir: Path, dataset: Dataset, number: int,
        *, lateness_us: int, named: NamedSegments | None = None,
        slate: SlateRecipe = DEFAULT_SLATE,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._models_dir = models_dir
        self._lateness_us = lateness_us
        self._named, self._slate = named, slate
        self._number = number
        self._champion = find_champion(models_dir)
        self._engine = self._build(dataset)
        self._follower, self._turn = Lock(), Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._follow, name="follower", daemon=True)
        self.failure: str | None = None
        """Why following failed last time; None while it works."""
        self.followed_at = monotonic()
        """When the log was last followed successfully, in seconds of the monotonic clock."""

    @property
    def number(self) -> int:
        """Return the last change that counts."""
        return self._number

    def start(self) -> None:
        """Begin to follow the log and the champion in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following; returns when the background work has ended."""
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def engine(self) -> Iterator[tuple[Engine, datetime]]:
        """Lend the engine and the present moment; others wait, so be quick."""
        with self._turn:
            yield self._engine, self._clock.now()

    def catch_up(self) -> None:
        """Take in every change that is committed now; when it returns they count."""
        with self._follower:
            while (last := self._store.last_change()) > self._number:
                changes = list(self._store.changes(self._number))
                if any(run.table == TOMBSTONES.name for run in changes):
                    self._rebuild()
                elif changes:
                    self._take_in(changes)
                else:  # numbers whose rows were erased
                    self._number = last

    def follow_champion(self) -> None:
        """Change over to a newly promoted champion; the state stays."""
        champion = find_champion(self._models_dir, self._champion)
        if champion is self._champion:
            return
        with self._follower:  # nobody changes the catalogue, while others go on being answered
            engine = Engine(champion.model, self._engine.state, [], self._named, self._slate)
            with self._turn:
                self._champion, self._engine = champion, engine
        _log.info("champion", version=champion.model.version)

    def _take_in(self, changes: Sequence[Changes]) -> None:
        with self._turn:
            for run in changes:
                _apply(self._engine, run)
                self._number = run.last_number

    def _rebuild(self) -> None:
        """Build the state anew from what is left, beside the one that goes on answering."""
        number = self._store.last_change()
        engine = self._build(self._store.load())
        with self._turn:
            self._engine, self._number = engine, number

    def _build(self, dataset: Dataset) -> Engine:
        return build_engine(
            dataset, self._champion.model, at=self._clock.now(), lateness_us=self._lateness_us,
            named=self._named, slate=self._slate,
        )  # fmt: skip

    def _follow(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            try:
                self.catch_up()
                self.follow_champion()
                self.failure = None
                self.followed_at = monotonic()
            except Exception as error:  # noqa: BLE001  (a rim: the next poll may succeed)
                if self.failure is None:
                    _log.error("follower_failed", exc_info=True)
                self.failure = f"{type(error).__name__}: {error}"


def _apply(engine: Engine, run: Changes) -> None:
    frame = run.frame.drop(columns=CHANGE_NUMBER)
    if run.table == "events":
        engine.state.observe(engine.state.catalogue.encode(frame))
    elif run.table in _UPSERTS:
        # A run holds every version; the checks at the engine's border would keep the first.
        latest = frame.drop_duplicates(list(TABLES[run.table].key), keep="last")
        _UPSERTS[run.table](engine, latest)
