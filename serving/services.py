"""What the routes work with, put together once."""

from collections.abc import Iterator
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
from recsys.store.slate_log import SlateLog
from recsys.store.sql_store import SqlStore
from recsys.times import HOUR_US
from serving.clock import Clock, start_clock
from serving.worker import Worker

__all__ = ["Services", "ServicesDependency", "open_services"]


@dataclass(frozen=True, slots=True)
class Services:
    """The object graph of one server process; everything in it may be used concurrently."""

    store: Store
    keys: KeyStore
    slates: SlateLog
    clock: Clock
    worker: Worker


@contextmanager
def open_services(settings: Settings, database: Database) -> Iterator[Services]:
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
            yield Services(store, KeyStore(database), SlateLog(database), clock, worker)
        finally:
            worker.stop()
    finally:
        store.close()


def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDependency = Annotated[Services, Depends(_services)]
