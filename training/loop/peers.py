"""Who else could serve the company: plain lists, and somebody who knows everybody's mind.

The lists are given all that is not ranking: the same candidates (unseen, in audience), must-reads
and pins first by the same rules (the old portal puts must-reads first too), and each content in the
form that the first model finds best for its reader. So what is measured against them is order,
breadth and exploration, not that a plain portal shows things twice or in one form only.

The clairvoyant shows the best page by the planted probabilities, must-reads or not. Nobody can
expect more from a page; over weeks somebody could who saved things for later.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.answers import Slate, SlateItem
from recsys.dataset.dataset import Dataset
from recsys.engine import Engine
from recsys.evaluation.baselines import HALF_LIVES
from recsys.model import Model
from recsys.scoring import LiveScorer
from recsys.simulator.company import Company
from recsys.simulator.living import LivingCompany, Server
from recsys.simulator.page import PageView
from recsys.simulator.serving import EngineServer
from recsys.slate.policy import SlatePolicy
from recsys.slate.recipe import SlateRecipe
from recsys.slate.rules.mandatory import Mandatory
from recsys.slate.rules.pins import Pins
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.state.live import LiveState
from recsys.times import SECOND_US
from training.loop.serving import state_of

__all__ = ["CLAIRVOYANT", "NEWEST", "POPULAR", "Clairvoyant", "plain_engine"]

NEWEST, POPULAR, CLAIRVOYANT = "newest_first", "popular", "clairvoyant"

Scores = npt.NDArray[np.float64]
Order = Callable[[LiveState, npt.NDArray[np.int32], int], Scores]

_OBLIGATIONS = SlateRecipe((Mandatory(), Pins()))


def newest_first(state: LiveState, candidates: npt.NDArray[np.int32], at: int) -> Scores:
    """Return scores that fall with age; candidates come newest first."""
    del state, at
    return np.asarray(1.0 / np.arange(1.0, len(candidates) + 1.0))


def popular(half_life: str) -> Order:
    """Return the order by interactions that halve in a time of ``HALF_LIVES``; ties newest first.

    A repeat by the same employee counts a fifth, as in the baselines of the evaluation.
    """
    column = POPULARITY_HALF_LIVES.index(HALF_LIVES[half_life] * SECOND_US)

    def order(state: LiveState, candidates: npt.NDArray[np.int32], at: int) -> Scores:
        read = state.counters.content.read(candidates.astype(np.int64), at)[:, column]
        # Single precision, as features are: sums that differ by rounding only are a tie.
        return read.astype(np.float32).astype(np.float64)

    return order


class _PlainScorer(LiveScorer):
    """Scores by a plain order."""

    def __init__(self, model: Model, state: LiveState, order: Order) -> None:
        super().__init__(replace(model, ranker=None), state)
        self._order, self._followed = order, state

    def score(self, employee: int, candidates: npt.NDArray[np.int32], at: int) -> Scores:
        del employee
        return self._order(self._followed, candidates, at)


def plain_engine(dataset: Dataset, model: Model, order: Order) -> Engine:
    """Return an engine over all of ``dataset`` that ranks by a plain order.

    Formats are chosen by ``model``.
    """
    engine = Engine(replace(model, ranker=None), state_of(dataset), [])
    engine.scorer = _PlainScorer(model, engine.state, order)
    engine.slates = SlatePolicy(
        engine.state, engine.audiences, engine.eligible, engine.scorer, engine.tastes, _OBLIGATIONS
    )
    return engine


class Clairvoyant:
    """Shows the best page there is; a :class:`recsys.simulator.living.Server`."""

    def __init__(self, company: Company, living: LivingCompany) -> None:
        self._living = living
        self._content_ids = company.frames["contents"]["content_id"].tolist()
        self._rendition_ids = company.frames["renditions"]["rendition_id"].tolist()

    def show(self, view: PageView) -> Slate:
        """Return the best page."""
        page = self._living.best_page(view)
        items = tuple(
            SlateItem(
                self._content_ids[content], self._rendition_ids[rendition], "", position, worth,
                "personal", 1.0, 1.0,
            )
            for position, (content, rendition, worth) in enumerate(
                zip(*(column.tolist() for column in page), strict=True), start=1
            )
        )  # fmt: skip
        return Slate(view.request_id, CLAIRVOYANT, CLAIRVOYANT, None, items)

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        """Do nothing: it knows."""


def peer(
    name: str, company: Company, living: LivingCompany, dataset: Dataset, model: Model,
    half_life: str,
) -> Server:  # fmt: skip
    """Return the server of a name; ``dataset`` ends when the old portal is switched off."""
    if name == CLAIRVOYANT:
        return Clairvoyant(company, living)
    order = newest_first if name == NEWEST else popular(half_life)
    return EngineServer(plain_engine(dataset, model, order))
