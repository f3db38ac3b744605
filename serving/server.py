"""One process that listens: uvicorn, with log lines of ours."""

import logging
import socket
from contextlib import suppress

import structlog
import uvicorn
from starlette.types import ASGIApp

from recsys.errors import ConfigurationError

__all__ = ["run_server"]

_GRACE_SECONDS = 10
"""How long requests that are under way may take after a stop was asked for."""

_log = structlog.get_logger()


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


def run_server(app: ASGIApp, *, host: str, port: int) -> None:
    """Serve ``app`` until the process is told to stop; requests under way are finished.

    Raises :class:`ConfigurationError` if ``app`` cannot start.
    """
    # The application writes its own line per request, without ids of people.
    config = uvicorn.Config(
        app, host=host, port=port, access_log=False, log_config=None, log_level="warning",
        server_header=False, timeout_graceful_shutdown=_GRACE_SECONDS,
    )  # fmt: skip
    said = logging.getLogger("uvicorn")
    said.handlers, said.propagate = [_Lines()], False
    server = _Server(config)
    with suppress(SystemExit):  # with exit codes that mean something else here
        server.run()
    if not server.started:
        raise ConfigurationError(
            "the server could not start, the lines above say why; check --database and --port"
        )
