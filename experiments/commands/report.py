"""`recsys experiment report`: what an analysis found, as a page for people."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys.commands._shared import DatabaseOption, JsonOption, write_json
from recsys.errors import DatasetError

__all__ = ["report"]


def report(
    *,
    key: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", help="Of a stored experiment, instead of --result."),
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Written by `recsys experiment analyze --json`.",
        ),
    ] = None,
    html: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")],
    look: Annotated[
        int | None, typer.Option(help="Of a stored experiment; default: the latest that is due.")
    ] = None,
    series: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of people by day, of a stored experiment."),
    ] = None,
    database: DatabaseOption = None,
    title: Annotated[str | None, typer.Option(help="What the experiment is called.")] = None,
    matters: Annotated[
        float, typer.Option(min=0, help="Smallest change that matters, in parts of the control.")
    ] = 0.10,
    alpha: Annotated[float, typer.Option(help="As it was given to the analysis.")] = 0.05,
    lower_is_better: Annotated[
        list[str] | None, typer.Option(metavar="METRIC", help="Less of it is better; repeatable.")
    ] = None,
    proportion: Annotated[
        list[str] | None, typer.Option(metavar="METRIC", help="Written as per cent; repeatable.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="ja|en", help="Of the page.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Write the result of an analysis as one HTML file with verdicts, intervals and all numbers.

    Of a stored experiment that is what a planned look has found, with its time line.

    The file needs nothing else: it can be mailed, archived and printed.

    Example: recsys experiment report --result result.json --html report.html --language ja
    """
    from experiments.report.page import render_report, write_report
    from experiments.report.verdict import Yardstick
    from experiments.texts import LANGUAGES

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    if (key is None) == (result is None):
        raise typer.BadParameter("name a stored experiment, or --result FILE; not both")
    found, timeline = (_read(result), ()) if result else _stored(key or "", look, series, database)
    page = render_report(
        found, "ja" if language == "ja" else "en", title=title or key,
        yardstick=Yardstick(matters, frozenset(lower_is_better or ()), alpha),
        proportions=frozenset(proportion or ()), timeline=timeline,
    )  # fmt: skip
    write_report(html, page)
    if as_json:
        write_json({"html": str(html)})
    else:
        typer.echo(f"{html} is written; open it in a browser.")


def _stored(
    key: str, look: int | None, series: Path | None, database: str | None
) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Return what a look has found and who did what when; writes the series if asked."""
    from experiments.commands.stored import stored_experiments

    with stored_experiments(database) as opened:
        watch = opened.watch()
        found = watch.look(key, opened.now, look)
        if series is not None:
            watch.series(key).to_csv(series, index=False)
        entries = opened.experiments.store.history(key)
    return found, tuple(
        (entry.at.date().isoformat(), f"{entry.action} {entry.detail}".strip()) for entry in entries
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also what is not UTF-8
        raise DatasetError(f"{path} is no JSON: {error}") from None
    if not isinstance(found, dict) or "metrics" not in found:
        raise DatasetError(f"{path} is no result of an analysis; `analyze --json` writes one")
    return found
