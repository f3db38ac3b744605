"""`recsys report reach`: whom a content reached, why not the others, and what to do."""

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

if TYPE_CHECKING:
    from recsys.reach.analyst import Reach
    from recsys.reach.gains import Gains

__all__ = ["report_reach"]


def report_reach(
    *,
    content: Annotated[str, typer.Option(metavar="ID", help="The content.")],
    language: Annotated[str, typer.Option(metavar="ja|en", help="Of the sentences.")] = "en",
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Written by Engine.save; default: champion.")
    ] = None,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far a content came with its audience, what to do about the rest, and who would gain.

    Aggregates only: numbers below ten are hidden, and what would tell them.

    Example: recsys report reach --content c-42 --json
    """
    from recsys.reach.wording import LANGUAGES, gain_sentences, reach_sentences

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    engine = open_engine(bundle, database, models_dir)
    reach, gains = engine.reach(content, engine.now), engine.audience_for(content, engine.now)
    sentences = reach_sentences(reach, language) + gain_sentences(gains, language)
    if as_json:
        answer: dict[str, Any] = {"at": engine.now.isoformat(), **asdict(reach)}
        write_json(answer | {"gains": asdict(gains), "sentences": sentences})
        return
    _show_funnel(reach, language)
    _show_groups(reach)
    _show_gains(gains)
    for sentence in sentences:
        typer.echo(sentence)


def _show_funnel(reach: "Reach", language: str) -> None:
    from recsys.reach.wording import fate_name

    funnel = reach.funnel
    rows = [["audience", "", "", _number(funnel.audience)]]
    rows += [
        [s.stage, fate_name(s.stage, language), _number(s.furthest), _number(s.at_least)]
        for s in reversed(funnel.stages)
    ]
    rows += [
        [cause, fate_name(cause, language), _number(n), ""]
        for cause, n in funnel.not_reached.items()
    ]
    header = ["", "", "people", "so far or further"]
    write_table(f"Reach of {reach.content_id}", header, rows)
    typer.echo("–: fewer than 10, or would tell such a number")


def _show_groups(reach: "Reach") -> None:
    for attribute, groups in reach.funnel.by.items():
        rows = [
            [g.group or "(others)", *map(_number, (g.people, g.opened, g.seen, g.delivered,
                                                   g.not_delivered))]
            for g in groups
        ]  # fmt: skip
        header = [attribute, "people", "opened", "seen", "had the chance", "not delivered"]
        write_table(f"By {attribute}", header, rows)


def _show_gains(gains: "Gains") -> None:
    rows = [
        [f"{g.attribute}: {g.group}", _number(g.people), _number(g.expected_readers),
         f"{g.lift:.2f}", "usually not reached" if g.is_usually_unreached else ""]
        for g in gains.groups[:10]
    ]  # fmt: skip
    if rows:
        header = ["group", "people (about)", "more readers", "lift", ""]
        write_table("Who would gain most", header, rows)


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
