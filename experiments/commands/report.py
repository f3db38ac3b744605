"""`recsys experiment report`: what an analysis found, as a page for people."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys.commands._shared import JsonOption, write_json
from recsys.errors import DatasetError

__all__ = ["report"]


def report(
    *,
    result: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Written by `recsys experiment analyze --json`.",
        ),
    ],
    html: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")],
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

    The file needs nothing else: it can be mailed, archived and printed.

    Example: recsys experiment report --result result.json --html report.html --language ja
    """
    from experiments.report.page import render_report, write_report
    from experiments.report.verdict import Yardstick
    from experiments.texts import LANGUAGES

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    page = render_report(
        _read(result), "ja" if language == "ja" else "en", title=title,
        yardstick=Yardstick(matters, frozenset(lower_is_better or ()), alpha),
        proportions=frozenset(proportion or ()),
    )  # fmt: skip
    write_report(html, page)
    if as_json:
        write_json({"html": str(html)})
    else:
        typer.echo(f"{html} is written; open it in a browser.")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also what is not UTF-8
        raise DatasetError(f"{path} is no JSON: {error}") from None
    if not isinstance(found, dict) or "metrics" not in found:
        raise DatasetError(f"{path} is no result of an analysis; `analyze --json` writes one")
    return found
