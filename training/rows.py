"""The rows of a run: all taken anew, or those of the last days added to what is kept."""

from dataclasses import dataclass, replace
from secrets import token_hex

import numpy as np
import numpy.typing as npt

from recsys.engine import DEFAULT_LATENESS
from recsys.fitting import Affinities, Progress, Recipe, Texts, describe, even_moments
from recsys.interactions import Targets
from recsys.ranker.choice_rows import ChoiceRows
from recsys.ranker.choices import Choices
from recsys.ranker.training_rows import TrainingRows, rows_to_learn
from recsys.times import to_micros
from training.history import History
from training.kept_rows import Kept, KeptRows

__all__ = ["MOST_LOST_SHARE", "Wanted", "everything", "new_choices", "rows_of", "take"]

MOST_LOST_SHARE = 0.05
"""Of older choices without kept rows: more of them, and a log has changed under the rows."""

_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Choices of which a run needs the rows, in time order, and where these come from."""

    about: Kept
    targets: Targets
    places: _Places
    """Where the rows of each are among those kept; −1 = they have to be taken."""
    moments: tuple[int, ...]
    """When the factor models of rows to be taken are fitted."""
    texts_until: int
    """The end of what texts tell about rows to be taken."""
    kept: KeptRows | None = None

    @property
    def to_take(self) -> Targets:
        """Return the choices whose rows have to be taken."""
        return self.targets.take(self.places < 0)


def everything(history: History, recipe: Recipe, made_by: str) -> Wanted:
    """Want the rows of all choices a model learns from, on trial or not, taken anew."""
    targets = _needed(history, recipe)
    n_moments = -(-recipe.snapshots.n_snapshots * len(targets) // recipe.sampling.max_targets)
    until, split = to_micros(history.until), to_micros(history.split)
    about = Kept(token_hex(8), until, until, split, made_by)
    moments = even_moments(targets, max(n_moments, recipe.snapshots.n_snapshots))
    return Wanted(about, targets, np.full(len(targets), -1), tuple(moments), split)


def new_choices(history: History, recipe: Recipe, kept: KeptRows) -> Wanted | str:
    """Want only the rows of choices since the last run, or say why that is not enough.

    Since then less the lateness window, in which the log may still have changed. Older choices that
    are not among those kept, because they became known later than that, are left out until the next
    full run.
    """
    targets = _needed(history, recipe)
    start = kept.about.until - DEFAULT_LATENESS
    is_new = targets.occurred_at >= start
    places = kept.places(kept.about.keys(targets, history.catalogue))
    places[is_new] = -1
    is_lost = ~is_new & (places < 0)
    n_lost, n_old = int(is_lost.sum()), int((~is_new).sum())
    if n_lost > MOST_LOST_SHARE * n_old:
        return f"of {n_old:,} earlier choices {n_lost:,} were not known to the last run"
    about = replace(kept.about, until=to_micros(history.until))
    return Wanted(about, targets.take(~is_lost), places[~is_lost], (start,), start, kept)


def take(
    wanted: Wanted, history: History, affinities: Affinities, *, recipe: Recipe, seed: int,
    progress: Progress,
) -> KeptRows:  # fmt: skip
    """Replay the log and take the rows that are not kept; return all that are wanted."""
    texts = Texts.before(history.catalogue, wanted.texts_until, recipe=recipe, seed=seed)
    taken = describe(
        history.state(), texts, affinities, wanted.to_take, recipe=recipe, seed=seed,
        progress=progress,
    )  # fmt: skip
    keys = wanted.about.keys(wanted.targets, history.catalogue)
    if wanted.kept is None:
        return KeptRows(wanted.about, keys, taken)
    is_kept = wanted.places >= 0
    # Choices of the lateness window come after all that are kept, so time order stays.
    rows = ChoiceRows.concatenate([wanted.kept.rows.take(wanted.places[is_kept]), taken])
    return KeptRows(wanted.about, keys, rows)


def rows_of(kept: KeptRows, choices: Choices, history: History) -> TrainingRows:
    """Return the rows of those choices that have any, with what came of the choices."""
    places = kept.places(kept.about.keys(choices.targets, history.catalogue))
    has_rows = places >= 0
    known = Choices(
        choices.targets.take(has_rows), choices.depth[has_rows], choices.position[has_rows]
    )
    return rows_to_learn(kept.rows.take(places[has_rows]), known)


def _needed(history: History, recipe: Recipe) -> Targets:
    first = history.first_needed(recipe.sampling.max_targets)
    return history.choices.span(first, len(history.choices)).targets
