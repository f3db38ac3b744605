"""Factor models along history, each fitted on nothing but its past."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from recsys.affinity.batch import NotFitted
from recsys.affinity.factors import FactorSnapshot
from recsys.affinity.feature_space import FeatureSpace, Names, content_names, employee_names
from recsys.affinity.lightfm_model import Interactions, LightFMConfig, fit_lightfm
from recsys.catalogue.catalogue import Catalogue
from recsys.times import DAY_US

__all__ = ["Pairs", "SnapshotRecipe", "fit_snapshots"]


@dataclass(frozen=True, slots=True)
class SnapshotRecipe:
    """What each snapshot learns from, and how often one is fitted along the training history."""

    window_us: int = 90 * DAY_US
    max_pairs: int = 40_000
    min_rows: int = 3
    """Features of fewer employees or contents are left out: they would name individuals."""
    n_snapshots: int = 6
    lightfm: LightFMConfig = field(default_factory=lambda: LightFMConfig(n_factors=16, n_epochs=6))


@dataclass(frozen=True, slots=True)
class Pairs:
    """First interactions in time order; arrays of shape (n,)."""

    employee: npt.NDArray[np.int32]
    content: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]


def fit_snapshots(
    catalogue: Catalogue,
    pairs: Pairs,
    moments: Sequence[int],
    *,
    recipe: SnapshotRecipe,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> tuple[list[FactorSnapshot], str | None]:
    """Fit one snapshot per moment (microseconds) on the pairs and contents before it.

    Returns the snapshots that could be fitted, and why the last one that could not failed.
    """
    people = np.arange(len(catalogue.employees), dtype=np.int32)
    stories = np.arange(len(catalogue.contents), dtype=np.int32)
    names_of_contents = content_names(catalogue.contents, stories)
    snapshots, reason = [], None
    for moment in moments:
        versions = catalogue.employees.versions_at(people, np.full(len(people), moment))
        names = employee_names(catalogue.employees, versions), names_of_contents
        fitted = _fit(catalogue, pairs, moment, names, recipe, seed)
        if isinstance(fitted, NotFitted):
            reason = fitted.reason
        else:
            snapshots.append(fitted)
        if progress is not None:
            progress()
    return snapshots, reason


def _fit(
    catalogue: Catalogue, pairs: Pairs, moment: int, names: tuple[Names, Names],
    recipe: SnapshotRecipe, seed: int,
) -> FactorSnapshot | NotFitted:  # fmt: skip
    employees, contents = names
    start = moment - recipe.window_us
    published_at = catalogue.contents.published_at
    live = np.flatnonzero((published_at >= start) & (published_at < moment)).astype(np.int32)
    employee_space = FeatureSpace.of(employees, min_rows=recipe.min_rows)
    content_space = FeatureSpace.of([contents[i] for i in live], min_rows=recipe.min_rows)
    if not len(employee_space.columns) or not len(content_space.columns):
        return NotFitted("employees or contents have no attributes in common to learn from")
    known = np.flatnonzero((pairs.at >= start) & (pairs.at < moment))[-recipe.max_pairs :]
    model = fit_lightfm(
        Interactions(pairs.employee[known], pairs.content[known], np.ones(len(known), np.float32)),
        employee_space.rows(employees),
        content_space.rows(contents),
        live_items=live,
        config=recipe.lightfm,
        seed=seed,
    )
    if isinstance(model, NotFitted):
        return model
    return FactorSnapshot(moment, model, employee_space, content_space)
