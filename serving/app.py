"""The HTTP application, composed."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import resources
from importlib.metadata import version

import structlog
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from recsys.settings import Settings
from recsys.store.database import Database
from serving.metrics import Metrics
from serving.middleware import AccessLog, BodyLimit, Defects, SecurityHeaders
from serving.nul import RefuseNul
from serving.openapi import describe
from serving.portal.media_files import MediaFiles
from serving.problems import add_handlers
from serving.routes import (
    audiences,
    catalogue,
    catalogue_reads,
    compliance,
    employees,
    events,
    experiments,
    explain,
    feed,
    format_advice,
    formats,
    mail,
    newsletter_preview,
    newsletters,
    operations,
    portal,
    reach,
    related,
    reports,
    signage,
    widget,
)
from serving.services import open_services

__all__ = ["create_app"]

_log = structlog.get_logger()


def create_app(settings: Settings) -> FastAPI:
    """Return the application for one process; store and model are opened when it starts.

    Handlers are plain functions on the framework's thread pool: an engine call is computation
    under a lock and the store's calls block, while the event loop stays free to accept.
    """
    metrics = Metrics()
    app = FastAPI(
        title="recsys",
        version=version("recsys"),
        summary="Personal feeds for the intranet.",
        lifespan=_lifespan(settings, Database(settings.database_url), metrics),
        generate_unique_id_function=lambda route: route.name,  # names of generated clients
        redoc_url=None,
    )
    for module in (
        feed, signage, formats, format_advice, audiences, explain, reach, related, events,
        catalogue, catalogue_reads, compliance, employees, experiments, newsletters,
        newsletter_preview, reports, operations, widget,
    ):  # fmt: skip
        app.include_router(module.router)
    app.include_router(mail.router)
    if settings.demo:
        app.include_router(portal.router)
        files = resources.files("serving.portal")
        app.mount("/portal/media", MediaFiles(directory=str(files / "media")), name="media")
        app.mount("/static", StaticFiles(directory=str(files / "static")), name="static")
    describe(app)
    add_handlers(app)
    # The last one added is the outermost: it sees every answer, a defect's included.
    app.add_middleware(RefuseNul)
    app.add_middleware(BodyLimit)
    app.add_middleware(Defects)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT"],  # what an employee's token opens
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, metrics=metrics)
    return app


def _lifespan(
    settings: Settings, database: Database, metrics: Metrics
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = open_services(settings, database, metrics)
        app.state.services = services = await run_in_threadpool(opened.__enter__)
        gc.collect()
        gc.freeze()  # what was loaded stays; to look through it for garbage takes long
        _log.info("started", clock=settings.clock, demo=settings.demo)
        try:
            yield
        finally:
            await run_in_threadpool(opened.__exit__, None, None, None)
            _log.info("stopped", change=services.worker.number)

    return lifespan
