"""`recsys report model`: whether the model still lives in the world it learned from."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import (
    EXIT_FAILED,
    DatabaseOption,
    DataOption,
    JsonOption,
    ModelsOption,
    load_settings,
    training_progress,
    write_json,
    write_table,
)
from recsys.errors import ConfigurationError
from recsys.times import parse_instant

if TYPE_CHECKING:
    from training.monitoring.figures import Figure
    from training.monitoring.report import Report, Sources

__all__ = ["report_model"]


def report_model(
    *,
    data: DataOption = None,
    database: DatabaseOption = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Written by Engine.save; default: champion.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="End of the week; default: now, by RECSYS_CLOCK."),
    ] = None,
    language: Annotated[str, typer.Option(metavar="ja|en", help="Of the sentences.")] = "en",
    prometheus: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the figures for the textfile collector, too."),
    ] = None,
    fail_on_alert: Annotated[
        bool, typer.Option("--fail-on-alert", help="Exit with 1 if there is an alert.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Same data and seed, same report.")] = 0,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch the model: drift, calibration, fallbacks, coverage, staleness; alerts with causes.

    The last seven days are compared with the weeks the model learned from, by bounds that weeks of
    this company hardly pass by chance. Aggregates only: what fewer than ten people did is hidden.

    Example: recsys report model --prometheus /var/lib/node_exporter/recsys.prom
    """
    from training.monitoring.prometheus import write_metrics
    from training.monitoring.report import monitor, report_json
    from training.monitoring.wording import LANGUAGES

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    sources = _sources(data, database, bundle, models_dir, at)
    with training_progress() as progress:
        report = monitor(sources, seed=seed, progress=partial(progress, "ask the model"))
    if prometheus is not None:
        write_metrics(report, prometheus)
    if as_json:
        write_json(report_json(report))
    else:
        _show(report, language)
    if fail_on_alert and report.alerts:
        raise typer.Exit(EXIT_FAILED)


def _sources(
    data: Path | None, database: str | None, bundle: Path | None, models_dir: Path | None,
    at: str | None,
) -> "Sources":  # fmt: skip
    from training.monitoring.opening import from_folder, from_store, model_of, trainings_of

    settings = load_settings()
    folder = models_dir or settings.models_dir
    moment = None if at is None else parse_instant(at)
    if data is not None and database is not None:
        raise ConfigurationError("--data and --database were both given; pass the one to watch")
    if data is None and moment is None and settings.clock == "wall":
        moment = datetime.now(UTC)
    store = database or settings.database_url
    sources = from_store(store, moment) if data is None else from_folder(data, moment)
    trainings = None if bundle is not None else trainings_of(folder)
    return replace(sources, model=model_of(folder, bundle), trainings=trainings)


def _show(report: "Report", language: str) -> None:
    from training.monitoring.wording import sentence, texts, unsaid_sentence

    rows = [_row(figure) for figure in _told(report)]
    header = ["", "", "this week", "expected", "weeks before"]
    write_table(f"Model report at {report.at.isoformat()}", header, rows)
    for alert in report.alerts:
        typer.echo(f"! {sentence(alert, language)}")
    if not report.alerts:
        typer.echo(texts(language)["all_quiet"])
    for code in report.unsaid:
        typer.echo(f"- {unsaid_sentence(code, language)}")


def _told(report: "Report") -> "list[Figure]":
    """Return the figures for people: of the many features only those beyond their bound."""
    return [
        figure
        for figure in report.figures
        if figure.name != "feature_psi" or (figure.value or 0.0) > (figure.high or 0.0)
    ]


def _row(figure: "Figure") -> list[str]:
    low, high = _number(figure.low), _number(figure.high)
    expected = "" if figure.low is figure.high is None else f"{low} … {high}"
    past = " ".join(_number(value) for value in figure.weeks[-4:])
    labels = ", ".join(figure.labels.values())
    return [figure.name, labels, _number(figure.value), expected, past]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
