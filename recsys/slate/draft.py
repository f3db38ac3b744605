"""A slate in the making: what the rules see, and what they may do to it.

Rules only talk through a :class:`Draft`. A soft wish multiplies a content's value
(:meth:`Draft.scale`); a hard one places a content (:meth:`Draft.place`), closes it
(:meth:`Draft.close`), caps how many of a kind there may be (:meth:`Draft.cap`) or asks for at
least one (:meth:`Draft.require`). :func:`recsys.slate.filling.fill` then fills slot after slot.

Values are probabilities times factors, kept as logarithms. So a factor means the same whatever
ranks, and its unit is understood by who sets it: 0.5 is "half as good".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from recsys.answers import FeedRequest, SlotType
from recsys.audience.audience import Audiences
from recsys.features.content_vectors import ContentVectors
from recsys.features.matrix import FEATURE_NAMES
from recsys.formats.chooser import Drawn, RenditionChooser
from recsys.scoring import Shortlisted
from recsys.state.live import LiveState
from recsys.text.duplicates import DuplicateGroups

__all__ = [
    "WHOLE_SLATE", "Bool", "Cap", "Draft", "Exploration", "Float", "Floor", "Index", "Question",
    "Retrieving", "Rows", "Section", "SlateRule", "SlateSources", "Slot",
]  # fmt: skip

Index = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

WHOLE_SLATE = 1 << 30
"""A window no slate is longer than."""

_LEAST_VALUE = 1e-12
"""Stands for a score of 0, which has no logarithm: below whatever a ranker gives."""

_COLUMN = {name: place for place, name in enumerate(FEATURE_NAMES)}


@dataclass(frozen=True, slots=True)
class SlateSources:
    """What rules may look at."""

    state: LiveState
    audiences: Audiences
    vectors: ContentVectors
    duplicates: DuplicateGroups
    fatigue: float
    """The model's: openings fall with (1 + n) ** −fatigue after n showings."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asking, where and when; ``at`` in microseconds, indices −1 for somebody unknown."""

    request: FeedRequest
    employee: int
    version: int
    at: int
    attributes: Mapping[str, str]
    """Of the employee's version."""
    draw: str
    """What random numbers depend on besides the employee."""
    is_personal: bool
    """False for somebody who opted out: nothing they did may decide, but what they have seen."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` contents with one key in any ``window`` slots in a row; keys of −1 pass."""

    name: str
    keys: Index
    most: int
    window: int
    is_strict: bool = False
    """Holds even where nothing else is left; others are given up then: a feed beats no feed."""


@dataclass(frozen=True, slots=True)
class Floor:
    """At least one member in every ``every`` slots, where there is one; due at slot ``due``."""

    slot_type: SlotType
    is_member: Bool
    every: int
    due: int
    """1-based place within the ``every`` slots where a member is taken if none came before."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """Which slots are drawn, and among what."""

    positions: tuple[int, ...] | None
    """1-based; None: all slots are drawn (Plackett-Luce)."""
    pool: int
    """At most so many contents have a chance in a slot."""
    floor: float
    """Least probability of each of them."""
    temperature: float
    """Divides log values: 1 draws in proportion to values, less is greedier."""
    first: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    """Rows that are in the pool before all others."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a slate that holds contents of a kind: at most ``quota`` of them."""

    name: str
    is_member: Bool
    quota: int
    is_elsewhere: Bool
    least_elsewhere: int = 0
    """So many come from other departments, where there are any."""
    caps: tuple[tuple[Index, int], ...] = ()
    """Keys by row, and at most how many contents of the section have one in common; never given
    up. Keys of −1 pass."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a slate; ``row`` is the draft's."""

    row: int
    slot_type: SlotType
    propensity: float
    """P(this content here | slots above)."""
    choice: Drawn
    section: str = ""
    """Where a slate has sections."""


class Draft:
    """The candidates of one slate and what the rules have said about them; arrays by row.

    Rows are the ranking's, best first, then what rules retrieved beyond it.
    """

    def __init__(
        self, sources: SlateSources, question: Question, chooser: RenditionChooser,
        contents: Index, scores: Float, retrieved: dict[str, Rows],
        shortlisted: Shortlisted | None, feature_rows: Rows,
    ) -> None:  # fmt: skip
        self.sources, self.question, self.chooser = sources, question, chooser
        self.contents, self.scores = contents, scores
        self.retrieved = retrieved
        """By rule, the rows it asked for."""
        self.values: Float = np.log(np.maximum(scores, _LEAST_VALUE))
        self.is_open: Bool = np.ones(len(contents), np.bool_)
        self.factors: dict[str, Float] = {}
        """By rule, what it multiplied values with: the trace."""
        self.closed: dict[str, Bool] = {}
        """By rule, what it closed."""
        self.before: list[Slot] = []
        """Slots that were answered before, where a slate is continued."""
        self.head: list[tuple[int, SlotType]] = []
        self.waiting: Rows = np.zeros(0, np.int64)
        """Must-reads that found no place."""
        self.caps: list[Cap] = []
        self.floors: list[Floor] = []
        self.most_of_format = (WHOLE_SLATE, WHOLE_SLATE)
        """At most so many slots of one format in any window of so many."""
        self.sections: list[Section] = []
        """In reading order; :mod:`recsys.slate.sections` fills them."""
        self.similarity_cost = 0.0
        self.exploration: Exploration | None = None
        self._shortlisted, self._feature_rows = shortlisted, feature_rows

    def __len__(self) -> int:
        return len(self.contents)

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """Return a column of the content table by row."""
        return self.sources.state.catalogue.contents[name][self.contents]

    def feature(self, name: str, rows: Rows | None = None) -> npt.NDArray[np.float32]:
        """Return a feature of the ranker by row (of ``rows`` only), NaN where there is none."""
        places = self._feature_rows if rows is None else self._feature_rows[rows]
        if self._shortlisted is None or len(self._shortlisted.features) == 0:
            return np.full(len(places), np.nan, np.float32)
        found: npt.NDArray[np.float32] = self._shortlisted.features[places, _COLUMN[name]]
        found[places < 0] = np.nan
        return found

    def is_ranked(self, rows: Rows) -> Bool:
        """Return bool, shape (n,): rows that trees have ranked, so that there are features."""
        return np.asarray(self._feature_rows[rows] >= 0)

    def feature_matrix(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Return a copy of all features of ranked ``rows``, shape (n, n_features)."""
        assert self._shortlisted is not None
        return self._shortlisted.features[self._feature_rows[rows]]

    def usual_features(
        self, groups: Iterable[str], columns: Mapping[str, slice]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Return, by feature group, the median of each of its columns over the shortlist."""
        assert self._shortlisted is not None
        features = self._shortlisted.features
        middle = len(features) // 2
        return {
            group: np.partition(np.ascontiguousarray(features[:, columns[group]].T), middle)[
                :, middle
            ]
            for group in groups
        }

    def scale(self, rule: str, factors: npt.NDArray[np.floating[Any]]) -> None:
        """Multiply values by ``factors``, shape (n_rows,), above 0; what is below 1e-12 is that."""
        self.factors[rule] = np.maximum(factors, _LEAST_VALUE).astype(np.float64)
        self.values += np.log(self.factors[rule])

    def close(self, rule: str, is_closed: Bool) -> None:
        """Take rows out of the slate; must-reads and pins that were placed stay."""
        self.closed[rule] = is_closed
        self.is_open &= ~is_closed

    def place(self, row: int, slot_type: SlotType) -> None:
        """Give a row the next of the first slots; beyond the limit nothing happens."""
        if len(self.head) < self.question.request.limit and self.is_open[row]:
            self.head.append((row, slot_type))
            self.is_open[row] = False


class SlateRule(Protocol):
    """One wish of the comms team; a frozen dataclass of its settings.

    Rules are applied in the order of the policy, each once. They read ``draft.sources`` and never
    change them, draw no random numbers and know no clock but ``draft.question.at``.
    """

    name: ClassVar[str]

    def apply(self, draft: Draft) -> None:
        """Say what this rule wishes; cost a few passes over the draft's rows."""
        ...


@runtime_checkable
class Retrieving(Protocol):
    """A rule that needs contents the ranking may not hold."""

    name: ClassVar[str]

    def retrieve(self, sources: SlateSources, question: Question, candidates: Index) -> Index:
        """Return content indices without repetition, int32; ``candidates`` come newest first."""
        ...
