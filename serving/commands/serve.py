"""`recsys serve`: the HTTP API."""

import os
from pathlib import Path
from typing import Annotated

import typer

from recsys.commands._shared import DatabaseOption, load_settings

__all__ = ["serve"]


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
    database: DatabaseOption = None,
    models_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the champion is; default RECSYS_MODELS_DIR."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that share the port; one core each.")
    ] = 1,
) -> None:
    """Serve feeds over HTTP until it is stopped (Ctrl-C or SIGTERM ends it gracefully).

    With RECSYS_DEMO=true the page /portal shows the feeds of simulated employees, without keys.
    With RECSYS_CLOCK=dataset time starts at the last event of the store.

    Several workers follow one log: what somebody did counts in their next feed, whichever answers.

    Example: recsys serve --database sqlite:///recsys.db --port 8000
    """
    from recsys.store.database import Database
    from serving.server import run_server

    given = {"RECSYS_DATABASE_URL": database, "RECSYS_MODELS_DIR": models_dir}
    os.environ |= {name: str(value) for name, value in given.items() if value is not None}
    # What is wrong with the settings is better said once than by every worker.
    Database(load_settings().database_url).close()
    run_server(host=host, port=port, workers=workers)
