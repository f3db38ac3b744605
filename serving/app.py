"""The HTTP application, composed."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from importlib.resources import files

import structlog
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from recsys.commands._shared import load_settings
from recsys.logs import configure_logging
from recsys.settings import Settings
from recsys.store.database import Database
from serving.middleware import AccessLog, BodyLimit, SecurityHeaders
from serving.problems import PROBLEM_RESPONSES, add_handlers
from serving.routes import (
    audiences,
    catalogue,
    employees,
    events,
    explain,
    feed,
    format_advice,
    formats,
    operations,
    portal,
    reach,
    related,
)
from serving.services import open_services

__all__ = ["app_from_environment", "create_app"]

_SWITCH_SECONDS = 0.0005
"""How soon a thread that answers gets its turn beside one that stores events; Python's 5 ms are
longer than a feed takes."""

_log = structlog.get_logger()


def app_from_environment() -> FastAPI:
    """Return the application that the settings of the environment describe, for a server process.

    Log lines and the switching of threads are set up for the whole process.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    sys.setswitchinterval(_SWITCH_SECONDS)
    return create_app(settings)


def create_app(settings: Settings) -> FastAPI:
    """Return the application for one process; store and model are opened when it starts.

    Handlers are plain functions on the framework's thread pool: an engine call is computation
    under a lock and the store's calls block, while the event loop stays free to accept.
    """
    app = FastAPI(
        title="recsys",
        version=version("recsys"),
        summary="Personal feeds for the intranet.",
        lifespan=_lifespan(settings, Database(settings.database_url)),
        responses=PROBLEM_RESPONSES,
        redoc_url=None,
    )
    for module in (
        feed, formats, format_advice, audiences, explain, reach, related, events, catalogue,
        employees, operations,
    ):  # fmt: skip
        app.include_router(module.router)
    if settings.demo:
        app.include_router(portal.router)
        static = str(files("serving.portal").joinpath("static"))
        app.mount("/static", StaticFiles(directory=static), name="static")
    add_handlers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog)
    return app


def _lifespan(
    settings: Settings, database: Database
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = open_services(settings, database)
        app.state.services = services = await run_in_threadpool(opened.__enter__)
        _log.info("started", clock=settings.clock, demo=settings.demo)
        try:
            yield
        finally:
            await run_in_threadpool(opened.__exit__, None, None, None)
            _log.info("stopped", change=services.worker.number)

    return lifespan
