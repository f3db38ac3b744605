"""What the routes work with, put together once."""

from asyncio import wrap_future
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from experiments.running.lifecycle import Experiments
from recsys.settings import Settings
from recsys.store.audit_log import AuditLog
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.experiment_store import ExperimentStore
from recsys.store.key_store import KeyStore
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.port import Store
from recsys.store.slate_log import LoggedSlate, SlateLog
from recsys.store.sql_store import SqlStore
from serving.arm_feeds import ArmFeeds
from serving.clock import Clock
from serving.group_commit import GroupCommit
from serving.ingest import Intake
from serving.keys import KeyCache
from serving.limits import RateLimit
from serving.metrics import Metrics
from serving.models import EventReport
from serving.newsletter.clicks import Clicks
from serving.newsletter.jobs import Jobs
from serving.newsletter.links import Links
from serving.newsletter.mailing import Mailing
from serving.newsletter.plan_states import PlanStates
from serving.starting import make_worker, snapshots_of
from serving.tokens import Tokens
from serving.worker import Worker

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
    audits: AuditLog
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
    newsletters: NewsletterStore
    jobs: Jobs
    mailing: Mailing
    clicks: Clicks
    experiments: Experiments
    arms: ArmFeeds

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
        slates, snapshots = SlateLog(database), snapshots_of(settings, store)
        states, newsletters = PlanStates(settings.models_dir, store), NewsletterStore(database)
        experiments = Experiments(ExperimentStore(database), settings.models_dir)
        arms = ArmFeeds(experiments.store, settings.models_dir)

        def forget() -> None:
            slates.forget()
            snapshots.forget()
            states.forget()
            arms.forget()

        worker, clock = make_worker(settings, store, snapshots, forget)
        intake = Intake(store, slates, clock, worker)
        worker.start()
        arms.start()
        jobs = Jobs(settings)
        for unfinished in newsletters.unfinished():
            jobs.start(*unfinished)
        slate_writer = GroupCommit("slates", slates.write, most=_MOST_SLATES)
        event_writer = GroupCommit(
            "events", intake.write_events, most=_MOST_EVENTS, size=lambda rows: max(len(rows), 1)
        )
        clicks = Clicks(lambda events: event_writer.submit(events).result())
        try:
            keys = KeyStore(database)
            secret = keys.token_secret()
            links = Links(secret, settings.public_url)
            mailing = Mailing(settings, store, newsletters, DeliveryLog(database), links)
            yield Services(
                store, keys, AuditLog(database), slates, clock, worker, metrics, intake,
                slate_writer, event_writer, KeyCache(keys),
                Tokens(secret, timedelta(minutes=settings.token_minutes)),
                RateLimit(settings.key_requests_per_second),
                RateLimit(settings.token_requests_per_second), newsletters, jobs, mailing,
                clicks, experiments, arms,
            )  # fmt: skip
        finally:
            clicks.close()
            jobs.close()
            event_writer.close()
            slate_writer.close()
            arms.stop()
            worker.stop()
            with worker.engine() as (engine, _):
                snapshots.write(engine, worker.number)
    finally:
        store.close()


async def _services(request: Request) -> Services:  # on the event loop: no thread for a look-up
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


ServicesDependency = Annotated[Services, Depends(_services)]
