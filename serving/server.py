"""One process that listens: uvicorn, with log lines of ours."""

import logging
import socket
import sys
from contextlib import suppress

import structlog
import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from recsys.commands._shared import load_settings
from recsys.errors import ConfigurationError
from recsys.logs import configure_logging
from serving.app import create_app

__all__ = ["app_from_environment", "run_server"]

_GRACE_SECONDS = 10
"""How long requests that are under way may take after a stop was asked for."""

_log = structlog.get_logger()


_KEEP_ALIVE_SECONDS = 75
"""Longer than the minute after which most proxies close idle connections themselves: whoever closes
first must not be the one that answers."""
_BACKLOG = 2048
_SWITCH_SECONDS = 0.0005
"""How soon a thread that answers gets its turn beside one that stores events; Python's 5 ms are
longer than a feed takes."""
_HANGING_SECONDS = 30
"""A worker that does not answer its supervisor for so long is replaced; reading a large log at the
start keeps it busy for some seconds."""


class _Lines(logging.Handler):
    """Writes what the server itself has to say as a line of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        _log.log(record.levelno, "server", said=self.format(record))


class _Server(uvicorn.Server):
    """Says where it listens once it does, so that port 0 can be used."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the application, then listen."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            _log.info("listening", host=host, port=port)


def app_from_environment() -> FastAPI:
    """Return the application that the settings of the environment describe, for a server process.

    Log lines and the switching of threads are set up for the whole process.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    said = logging.getLogger("uvicorn")
    said.handlers, said.propagate = [_Lines()], False
    sys.setswitchinterval(_SWITCH_SECONDS)
    threadpool_limits(1)  # products this small are done before a second core has woken up
    return create_app(settings)


def run_server(*, host: str, port: int, workers: int = 1) -> None:
    """Serve the application of the environment until told to stop; open requests are finished.

    Several workers share one socket; one that dies is replaced. Raises
    :class:`ConfigurationError` if the application cannot start.
    """
    # The application writes its own line per request, without ids of people.
    config = uvicorn.Config(
        "serving.server:app_from_environment", factory=True, host=host, port=port, workers=workers,
        access_log=False, log_config=None, log_level="warning", server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS, timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        backlog=_BACKLOG, timeout_worker_healthcheck=_HANGING_SECONDS,
    )  # fmt: skip
    with suppress(SystemExit):  # with exit codes that mean something else here
        if workers > 1:
            listening = config.bind_socket()
            listening.listen(_BACKLOG)  # whoever calls before the workers are ready waits for them
            _log.info("listening", host=host, port=listening.getsockname()[1], workers=workers)
            supervisor = Multiprocess(config, [listening])
            supervisor.run()
            if not any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
                return
        else:
            server = _Server(config)
            server.run()
            if server.started:
                return
    raise ConfigurationError(
        "the server could not start, the lines above say why; check --database and --port"
    )
