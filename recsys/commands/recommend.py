"""`recsys recommend`: what a saved engine would show one employee."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import JsonOption, write_json, write_table
from recsys.times import parse_instant

if TYPE_CHECKING:
    from recsys.answers import Slate
    from recsys.engine import Engine

__all__ = ["recommend"]


def recommend(
    employee: Annotated[str, typer.Argument(help="An employee_id; unknown ones get a cold feed.")],
    *,
    bundle: Annotated[Path, typer.Option(metavar="DIR", help="Written by Engine.save.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Moment to answer for; default: its own."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Length of the feed.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show one employee's feed from a saved bundle: contents, formats and why.

    A moment before the bundle's own is replayed from its log, which takes longer.

    Example: recsys recommend sim-000001 --bundle models/bundle -k 5
    """
    from recsys import Engine, FeedRequest

    engine = Engine.load(bundle)
    moment = engine.now if at is None else parse_instant(at)
    if moment < engine.now:
        engine = engine.as_of(moment)
    slate = engine.feed(FeedRequest(employee, moment, limit=k))
    if as_json:
        write_json({"employee_id": employee, "at": moment.isoformat()} | asdict(slate))
    else:
        _show(engine, slate, f"{employee} at {moment:%Y-%m-%d %H:%M} UTC")


def _show(engine: "Engine", slate: "Slate", title: str) -> None:
    contents = engine.state.catalogue.contents
    rows = [
        [str(item.position), item.content_id, contents.titles[contents.ids.index(item.content_id)],
         item.format, item.slot_type, f"{item.score:.3f}", ", ".join(item.reasons)]
        for item in slate.items
    ]  # fmt: skip
    write_table(title, ["", "content_id", "title", "format", "slot", "score", "reasons"], rows)
