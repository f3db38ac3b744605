"""One page in front of an employee: what it holds, and how likely each slot is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.answers import Slate
from recsys.errors import ConfigurationError
from recsys.ids import IdMap
from recsys.kernels import kernel
from recsys.simulator.company import Company
from recsys.simulator.config import LANGUAGES
from recsys.simulator.log import constant, event_kind, note
from recsys.simulator.loop import SLOT_US, completing, opening
from recsys.simulator.memory import Memory
from recsys.simulator.response import looked_at, sigmoid
from recsys.simulator.town import Town
from recsys.simulator.traits import Records

__all__ = ["PageReader", "PageView", "ShownPage", "note_page", "page_chances"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_IMPRESSION = event_kind("impression")
_FIRST_ROW = constant(0)


@dataclass(frozen=True, slots=True)
class PageView:
    """Somebody opens a page and wants ``slots`` contents at most."""

    employee_id: str
    at: datetime
    slots: int
    surface: str
    device: str
    request_id: str
    visit: int
    """Index of the visit."""
    page: int
    """From 0 within the visit."""


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A slate in indices of the company; arrays of shape (n,), slot by slot."""

    contents: IntArray
    renditions: IntArray
    forms: IntArray
    """Formats, indices into ``FORMATS_IN_USE``."""
    readable: npt.NDArray[np.bool_]
    """Whether the employee reads the rendition's language."""
    propensities: FloatArray
    rendition_propensities: FloatArray


class PageReader:
    """Finds in the company what a slate names."""

    def __init__(self, company: Company) -> None:
        town, frames = company.town, company.frames
        self._published = town.facts["published"]
        self._contents = _index(frames["contents"]["content_id"])
        self._renditions = _index(frames["renditions"]["rendition_id"])
        # Renditions are numbered in the order of content, language and format.
        self._places = np.argwhere(town.facts["rendition"] >= 0)
        self.reads = _languages_read(company)
        """bool, shape (employees, languages)."""

    def read(self, slate: Slate, employee: int, now: int, slots: int) -> ShownPage:
        """Return the page; raises :class:`ConfigurationError` on what cannot be shown now."""
        items = slate.items
        if [item.position for item in items] != list(range(1, len(items) + 1)):
            raise ConfigurationError(
                f"positions of slate {slate.request_id} are {[i.position for i in items]}; "
                "expected 1, 2, 3 …"
            )
        if len(items) > slots:
            raise ConfigurationError(
                f"slate {slate.request_id} has {len(items)} slots; the page has room for {slots}"
            )
        contents = self._found("content", self._contents, [item.content_id for item in items])
        renditions = self._found(
            "rendition", self._renditions, [item.rendition_id for item in items]
        )
        of_content, language, form = self._places[renditions].reshape(-1, 3).T
        for slot, item in enumerate(items):
            if of_content[slot] != contents[slot] or self._published[contents[slot]] > now:
                raise ConfigurationError(
                    f"slot {item.position} of slate {slate.request_id} shows {item.rendition_id} "
                    f"for {item.content_id}; expected a rendition of a published content"
                )
        return ShownPage(
            contents, renditions, form, self.reads[employee, language],
            np.array([item.propensity for item in items], np.float64),
            np.array([item.rendition_propensity for item in items], np.float64),
        )  # fmt: skip

    def _found(self, what: str, index: dict[str, int], ids: Sequence[str]) -> IntArray:
        missing = [external for external in ids if external not in index]
        if missing:
            raise ConfigurationError(
                f"the company has no {what} {missing[0]!r}; serve it from its own catalogue"
            )
        return np.array([index[external] for external in ids], np.int64)


def _index(ids: "pd.Series[str]") -> dict[str, int]:
    return {external: place for place, external in enumerate(ids)}


def _languages_read(company: Company) -> npt.NDArray[np.bool_]:
    """Return bool, shape (employees, languages): the own language and declared ones."""
    own = company.town.traits["language"]
    reads = own[:, None] == np.arange(len(LANGUAGES))
    preferences = company.frames["preferences"]
    people = IdMap(company.frames["employees"]["employee_id"]).indices(preferences["employee_id"])
    for person, languages in zip(people.tolist(), preferences["languages"], strict=True):
        reads[person] |= np.isin(LANGUAGES, languages.split(";"))
    return np.asarray(reads)


def page_chances(town: Town, memory: Memory, visit: int, page: ShownPage, now: int) -> FloatArray:
    """Return float64, shape (n, 3): P(looked at), P(open | looked at), P(complete | opened).

    All as of the moment the page is shown, by the planted response. Whoever does not read the
    language will not open it: the old portal never showed such a rendition, the response is silent.
    """
    found = np.empty((len(page.contents), 3))
    _fill(town, memory, visit, page.contents, page.forms, now, found)
    found[~page.readable, 1] = 0.0
    return found


@kernel
def _fill(
    town: Town,
    memory: Memory,
    visit: int,
    contents: IntArray,
    forms: IntArray,
    now: int,
    found: FloatArray,
) -> None:
    employee = town.visits[visit]["employee"]
    for slot in range(len(contents)):
        content, form = contents[slot], forms[slot]
        found[slot, 0] = looked_at(town.response, slot + 1)
        found[slot, 1] = sigmoid(opening(town, memory, employee, content, form, now))
        found[slot, 2] = sigmoid(completing(town, visit, content, form))


def note_page(
    log: Records, employee: int, visit: int, number: int, page: ShownPage, now: int
) -> int:
    """Write the impressions of page ``number`` of a visit into ``log`` from its first row on.

    An impression is written for every slot, as the old portal does; returns the next row.
    """
    n = len(page.contents)
    _note(log, employee, visit, number, page.contents, page.renditions, now)
    log["position"][:n] = np.arange(1, n + 1)
    log["propensity"][:n] = page.propensities
    log["rendition_propensity"][:n] = page.rendition_propensities
    return n


@kernel
def _note(
    log: Records,
    employee: int,
    visit: int,
    number: int,
    contents: IntArray,
    renditions: IntArray,
    now: int,
) -> None:
    row = _FIRST_ROW
    for slot in range(len(contents)):
        seen_at = now + slot * SLOT_US
        content, rendition = contents[slot], renditions[slot]
        row = note(log, row, seen_at, _IMPRESSION, employee, content, rendition, visit, number)
