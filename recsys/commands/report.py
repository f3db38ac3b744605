"""`recsys report`: every package adds its own reports by an entry point."""

from importlib.metadata import EntryPoint, entry_points

import typer

from recsys.cli import build_app

__all__ = ["build_reports", "report_app", "report_points"]

_GROUP = "recsys.reports"


def report_points() -> list[EntryPoint]:
    """Return the entry points of all installed reports, by name."""
    return sorted(entry_points(group=_GROUP), key=lambda point: point.name)


def _report() -> None:
    """Show aggregates of what people do; groups below ten are hidden.

    Example: recsys report segments --json
    """


def build_reports() -> typer.Typer:
    """Return the reports as one application; one that cannot be imported says why when called."""
    app = build_app(report_points(), ())
    app.callback()(_report)
    return app


report_app = build_reports()
