"""One evaluation of a challenger on the slate log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recsys.audience.named import NamedSegments
from recsys.dataset.dataset import Dataset
from recsys.evaluation.slates.explored import ExploreJudge, ExploreValues
from recsys.evaluation.slates.walk import prepare_slates, walk_slates
from recsys.evaluation.slates.whole import WholeJudge, WholeValues
from recsys.model import Model
from recsys.slate.recipe import SlateRecipe
from recsys.store.slate_log import SlateLog

__all__ = ["CHALLENGER", "SlateValues", "value_slates"]

CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True)
class SlateValues:
    """What the slates of one window say of a challenger."""

    explored: ExploreValues
    whole: WholeValues


def value_slates(
    dataset: Dataset, slates: SlateLog, challenger: Model, recipe: SlateRecipe, *,
    since: datetime, until: datetime, named: NamedSegments | None = None,
    clip: float | None = None, progress: Callable[[int], None] | None = None,
) -> SlateValues:  # fmt: skip
    """Walk once through the slates of ``since`` ≤ at < ``until``, as the challenger met them.

    ``challenger`` must have learned from before ``since``. Costs about as much as answering those
    feeds again in which something was drawn and looked at.
    """
    test = prepare_slates(dataset, {CHALLENGER: challenger}, recipe, named)
    explored = ExploreJudge(test.outcomes, {CHALLENGER: challenger.version})
    whole = WholeJudge(test.outcomes, (CHALLENGER,))
    walk_slates(test, slates.between(since, until), [explored, whole], progress=progress)
    return SlateValues(explored.values(clip), whole.values(clip))
