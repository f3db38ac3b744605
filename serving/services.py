"""What the routes work with, put together once."""

from asyncio import wrap_future
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from recsys.audience.named import read_named_segments
from recsys.settings import Settings
from recsys.slate.recipe import read_slate_recipe
from recsys.state.live import LiveState
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.key_store import KeyStore
from recsys.store.port import Store
from recsys.store.slate_log import LoggedSlate, SlateLog
from recsys.store.sql_store import SqlStore
from recsys.times import HOUR_US, from_micros
from serving.clock import Clock, last_moment, start_clock
from serving.group_commit import GroupCommit
from serving.ingest import Intake
from serving.keys import KeyCache
from serving.limits import RateLimit
from serving.metrics import Metrics
from serving.models import EventReport
from serving.newsletter.clicks import Clicks
from serving.newsletter.links import Links
from serving.newsletter.mailing import Mailing
from serving.newsletter.mails import NoMails
from serving.snapshots import Snapshots
from serving.tokens import Tokens
from serving.worker import Worker, build_state

_MOST_SLATES = 200
"""Of one transaction: some 10 ms, which the events of the same moment wait."""
_MOST_EVENTS = 2_000
"""Of one transaction: some 30 ms, which the feeds of the same moment wait."""

__all__ = ["Services", "ServicesDependency", "open_services"]


@dataclass(frozen=True, slots=True)
class Services:
    """The object graph of one server process.

    Everything in it may be used concurrently, except the limits: those belong to the event loop.
    """

    store: Store
    keys: KeyStore
    slates: SlateLog
    clock: Clock
    worker: Worker
    metrics: Metrics
    intake: Intake
    slate_writer: GroupCommit[LoggedSlate, LoggedSlate]
    event_writer: GroupCommit[Sequence[object], EventReport]
    key_cache: KeyCache
    tokens: Tokens
    key_limit: RateLimit
    token_limit: RateLimit
    mailing: Mailing

    async def keep(self, logged: LoggedSlate) -> LoggedSlate:
        """Return the slate that is kept for a request, once it would survive a power failure."""
        with self.metrics.stage("slate_log"):
            return await wrap_future(self.slate_writer.submit(logged))

    async def write_events(self, rows: Sequence[object]) -> EventReport:
        """Store events; when this returns they count in the next feed."""
        with self.metrics.stage("ingest"):
            return await wrap_future(self.event_writer.submit(rows))


@contextmanager
def open_services(settings: Settings, database: Database, metrics: Metrics) -> Iterator[Services]:
    """Open the store (migrating it if need be), load it into an engine and follow its log."""
    store = SqlStore(database)
    try:
        store.migrate()
        lateness_us = int(settings.lateness_hours * HOUR_US)
        slates, snapshots = SlateLog(database), Snapshots(settings.models_dir, store, lateness_us)
        number, state, clock = _start(settings, store, snapshots, lateness_us)

        def forget() -> None:
            slates.forget()
            snapshots.forget()

        worker = Worker(
            store, clock, settings.models_dir, state, number,
            named=read_named_segments(settings.segments),
            slate=read_slate_recipe(settings.slate),
            budget_seconds=settings.feed_budget_ms / 1_000, on_erasure=forget,
        )  # fmt: skip
        intake = Intake(store, slates, clock, worker)
        worker.start()
        slate_writer = GroupCommit("slates", slates.write, most=_MOST_SLATES)
        event_writer = GroupCommit(
            "events", intake.write_events, most=_MOST_EVENTS, size=lambda rows: max(len(rows), 1)
        )
        clicks = Clicks(lambda events: event_writer.submit(events).result())
        try:
            keys = KeyStore(database)
            secret = keys.token_secret()
            links, deliveries = Links(secret, settings.public_url), DeliveryLog(database)
            mailing = Mailing(store, NoMails(), links, deliveries, clicks, settings)
            yield Services(
                store, keys, slates, clock, worker, metrics, intake, slate_writer, event_writer,
                KeyCache(keys),
                Tokens(secret, timedelta(minutes=settings.token_minutes)),
                RateLimit(settings.key_requests_per_second),
                RateLimit(settings.token_requests_per_second),
                mailing,
            )  # fmt: skip
        finally:
            clicks.close()
            event_writer.close()
            slate_writer.close()
            worker.stop()
            with worker.engine() as (engine, _):
                snapshots.write(engine, worker.number)
    finally:
        store.close()


def _start(
    settings: Settings, store: Store, snapshots: Snapshots, lateness_us: int
) -> tuple[int, LiveState, Clock]:
    """Return a state, the last change that is in it, and a clock that goes on from there."""
    found = snapshots.latest()
    if found is not None:
        number, state = found
        clock = start_clock(settings.clock, from_micros(state.clock))
        clock.reach(from_micros(state.clock))
        return number, state, clock
    number, dataset = store.last_change(), store.load()
    clock = start_clock(settings.clock, last_moment(dataset["events"]))
    return number, build_state(dataset, clock.now(), lateness_us), clock


async def _services(request: Request) -> Services:  # on the event loop: no thread for a look-up
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDependency = Annotated[Services, Depends(_services)]
