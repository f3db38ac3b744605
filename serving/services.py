"""What the routes work with, put together once."""

from asyncio import wrap_future
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from recsys.audience.named import read_named_segments
from recsys.settings import Settings
from recsys.slate.recipe import read_slate_recipe
from recsys.store.database import Database
from recsys.store.key_store import KeyStore
from recsys.store.port import Store
from recsys.store.slate_log import LoggedSlate, SlateLog
from recsys.store.sql_store import SqlStore
from recsys.times import HOUR_US
from serving.clock import Clock, start_clock
from serving.group_commit import GroupCommit
from serving.ingest import Intake
from serving.models import EventReport
from serving.worker import Worker

_MOST_SLATES = 200
"""Of one transaction: some 10 ms, which the events of the same moment wait."""
_MOST_EVENTS = 2_000
"""Of one transaction: some 30 ms, which the feeds of the same moment wait."""

__all__ = ["Services", "ServicesDependency", "open_services"]


@dataclass(frozen=True, slots=True)
class Services:
    """The object graph of one server process; everything in it may be used concurrently."""

    store: Store
    keys: KeyStore
    slates: SlateLog
    clock: Clock
    worker: Worker
    intake: Intake
    slate_writer: GroupCommit[LoggedSlate, LoggedSlate]
    event_writer: GroupCommit[Sequence[object], EventReport]

    async def keep(self, logged: LoggedSlate) -> LoggedSlate:
        """Return the slate that is kept for a request, once it would survive a power failure."""
        return await wrap_future(self.slate_writer.submit(logged))

    async def write_events(self, rows: Sequence[object]) -> EventReport:
        """Store events; when this returns they count in the next feed."""
        return await wrap_future(self.event_writer.submit(rows))


@contextmanager
def open_services(settings: Settings, database: Database) -> Iterator[Services]:
    """Open the store (migrating it if need be), load it into an engine and follow its log."""
    store = SqlStore(database)
    try:
        store.migrate()
        number, dataset = store.last_change(), store.load()
        clock = start_clock(settings.clock, dataset["events"])
        lateness_us = int(settings.lateness_hours * HOUR_US)
        slates = SlateLog(database)
        worker = Worker(
            store, clock, settings.models_dir, dataset, number, lateness_us=lateness_us,
            named=read_named_segments(settings.segments),
            slate=read_slate_recipe(settings.slate),
            budget_seconds=settings.feed_budget_ms / 1_000, on_erasure=slates.forget,
        )  # fmt: skip
        intake = Intake(store, slates, clock, worker)
        worker.start()
        slate_writer = GroupCommit("slates", slates.write, most=_MOST_SLATES)
        event_writer = GroupCommit(
            "events", intake.write_events, most=_MOST_EVENTS, size=lambda rows: max(len(rows), 1)
        )
        try:
            yield Services(
                store, KeyStore(database), slates, clock, worker, intake, slate_writer, event_writer
            )
        finally:
            event_writer.close()
            slate_writer.close()
            worker.stop()
    finally:
        store.close()


async def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDependency = Annotated[Services, Depends(_services)]
