"""A whole run: found a company, let the days pass, write what can be seen and, apart, the truth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys.errors import ConfigurationError
from recsys.schema import TABLES
from recsys.simulator.company import Company, found
from recsys.simulator.config import Scenario
from recsys.simulator.log import LOG
from recsys.simulator.loop import new_desk, run_visits
from recsys.simulator.memory import Memory, new_memory
from recsys.simulator.town import Town
from recsys.simulator.traits import Records
from recsys.simulator.truth import IMPRESSION_SCHEMA, impression_table, save_truth
from recsys.simulator.writing import (
    EventNames,
    FileFormat,
    TableFile,
    arrow_schema,
    event_table,
    write_frame,
)
from recsys.times import DAY_US

__all__ = ["EXPERIMENT_FILE", "Run", "event_pieces", "simulate_company"]

_PIECE_ROWS = 250_000
"""Events in memory at once; some 30 MB of records, so ten million need no more than one."""

EXPERIMENT_FILE = "experiment_units.csv"


@dataclass(frozen=True, slots=True)
class Run:
    """What was written."""

    n_employees: int
    n_contents: int
    n_renditions: int
    n_visits: int
    n_events: int


def simulate_company(
    scenario: Scenario,
    directory: Path,
    truth_directory: Path,
    *,
    file_format: FileFormat = "parquet",
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Write the dataset of ``scenario`` to ``directory`` and its truth to ``truth_directory``.

    Files of an earlier run are overwritten. ``progress`` is called with the number of days
    simulated since its last call. Events are ordered by time. Memory does not grow with the number
    of events, but with employees x contents (one byte each) and visits (40 bytes each).
    """
    if truth_directory.resolve().is_relative_to(directory.resolve()):
        raise ConfigurationError(
            f"the truth directory {truth_directory} lies inside the dataset {directory}; "
            "the truth stays outside, name a directory beside it"
        )
    company = found(scenario)
    for folder in (directory, truth_directory):
        folder.mkdir(parents=True, exist_ok=True)
    _remove_other_format(directory, file_format)
    for name, frame in company.frames.items():
        write_frame(directory, name, frame, file_format)
    memory = new_memory(company.town.traits, len(company.town.facts))
    n_events = _write_events(company, memory, directory, truth_directory, file_format, progress)
    extra: dict[str, Any] = {}
    (directory / EXPERIMENT_FILE).unlink(missing_ok=True)
    if scenario.experiment:
        _experiment_units(company, memory).to_csv(directory / EXPERIMENT_FILE, index=False)
        extra["experiment"] = _planted_effect(company.town, memory)
    ids = {
        "employees": company.frames["employees"]["employee_id"].tolist(),
        "contents": company.frames["contents"]["content_id"].tolist(),
    }
    save_truth(truth_directory, scenario, company.town.traits, company.town.facts, ids, extra)
    return Run(
        n_employees=scenario.employees,
        n_contents=len(company.town.facts),
        n_renditions=len(company.frames["renditions"]),
        n_visits=len(company.town.visits),
        n_events=n_events,
    )


def _remove_other_format(directory: Path, file_format: FileFormat) -> None:
    """Remove tables of an earlier run in the other format; a table may be there only once."""
    other = "csv" if file_format == "parquet" else "parquet"
    for name in TABLES:
        (directory / f"{name}.{other}").unlink(missing_ok=True)


def _write_events(
    company: Company,
    memory: Memory,
    directory: Path,
    truth_directory: Path,
    file_format: FileFormat,
    progress: Callable[[int], None] | None,
) -> int:
    names = EventNames(
        company.frames["employees"]["employee_id"],
        company.frames["contents"]["content_id"],
        company.frames["renditions"]["rendition_id"],
        company.town.visits["mobile"],
    )
    n_events = 0
    with (
        TableFile(directory / "events", arrow_schema(TABLES["events"]), file_format) as events,
        TableFile(truth_directory / "impressions", IMPRESSION_SCHEMA, "parquet") as truths,
    ):
        for n_days, rows in event_pieces(company, memory):
            piece = event_table(rows, n_events, names)
            events.write(piece)
            truths.write(impression_table(rows, piece["event_id"]))
            n_events += len(rows)
            if progress is not None:
                progress(n_days)
    return n_events


def event_pieces(company: Company, memory: Memory) -> Iterator[tuple[int, Records]]:
    """Yield (days simulated, rows) with rows in order of time across all pieces.

    A visit may go on while the next piece begins: rows not earlier than the next visit are held
    back for the next piece.
    """
    town = company.town
    start = town.visits["start"]
    desk, log = new_desk(town.policy, len(town.facts)), np.zeros(_PIECE_ROWS, LOG)
    held, done, today = log[:0].copy(), 0, 0
    while done < len(start):
        following, n_rows = run_visits(town, memory, desk, log, done, company.chance)
        rows = np.concatenate([held, log[:n_rows]])
        rows = rows[np.argsort(rows["time"], kind="stable")]
        is_last = following == len(start)
        ready = len(rows) if is_last else np.searchsorted(rows["time"], start[following])
        day = -(-(start[following - 1] - start[0]) // DAY_US)
        yield int(day - today), rows[:ready]
        held, done, today = rows[ready:].copy(), following, day


def _experiment_units(company: Company, memory: Memory) -> pd.DataFrame:
    """Return one row per employee with a device; whole teams were treated together."""
    employees, tally = company.frames["employees"], memory.tally
    frame = pd.DataFrame(
        {
            "employee_id": employees["employee_id"],
            "team_id": employees["team_id"],
            "site": employees["site"],
            "variant": np.where(company.town.traits["treated"] == 1, "treatment", "control"),
            "impressions_before": tally[:, 0, 0],
            "opens_before": tally[:, 0, 1],
            "impressions": tally[:, 1, 0],
            "opens": tally[:, 1, 1],
        }
    )
    return frame[employees["has_pc"] | employees["has_mobile"]]


def _planted_effect(town: Town, memory: Memory) -> dict[str, float]:
    """Return the effect in logits and as the mean difference of P(open) over all impressions.

    The latter is the direct effect at the states that occurred; colleagues carry it on within
    their (equally treated) team.
    """
    return {
        "open_logit": town.response.treatment,
        "open_probability": float(memory.gain[0] / max(memory.gain[1], 1.0)),
        "begins_at_micros": town.treatment_begins,
    }
