"""The best page: nothing shown is worth more, and showing it leaves nothing to regret."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.answers import Slate, SlateItem
from recsys.simulator.company import found
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.living import LivingCompany
from recsys.simulator.page import PageView
from recsys.simulator.traits import Records

SCENARIO = Scenario(employees=40, days=14, seed=6, world=WORLDS["strong"])
BEGINS = SCENARIO.start + timedelta(days=10)
ENDS = SCENARIO.start + timedelta(days=12)


class Chosen:
    """Shows what the best page holds, slots in the order of ``places``."""

    def __init__(self, places: Sequence[int] | None) -> None:
        self._company = found(SCENARIO)
        self._places = places
        self.living = LivingCompany(self._company, BEGINS)

    def show(self, view: PageView) -> Slate:
        page = self.living.best_page(view)
        contents = self._company.frames["contents"]["content_id"]
        renditions = self._company.frames["renditions"]["rendition_id"]
        assert (np.diff(page.worth) <= 0).all()
        order = range(len(page.contents)) if self._places is None else self._places
        items = tuple(
            SlateItem(
                contents[page.contents[place]], renditions[page.renditions[place]], "", position,
                0.0, "personal", 1.0, 1.0,
            )
            for position, place in enumerate(order, start=1)
        )  # fmt: skip
        return Slate(view.request_id, "m", "p", None, items)

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        """Do nothing."""


def _lived(places: Sequence[int] | None) -> Records:
    server = Chosen(places)
    return server.living.live(server, ENDS)


def _worth(answers: Records) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(np.where(answers["seen"], 0.0, answers["p_open"] * answers["p_complete"]))


def test_its_slots_are_worth_what_is_promised() -> None:
    answers = _lived(None)
    assert len(answers) > 300
    assert not answers["seen"].any()
    assert _worth(answers) == pytest.approx(answers["best"], rel=1e-12)


@pytest.mark.parametrize("places", list(permutations(range(3)))[1:])
def test_no_other_order_is_worth_as_much(places: Sequence[int]) -> None:
    answers = _lived(places)
    pages = pd.DataFrame(
        {"visit": answers["visit"], "page": answers["page"], "worth": _worth(answers),
         "best": answers["best"]}
    ).groupby(["visit", "page"]).sum()  # fmt: skip
    assert len(pages) > 30
    assert (pages["worth"] < pages["best"]).all()
