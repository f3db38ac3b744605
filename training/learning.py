"""What a run learns from its rows: the model on trial, the one that will serve, one to compare."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recsys.fitting import Affinities, Formats, Recipe, Texts, learnable, ranker_notes
from recsys.model import Model
from recsys.ranker.calibration import Calibration
from recsys.ranker.lambdarank import MIN_QUESTIONS, calibrate, fit_ranker, fit_trees
from recsys.ranker.ranker import Ranker
from recsys.ranker.training_rows import TrainingRows
from recsys.segments.fitting import fit_segments
from recsys.state.marks import marks_of
from recsys.state.showings import showings_of
from recsys.times import to_micros
from training.history import History
from training.kept_rows import KeptRows
from training.leaks import held_back_ndcg
from training.rows import rows_of
from training.trial import without_taste

__all__ = ["Rankers", "final_model", "fit_rankers", "trial_model"]

_N_THREADS = 2
"""Of LightGBM, one fit each; it lets other threads run meanwhile."""


@dataclass(frozen=True, slots=True)
class Rankers:
    """Fitted trees; None where there was too little to learn from."""

    trial: Ranker | None
    """Knows nothing from the split on."""
    alike: Ranker | None
    """As that one, but without taste."""
    final: Ranker | None
    final_notes: tuple[str, ...]
    last_question_at: int | None
    """When the latest row of the one on trial was taken, microseconds; None without rows."""
    held_back: float | None
    """NDCG@10 on rows held back (:func:`training.leaks.held_back_ndcg`)."""


def fit_rankers(
    kept: KeptRows, history: History, *, recipe: Recipe, seed: int, with_alike: bool,
    calibration: Calibration | None,
) -> Rankers:  # fmt: skip
    """Fit all rankers of a run, two at a time.

    With the ``calibration`` of an earlier one on trial, that of tonight is not calibrated anew.
    """
    n, n_before = recipe.sampling.max_targets, len(history.choices_before_split)
    before = rows_of(kept, history.choices_before_split.latest(n), history)
    latest = rows_of(kept, history.choices.latest(n), history)
    after = rows_of(kept, history.choices.span(n_before, len(history.choices)), history)
    with ThreadPoolExecutor(_N_THREADS) as pool:
        trial = pool.submit(_on_trial, before, calibration, recipe, seed)
        # Calibrated by what the one on trial says of what came after it: that saves a fit.
        is_enough = min(map(_n_questions, (before, latest, after))) >= MIN_QUESTIONS
        fit_final = fit_trees if is_enough else fit_ranker
        found = pool.submit(fit_final, latest, recipe=recipe.ranker, seed=seed)
        alike = pool.submit(without_taste, before, recipe.ranker, seed) if with_alike else None
        held_back = pool.submit(held_back_ndcg, before, recipe.ranker, seed=seed)
        final = _calibrated(found.result(), trial.result(), after)
    return Rankers(
        trial.result(), None if alike is None else alike.result(), final,
        tuple(ranker_notes(final, latest)), before.last_at, held_back.result(),
    )  # fmt: skip


def _n_questions(rows: TrainingRows) -> int:
    return len(rows.group_sizes)


def _on_trial(
    rows: TrainingRows, calibration: Calibration | None, recipe: Recipe, seed: int
) -> Ranker | None:
    if calibration is None or _n_questions(rows) < MIN_QUESTIONS:
        return fit_ranker(rows, recipe=recipe.ranker, seed=seed)
    return Ranker(fit_trees(rows, recipe=recipe.ranker, seed=seed), calibration)


def _calibrated(
    found: Ranker | str | None, trial: Ranker | None, after: TrainingRows
) -> Ranker | None:
    """Return the final ranker; of bare trees, by what came after the one on trial was fitted."""
    if not isinstance(found, str):
        return found
    assert trial is not None
    return Ranker(found, calibrate(trial.model_text, after))


def trial_model(
    history: History, ranker: Ranker | None, affinities: Affinities, recipe: Recipe, seed: int
) -> Model:
    """Return a model that knows nothing from the split on; what only feeds need is a guess."""
    split_us = to_micros(history.split)
    texts = Texts.before(history.catalogue, split_us, recipe=recipe, seed=seed)
    told = learnable(history.before_split, history.catalogue)
    showings = showings_of(*marks_of(told, history.catalogue))
    seconds = history.catalogue.renditions.seconds_by_format(len(history.catalogue.contents))
    return Model(
        ranker, texts.text, affinities.at(split_us), history.split, recipe.shortlist,
        segments=fit_segments(showings, seconds, split_us), topics=texts.topics,
    ).named()  # fmt: skip


def final_model(
    history: History, rankers: Rankers, affinities: Affinities, formats: Formats, recipe: Recipe,
    seed: int,
) -> Model:  # fmt: skip
    """Return the model that will serve."""
    until_us = to_micros(history.until)
    texts = Texts.before(history.catalogue, until_us, recipe=recipe, seed=seed)
    model = Model(
        rankers.final, texts.text, affinities.at(until_us), history.until, recipe.shortlist,
        topics=texts.topics, notes=(*affinities.notes, *rankers.final_notes),
    )  # fmt: skip
    return formats.put_into(model).named()
