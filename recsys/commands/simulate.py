"""`recsys simulate`: a company that does not exist, with the truth about it beside the data."""

import math
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import JsonOption, progress_bar, write_json, write_table
from recsys.errors import ConfigurationError
from recsys.times import parse_instant

if TYPE_CHECKING:
    from recsys.simulator.card import Card
    from recsys.simulator.config import Scenario

__all__ = ["FileKind", "WorldKind", "simulate"]


class WorldKind(StrEnum):
    """How much personal taste there is."""

    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


class FileKind(StrEnum):
    """File formats of the written tables."""

    PARQUET = "parquet"
    CSV = "csv"


def simulate(
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the dataset goes.")],
    employees: Annotated[int, typer.Option(min=30, help="Size of the company.")] = 1500,
    days: Annotated[int, typer.Option(min=7, help="Length of the log.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same company.")] = 1,
    world: Annotated[
        WorldKind, typer.Option(help="How much taste differs from person to person.")
    ] = WorldKind.STRONG,
    start: Annotated[str, typer.Option(metavar="DAY", help="First day, UTC.")] = "2026-01-05",
    file_format: Annotated[
        FileKind, typer.Option("--format", help="Format of the tables.")
    ] = FileKind.PARQUET,
    experiment: Annotated[
        bool, typer.Option("--experiment", help="Plant an experiment by team; adds a unit table.")
    ] = False,
    truth: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the truth goes; default OUT-truth.")
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Measure the dataset and print the figures.")
    ] = False,
    reference: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A real canonical dataset to print beside the card."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate a company reading its intranet: a canonical dataset, the planted truth beside it.

    Nobody in it exists. The truth (interests, format tastes, appeal, true probabilities of every
    impression) is written to a second directory, never into the dataset. World none has no
    personal taste at all: there, personalisation cannot add anything.

    Example: recsys simulate --out data/simulated --card
    """
    from recsys.simulator.config import WORLDS, Scenario

    scenario = Scenario(
        employees=employees,
        days=days,
        seed=seed,
        world=WORLDS[world.value],
        start=parse_instant(start),
        experiment=experiment,
    )
    truth_directory = truth or out.with_name(f"{out.name}-truth")
    figures = _run(scenario, out, truth_directory, file_format)
    cards = _draw_cards(out, truth_directory, reference, wanted=card or reference is not None)
    if as_json:
        files = {"directory": str(out), "truth_directory": str(truth_directory)}
        write_json(files | figures | {"cards": {name: _as_dict(c) for name, c in cards.items()}})
        return
    typer.echo(
        f"{figures['events']:,.0f} events of {figures['employees']:,.0f} employees in {out}, "
        f"{figures['events_per_second']:,.0f} a second; the truth is in {truth_directory}"
    )
    if cards:
        _show_cards(cards)


def _run(
    scenario: "Scenario", out: Path, truth_directory: Path, file_format: FileKind
) -> dict[str, float]:
    from recsys.simulator.simulation import simulate_company

    began = perf_counter()
    with progress_bar("days", scenario.days) as advance:
        run = simulate_company(
            scenario, out, truth_directory, file_format=file_format.value, progress=advance
        )
    seconds = perf_counter() - began
    return {
        "employees": run.n_employees,
        "contents": run.n_contents,
        "renditions": run.n_renditions,
        "visits": run.n_visits,
        "events": run.n_events,
        "seconds": seconds,
        "events_per_second": run.n_events / seconds,
    }


def _draw_cards(
    out: Path, truth_directory: Path, reference: Path | None, *, wanted: bool
) -> dict[str, "Card"]:
    if not wanted:
        return {}
    from recsys.simulator.card import draw_card

    if reference is not None and not reference.is_dir():
        raise ConfigurationError(
            f"the reference {reference} is no directory; pass one with events.csv and contents.csv"
        )
    cards = {"simulated": draw_card(out, truth_directory)}
    if reference is not None:
        cards["reference"] = draw_card(reference, None)
    return cards


def _as_dict(card: "Card") -> dict[str, dict[str, float | None]]:
    return {
        part: {name: None if math.isnan(value) else value for name, value in figures.items()}
        for part, figures in asdict(card).items()
    }


def _show_cards(cards: dict[str, "Card"]) -> None:
    parts = {name: _as_dict(card) for name, card in cards.items()}
    titles = {"shape": "Shape", "planted": "Planted", "ndcg": "NDCG@10, last two weeks"}
    for part, title in titles.items():
        rows = [
            [figure, *(_number(parts[name][part].get(figure)) for name in cards)]
            for figure in parts["simulated"][part]
        ]
        write_table(title, ["", *cards], rows)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"
