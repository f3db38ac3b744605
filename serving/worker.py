"""One engine that follows the change log of the store."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar

import pandas as pd
import structlog
from starlette.concurrency import run_in_threadpool

from recsys.answers import FeedRequest, Slate, UpsertReport
from recsys.audience.named import NamedSegments
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.engine import Engine
from recsys.errors import StoreError
from recsys.plain_events import PlainEvent, encode_plain
from recsys.schema import TABLES
from recsys.slate.recipe import SlateRecipe
from recsys.state.live import LiveState
from recsys.store.bulk import CHANGE_NUMBER
from recsys.store.port import Changes, Fate, Store
from recsys.store.tables import TOMBSTONES
from recsys.times import to_micros
from serving.champion import find_champion
from serving.clock import Clock

__all__ = ["Question", "Worker", "build_state"]

_POLL_SECONDS = 0.2
"""How soon a change made by another process counts; own writes count at once."""

_STANDBY_SECONDS = 5.0
"""Age of the feed that stands by; it costs some milliseconds to compute."""
_STANDBY_SLOTS = 30
"""Enough for a page; who wants more comes back when the engine has time."""

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.001, 0.008
"""Between two looks whether the engine is free: about a feed's time, more where it takes longer."""

T = TypeVar("T")
Question = Callable[[Engine, datetime], T]

_log = structlog.get_logger()

_UPSERTS: dict[str, Callable[[Engine, pd.DataFrame], UpsertReport]] = {
    "contents": Engine.upsert_contents,
    "renditions": Engine.upsert_renditions,
    "employees": Engine.upsert_employees,
    "preferences": Engine.upsert_preferences,
}


def build_state(dataset: Dataset, at: datetime, lateness_us: int) -> LiveState:
    """Return the state at ``at`` of everything in ``dataset``, late events included."""
    catalogue = Catalogue.of(dataset)
    state = LiveState(catalogue, lateness_us=lateness_us)
    state.observe(catalogue.encode(dataset["events"]))
    state.advance(to_micros(at))
    return state


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
    state, number
        The state when the change ``number`` was the last one; later changes may be in.
    named
        The company's own segments, for audience rules.
    slate
        The slate policy.
    budget_seconds
        How long :meth:`ask` waits for an engine that is in use, or behind the log.
    on_erasure
        Called when somebody was erased, in whichever process.
    """

    def __init__(
        self, store: Store, clock: Clock, models_dir: Path, state: LiveState, number: int,
        *, named: NamedSegments, slate: SlateRecipe, budget_seconds: float,
        on_erasure: Callable[[], None],
    ) -> None:  # fmt: skip
        self._budget_seconds, self._on_erasure = budget_seconds, on_erasure
        self._catching: asyncio.Future[None] | None = None
        self._store = store
        self._clock = clock
        self._models_dir = models_dir
        self._named, self._slate = named, slate
        self._number = number
        self._champion = find_champion(models_dir)
        self._engine = self._on(state)
        self._follower, self._turn = Lock(), Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._follow, name="follower", daemon=True)
        self.standby = Slate("", "", "", "time_budget")
        """A feed for somebody unknown: what is asked of everybody, and what many read."""
        self._standby_until = 0.0
        self.failure: str | None = None
        """Why following failed last time; None while it works."""
        self.followed_at = monotonic()
        """When the log was last followed successfully, in seconds of the monotonic clock."""

    @property
    def catalogue(self) -> Catalogue:
        """Return the catalogue, for titles and the like: read without waiting for a turn."""
        return self._engine.state.catalogue

    @property
    def number(self) -> int:
        """Return the last change that counts."""
        return self._number

    def start(self) -> None:
        """Take in what is new, then follow the log and the champion in the background."""
        self.catch_up()
        self._refresh_standby()
        self._thread.start()

    def stop(self) -> None:
        """Stop following; returns when the background work has ended."""
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def engine(self) -> Iterator[tuple[Engine, datetime]]:
        """Lend the engine and the present moment, when all that is committed counts.

        Others wait, so be quick. Where the log cannot be read, what is known has to do.
        """
        try:
            self.catch_up()
        except StoreError as error:
            _log.warning("not_up_to_date", reason=str(error))
        with self._turn:
            yield self._engine, self._clock.now()

    async def ask(self, question: Question[T]) -> T | None:
        """Return the answer to a question about an up-to-date engine; None after the budget.

        The engine is asked on the caller's thread, the event loop's: handing over a question of two
        milliseconds would cost as much again. Where the log cannot be read, or is not read within
        the budget, what is known by now has to do.
        """
        deadline = monotonic() + self._budget_seconds
        await self._reach(deadline)
        wait_seconds = _FIRST_WAIT_SECONDS
        while not self._turn.acquire(blocking=False):
            if monotonic() > deadline:
                return None
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2.0 * wait_seconds, _LONGEST_WAIT_SECONDS)
        try:
            return question(self._engine, self._clock.now())
        finally:
            self._turn.release()

    def catch_up(self) -> None:
        """Let every change count that is committed now, whoever takes it in."""
        last = self._store.last_change()
        while self._number < last:
            # Whoever stores one group of events after the other hardly lets go of the lock, and
            # takes in what is waited for here.
            if self._follower.acquire(timeout=_LONGEST_WAIT_SECONDS):
                try:
                    self._follow_log()
                finally:
                    self._follower.release()

    def _follow_log(self) -> None:
        while (last := self._store.last_change()) > self._number:
            changes = list(self._store.changes(self._number))
            if any(run.table == TOMBSTONES.name for run in changes):
                self._rebuild()
            elif changes:
                self._apply(changes)
            else:  # numbers whose rows were erased
                self._number = last

    def append(self, events: Sequence[PlainEvent]) -> list[Fate]:
        """Store events and let them count; return what became of each.

        They count straight from memory if the log holds nothing before them that is not known
        yet. Nobody follows the log meanwhile: they would read what is at hand here.
        """
        with self._follower:
            appended = self._store.append(events)
            numbers = appended.numbers
            if numbers and self._number == numbers[0] - 1:
                fates = zip(events, appended.fates, strict=True)
                inserted = [event for event, fate in fates if fate == "inserted"]
                with self._turn:
                    state = self._engine.state
                    state.observe(encode_plain(inserted, state.catalogue))
                    self._number = numbers[-1]
                    state.advance(to_micros(self._clock.now()))  # or the next reader would
        self.catch_up()
        return appended.fates

    def _refresh_standby(self) -> None:
        """Compute the feed for when there is no time: everybody's, of some seconds ago."""
        if monotonic() < self._standby_until:
            return
        with self._turn:
            self._stand_by(self._engine)

    def _stand_by(self, engine: Engine) -> None:
        self.standby = engine.feed(FeedRequest("", self._clock.now(), _STANDBY_SLOTS))
        self._standby_until = monotonic() + _STANDBY_SECONDS

    def follow_champion(self) -> None:
        """Change over to a newly promoted champion; the state stays."""
        champion = find_champion(self._models_dir, self._champion)
        if champion is self._champion:
            return
        with self._follower:  # nobody changes the catalogue, while others go on being answered
            engine = Engine(champion.model, self._engine.state, [], self._named, self._slate)
            with self._turn:
                # On a new machine its first feed compiles for a while: here, where others get
                # everybody's feed meanwhile, and not on the event loop, where all would wait.
                self._stand_by(engine)
                self._champion, self._engine = champion, engine
        _log.info("champion", version=champion.model.version)

    async def _reach(self, deadline: float) -> None:
        """Wait until all counts that is committed now, for some time."""
        try:
            last, wait_seconds = self._store.last_change(), _FIRST_WAIT_SECONDS
            while last > self._number and monotonic() < deadline:
                if self._catching is None or self._catching.done():
                    self._catching = asyncio.ensure_future(run_in_threadpool(self.catch_up))
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2.0 * wait_seconds, _LONGEST_WAIT_SECONDS)
                if self._catching.done():
                    self._catching.result()
        except StoreError as error:
            _log.warning("not_up_to_date", reason=str(error))

    def _apply(self, changes: Sequence[Changes]) -> None:
        with self._turn:
            for run in changes:
                if run.table == "events":
                    self._clock.reach(run.frame["received_at"].max().to_pydatetime())
                _apply_run(self._engine, run)
                self._number = run.last_number

    def _rebuild(self) -> None:
        """Build the state anew from what is left, beside the one that goes on answering."""
        number = self._store.last_change()
        lateness_us = self._engine.state.lateness_us
        engine = self._on(build_state(self._store.load(), self._clock.now(), lateness_us))
        with self._turn:
            self._engine, self._number = engine, number
        self._on_erasure()

    def _on(self, state: LiveState) -> Engine:
        """Return an engine on a state; it keeps no log of its own, the store is the log."""
        return Engine(self._champion.model, state, [], self._named, self._slate)

    def _follow(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            try:
                self.catch_up()
                self.follow_champion()
                self._refresh_standby()
                self.failure = None
                self.followed_at = monotonic()
            except Exception as error:  # noqa: BLE001  (a rim: the next poll may succeed)
                if self.failure is None:
                    _log.error("follower_failed", exc_info=True)
                self.failure = f"{type(error).__name__}: {error}"


def _apply_run(engine: Engine, run: Changes) -> None:
    frame = run.frame.drop(columns=CHANGE_NUMBER)
    if run.table == "events":
        engine.state.observe(engine.state.catalogue.encode(frame))
    elif run.table in _UPSERTS:
        # A run holds every version; the checks at the engine's border would keep the first.
        latest = frame.drop_duplicates(list(TABLES[run.table].key), keep="last")
        _UPSERTS[run.table](engine, latest)
