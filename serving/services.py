"""What the routes work with, put together once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from recsys.audience.named import read_named_segments
from recsys.settings import Settings
from recsys.slate.recipe import read_slate_recipe
from recsys.store.database import Database
from recsys.store.key_store import KeyStore
from recsys.store.port import Store
from recsys.store.slate_log import SlateLog
from recsys.store.sql_store import SqlStore
from recsys.times import HOUR_US
from serving.clock import Clock, start_clock
from serving.keys import KeyCache
from serving.limits import RateLimit
from serving.metrics import Metrics
from serving.tokens import Tokens
from serving.worker import Worker

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
    key_cache: KeyCache
    tokens: Tokens
    key_limit: RateLimit
    token_limit: RateLimit


@contextmanager
def open_services(settings: Settings, database: Database, metrics: Metrics) -> Iterator[Services]:
    """Open the store (migrating it if need be), load it into an engine and follow its log."""
    store = SqlStore(database)
    try:
        store.migrate()
        number, dataset = store.last_change(), store.load()
        clock = start_clock(settings.clock, dataset["events"])
        lateness_us = int(settings.lateness_hours * HOUR_US)
        worker = Worker(
            store, clock, settings.models_dir, dataset, number, lateness_us=lateness_us,
            named=read_named_segments(settings.segments),
            slate=read_slate_recipe(settings.slate),
        )  # fmt: skip
        worker.start()
        try:
            keys = KeyStore(database)
            yield Services(
                store, keys, SlateLog(database), clock, worker, metrics, KeyCache(keys),
                Tokens(keys.token_secret(), timedelta(minutes=settings.token_minutes)),
                RateLimit(settings.key_requests_per_second),
                RateLimit(settings.token_requests_per_second),
            )  # fmt: skip
        finally:
            worker.stop()
    finally:
        store.close()


async def _services(request: Request) -> Services:  # on the event loop: no thread for a look-up
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDependency = Annotated[Services, Depends(_services)]
