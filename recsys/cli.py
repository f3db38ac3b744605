"""The command ``recsys``: every package adds its own sub-commands by an entry point."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated

import typer

from recsys.commands._shared import EXIT_FAILED, load_settings, write_json
from recsys.errors import ConfigurationError, RecsysError

__all__ = ["build_app", "command_points", "main"]

_GROUP = "recsys.commands"


def main() -> None:
    """Run one command; an error that is no defect becomes one line and exit code 1."""
    arguments = sys.argv[1:]
    try:
        _configure_logging()
        build_app(command_points(), arguments)()
    except (RecsysError, OSError) as error:  # a file or folder that may not be used
        _report(error, as_json="--json" in arguments)
        sys.exit(EXIT_FAILED)


def command_points() -> list[EntryPoint]:
    """Return the entry points of all installed sub-commands, by name."""
    return sorted(entry_points(group=_GROUP), key=lambda point: point.name)


def build_app(points: Sequence[EntryPoint], arguments: Sequence[str]) -> typer.Typer:
    """Return the application for one command line.

    Only the command that is called is imported, so that it starts fast and cannot be stopped by
    the defect of another one; all of them are where help is wanted. A command that cannot be
    imported stays listed, with the reason.
    """
    app = typer.Typer(
        name="recsys",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    called = [point for point in points if arguments and point.name == arguments[0]]
    for point in called or points:
        _add(app, point)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recsys {version('recsys')}")
        raise typer.Exit


def _root(
    *,
    _: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Content recommendation and targeting for the intranet."""


def _add(app: typer.Typer, point: EntryPoint) -> None:
    try:
        command = point.load()
    except Exception as error:  # noqa: BLE001  (a rim: one broken command must not stop the others)
        app.command(
            point.name, help=f"Not available: {_reason(error)}", context_settings=_ANYTHING
        )(_unavailable(point, error))
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=point.name)
    else:
        app.command(point.name)(command)


_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _unavailable(point: EntryPoint, error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise ConfigurationError(
            f"the command {point.name!r} cannot be loaded from {point.value} ({_reason(error)}); "
            "`recsys doctor` checks the installation"
        )

    return fail


def _configure_logging() -> None:
    from recsys.logs import configure_logging

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)


def _report(error: Exception, *, as_json: bool) -> None:
    if as_json:
        write_json({"error": {"type": type(error).__name__, "message": str(error)}})
    else:
        typer.echo(f"recsys: {error}", err=True)


if __name__ == "__main__":
    main()
