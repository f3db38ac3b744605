"""`recsys serve`: the HTTP API."""

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
) -> None:
    """Serve feeds over HTTP until it is stopped (Ctrl-C or SIGTERM ends it gracefully).

    With RECSYS_DEMO=true the page /portal shows the feeds of simulated employees, without keys.
    With RECSYS_CLOCK=dataset time starts at the last event of the store.

    Example: recsys serve --database sqlite:///recsys.db --port 8000
    """
    from serving.app import create_app
    from serving.server import run_server

    given = {"database_url": database, "models_dir": models_dir}
    settings = load_settings().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    run_server(create_app(settings), host=host, port=port)
