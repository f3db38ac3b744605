"""One evaluation, or one for each of several origins, with progress on the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.commands._shared import load_settings, progress_bar, training_progress

if TYPE_CHECKING:
    from recsys.dataset.dataset import Dataset
    from recsys.evaluation.data import EvaluationData
    from recsys.evaluation.formats.run import FormatEvaluation
    from recsys.evaluation.origins import Window
    from recsys.evaluation.run import Evaluation

__all__ = ["Measured", "load_dataset", "measure", "measure_each", "measure_formats"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One window: what was found, on what, and what the engine's model went without."""

    evaluation: "Evaluation"
    data: "EvaluationData"
    model_notes: tuple[str, ...]


def load_dataset(
    data: Path | None, database: str | None, timezone: str | None = None
) -> "tuple[Dataset, int]":
    """Return the data set of a folder or of the store, and how many rows were rejected."""
    from contextlib import closing

    from recsys.dataset.reading import read_dataset
    from recsys.store.sql_store import open_store

    if data is not None:
        read = read_dataset(data, timezone=timezone)
        return read.dataset, len(read.rejects)
    with closing(open_store(database or load_settings().database_url)) as store:
        return store.load(), 0


def measure(dataset: "Dataset", window: "Window", seed: int) -> Measured:
    """Fit on what was known before the window and walk through it beside the baselines."""
    from recsys.engine import Engine
    from recsys.evaluation.data import prepare
    from recsys.evaluation.engine import EngineUnderTest
    from recsys.evaluation.run import run_evaluation
    from recsys.interactions import find_targets
    from recsys.times import to_micros

    with training_progress() as progress:
        engine = Engine.fit(dataset, until=window.train_until, seed=seed, progress=progress)
    world = EngineUnderTest(engine, dataset)
    prepared = prepare(
        dataset,
        train_until=window.train_until,
        employees=world.catalogue.employees.ids,
        contents=world.catalogue.contents.ids,
    )
    span = to_micros(window.train_until), to_micros(window.until)
    with progress_bar("choices", len(find_targets(prepared.log, *span))) as advance:
        evaluation = run_evaluation(
            prepared,
            world,
            [world],
            train_until=window.train_until,
            until=window.until,
            seed=seed,
            progress=lambda: advance(1),
        )
    return Measured(evaluation, prepared, engine.model.notes)


def measure_each(dataset: "Dataset", windows: "Sequence[Window]", seed: int) -> Iterator[Measured]:
    """Measure every window anew; refuses windows with too little history before any is fitted."""
    from recsys.evaluation.origins import check_history, choice_times

    check_history(windows, choice_times(dataset))
    for window in windows:
        yield measure(dataset, window, seed)


def measure_formats(dataset: "Dataset", window: "Window", seed: int) -> "FormatEvaluation":
    """Fit the format model on what was known before the window and judge it in the window."""
    from recsys.evaluation.formats.run import evaluate_formats
    from recsys.evaluation.formats.walk import prepare_formats

    test = prepare_formats(dataset, train_until=window.train_until, until=window.until)
    with progress_bar("showings", len(test.showings)) as advance:
        return evaluate_formats(test, seed=seed, progress=advance)
