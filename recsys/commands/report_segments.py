"""`recsys report segments`: who reads how, as numbers of people."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys.commands._engines import open_engine
from recsys.commands._shared import (
    DatabaseOption,
    JsonOption,
    ModelsOption,
    write_json,
    write_table,
)
from recsys.errors import ModelError

__all__ = ["report_segments"]


def report_segments(
    *,
    days: Annotated[int, typer.Option(min=1, help="Movement over how many days.")] = 28,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Written by Engine.save; default: champion.")
    ] = None,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many employees are in which behavioural segment, and where they came from.

    Segments are learned from how people read, never from age, sex or hours. Groups below ten are
    hidden, and what would tell their size.

    Example: recsys report segments --days 28 --json
    """
    from recsys.segments.movement import segment_movement
    from recsys.times import to_micros

    engine = open_engine(bundle, database, models_dir)
    since = engine.now - timedelta(days=days)
    before, now = engine.as_of(since).segments, engine.segments
    if before is None or now is None:
        raise ModelError(
            "the model has no segments: when it was trained, too few people had been shown enough; "
            "train again with a longer log"
        )
    movement = segment_movement(
        before, now, engine.state.catalogue, to_micros(since), to_micros(engine.now)
    )
    moments = {"at": engine.now.isoformat(), "since": since.isoformat()}
    answer = moments | movement.as_json(now)
    if as_json:
        write_json(answer)
    else:
        _show(answer, days)


def _show(answer: dict[str, Any], days: int) -> None:
    segments = answer["segments"]
    codes = [row["code"] for row in segments]
    rows = [
        [row["code"], row["name"]["en"], row["name"]["ja"], _number(row["employees"]),
         _number(row["employees_before"])]
        for row in segments
    ]  # fmt: skip
    write_table(f"Segments at {answer['at']}", ["", "en", "ja", "now", f"{days} days ago"], rows)
    moved = [
        [code, *map(_number, row)] for code, row in zip(codes, answer["migration"], strict=True)
    ]
    write_table("From (down) to (across)", ["", *codes], moved)
    for row in segments:
        typer.echo(f"{row['code']}: {row['rule']['en']}")
    typer.echo(f"–: fewer than {answer['suppressed_below']}, or would tell such a number")


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
