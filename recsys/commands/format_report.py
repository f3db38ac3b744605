"""`recsys report formats`: which format to make for which content and audience."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.commands._engines import open_engine
from recsys.commands._shared import (
    DatabaseOption,
    JsonOption,
    ModelsOption,
    write_json,
    write_table,
)
from recsys.errors import DatasetError

if TYPE_CHECKING:
    from recsys.advice.advice import FormatAdvice
    from recsys.advice.adviser import FormatAdviser
    from recsys.engine import Engine

__all__ = ["report_formats"]


def report_formats(
    *,
    content: Annotated[
        str | None, typer.Option(metavar="ID", help="Advice on one content.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(metavar="RULE", help='JSON, as {"department": ["sales"]}.')
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Contents that miss a format most.")] = 10,
    language: Annotated[str, typer.Option(metavar="ja|en", help="Of the sentences.")] = "en",
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Written by Engine.save; default: champion.")
    ] = None,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which missing formats cost most completions, and what departments tell of taste.

    With --content, advice on that content instead. Aggregates only: audiences below ten measurable
    people get no figures.

    Example: recsys report formats --audience '{"department": ["sales"]}' --json
    """
    from recsys.advice.wording import LANGUAGES
    from recsys.audience.rules import parse_rule
    from recsys.times import to_micros

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    rule = None if audience is None else parse_rule(audience)
    engine = open_engine(bundle, database, models_dir)
    adviser, at = engine.advice, to_micros(engine.now)
    if content is not None:
        advice = adviser.on_content(_index(engine, content), at, rule)
        answer = _told(advice, language)
    else:
        missed = adviser.most_missed(at, n, rule)
        answer = _overview(adviser, missed, at, language)
    answer = {"at": engine.now.isoformat()} | answer
    if as_json:
        write_json(answer)
    elif content is not None:
        typer.echo("\n".join(answer["sentences"]))
    else:
        _show(answer)


def _index(engine: "Engine", content_id: str) -> int:
    contents = engine.state.catalogue.contents
    content = contents.ids.index(content_id)
    if content < 0 or not contents["known"][content]:
        raise DatasetError(f"there is no content {content_id!r} in the store; check the id")
    return content


def _told(advice: "FormatAdvice", language: str) -> dict[str, Any]:
    from recsys.advice.wording import advice_sentences

    return asdict(advice) | {"sentences": advice_sentences(advice, language)}


def _overview(
    adviser: "FormatAdviser", missed: "tuple[FormatAdvice, ...]", at: int, language: str
) -> dict[str, Any]:
    from recsys.advice.wording import share_sentences

    shares = adviser.taste_shares(at)
    return {
        "most_missed": [_told(advice, language) for advice in missed],
        "taste_shares": None if shares is None else asdict(shares),
        "sentences": share_sentences(shares, language),
    }


def _show(answer: dict[str, Any]) -> None:
    rows = []
    for advice in answer["most_missed"]:
        gains = [(o["added"]["value"], o) for o in advice["formats"] if o["added"] is not None]
        _, best = max(gains, key=lambda gain: gain[0])
        added = best["added"]
        rows.append(
            [advice["content_id"], best["format"], f"{added['value']:,.0f}",
             f"{added['low']:,.0f} to {added['high']:,.0f}", advice["produce"]["verdict"]]
        )  # fmt: skip
    header = ["content_id", "missing format", "adds", "90 % interval", "verdict"]
    write_table(f"Formats missed most at {answer['at']}", header, rows)
    for sentence in answer["sentences"]:
        typer.echo(sentence)
