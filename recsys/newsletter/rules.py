"""The rules a newsletter adds to the slate policy of the feed."""

from dataclasses import dataclass, field
from math import floor
from typing import ClassVar, Self

import numpy as np

from recsys.catalogue.contents import ContentTable
from recsys.newsletter.plan import SectionPlan
from recsys.randomness import generator_for
from recsys.schema import CONTENT_TYPES
from recsys.slate.draft import (
    Bool,
    Draft,
    Exploration,
    Index,
    Question,
    Section,
    SlateSources,
)
from recsys.slate.rules.exploration import MOST_IN_POOL
from recsys.slate.rules.floors import is_from_elsewhere, owned_elsewhere
from recsys.slate.rules.mandatory import still_owed

__all__ = ["Listed", "Sections", "Share", "members"]

_TO_SPARE = 4
"""Of each section so many times its quota is retrieved besides the ranking, the newest first: what
is left after caps, exclusions and alternates should still fill it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Puts what the editors listed for this issue first: must-reads, then pins, in their order.

    A listed must-read is in everybody's mail who is in its audience and not done with it, however
    often it was shown; a pin only where it is a candidate.
    """

    name: ClassVar[str] = "listed"
    mandatory: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()

    def retrieve(self, sources: SlateSources, question: Question, candidates: Index) -> Index:
        """Return what is owed and what is pinned."""
        if not self.mandatory and not self.pinned:
            return candidates[:0]
        owed = still_owed(
            sources.state, sources.audiences, question.employee, question.at,
            _live(sources, question.at, self.mandatory),
        )  # fmt: skip
        pinned = _live(sources, question.at, self.pinned)
        pinned = pinned[np.isin(pinned, candidates) & ~np.isin(pinned, owed)]
        return np.concatenate([owed, pinned])

    def apply(self, draft: Draft) -> None:
        """Place them."""
        must = _known(draft.sources, self.mandatory)
        for row in draft.retrieved[self.name].tolist():
            is_must = int(draft.contents[row]) in must
            draft.place(row, "mandatory" if is_must else "pinned")


@dataclass(frozen=True, slots=True)
class Sections:
    """Divides the slate into the sections of the plan; for a catalogue that stays as it is."""

    name: ClassVar[str] = "sections"
    sections: tuple[SectionPlan, ...]
    members: tuple[Bool, ...] = field(repr=False)
    """For each section bool, shape (n_contents,): its kind."""

    @classmethod
    def of(cls, sections: tuple[SectionPlan, ...], table: ContentTable) -> Self:
        """Look up which contents each section may hold."""
        return cls(sections, tuple(members(section, table) for section in sections))

    def retrieve(self, sources: SlateSources, question: Question, candidates: Index) -> Index:
        """Return for each section its newest candidates: the ranking may hold none of a kind."""
        found: dict[int, None] = {}
        table = sources.state.catalogue.contents
        owners = table["owner_department"].view(np.int32)
        for section, of_all in zip(self.sections, self.members, strict=True):
            is_member = of_all[candidates]
            n = _TO_SPARE * section.quota
            if section.topics or section.content_types:
                found |= dict.fromkeys(candidates[is_member][:n].tolist())
            if section.min_other_department:
                is_member &= owned_elsewhere(
                    table.departments, question.attributes, owners[candidates]
                )
                found |= dict.fromkeys(candidates[is_member][:n].tolist())
        return np.array(list(found), np.int32)

    def apply(self, draft: Draft) -> None:
        """Add them to the draft."""
        is_elsewhere = is_from_elsewhere(draft)
        author = draft.column("author").view(np.int32)
        campaign = draft.column("campaign").view(np.int32)
        for plan, of_all in zip(self.sections, self.members, strict=True):
            maxima = (author, plan.max_per_author), (campaign, plan.max_per_campaign)
            draft.sections.append(
                Section(
                    plan.section_id, of_all[draft.contents], plan.quota, is_elsewhere,
                    plan.min_other_department,
                    tuple((keys, most) for keys, most in maxima if most is not None),
                )
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Share:
    """Draws a share of the slots, so that the log can tell what was not shown enough.

    Of 0.25 slots every fourth mail has one; which slots are drawn is drawn as well, apart from
    anything that people did, so that a slot's propensity is that of its content given that.
    """

    name: ClassVar[str] = "share"
    share: float
    pool: int = MOST_IN_POOL
    floor: float = 1 / (2 * MOST_IN_POOL)

    def apply(self, draft: Draft) -> None:
        """Say which slots are drawn; none for those who do not want to be learned from."""
        question, limit = draft.question, draft.question.request.limit
        if not question.is_personal or self.share == 0:
            return
        rng = generator_for(question.draw, question.request.employee_id, self.name)
        n = min(floor(self.share * limit + rng.random()), limit)
        positions = tuple(sorted((1 + rng.permutation(limit)[:n]).tolist()))
        if positions:
            draft.exploration = Exploration(positions, self.pool, self.floor, 1.0)


def members(section: SectionPlan, table: ContentTable) -> Bool:
    """Return bool, shape (n_contents,): contents of the kind that a section holds."""
    is_member = np.ones(len(table), np.bool_)
    if section.topics:
        codes = [table.topics_map.index(topic) for topic in section.topics]
        is_member &= np.isin(table.topics, [code for code in codes if code >= 0]).any(axis=1)
    if section.content_types:
        wanted = [CONTENT_TYPES.index(name) for name in section.content_types]
        is_member &= np.isin(table["content_type"], wanted)
    return is_member


def _known(sources: SlateSources, content_ids: tuple[str, ...]) -> list[int]:
    contents = sources.state.catalogue.contents
    codes = (contents.ids.index(content_id) for content_id in content_ids)
    return [code for code in codes if code >= 0]


def _live(sources: SlateSources, at: int, content_ids: tuple[str, ...]) -> Index:
    """Return listed contents that are live, in the editors' order."""
    known = np.array(_known(sources, content_ids), np.int32)
    if len(known) == 0:
        return known
    return known[np.isin(known, sources.state.catalogue.contents.live(at))]
