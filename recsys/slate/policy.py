"""The slate policy: from a ranking to a feed, by the rules of a recipe."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from recsys.answers import Begun, Degraded, Explanation, FeedRequest, Slate, SlateItem, SlotType
from recsys.audience.audience import Audiences
from recsys.candidates.eligible import EligibleContents
from recsys.formats.chooser import RenditionChooser
from recsys.formats.tastes import FormatTastes
from recsys.ids import UNKNOWN_INDEX
from recsys.randomness import uniform_for
from recsys.scoring import LiveScorer, Shortlisted
from recsys.slate.draft import Draft, Float, Index, Question, Retrieving, Rows, SlateSources, Slot
from recsys.slate.eligibility import is_muted, is_readable
from recsys.slate.explaining import explain
from recsys.slate.filling import fill
from recsys.slate.reasons import reasons_of
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe
from recsys.state.live import LiveState
from recsys.text.duplicates import DuplicateGroups
from recsys.times import HOUR_US, to_micros

__all__ = ["SlatePolicy", "rows_of"]

_BEFORE = "before"
"""What was retrieved because it is in the slate already."""


class SlatePolicy:
    """Turns rankings into slates; not thread-safe."""

    def __init__(
        self, state: LiveState, audiences: Audiences, eligible: EligibleContents,
        scorer: LiveScorer, tastes: FormatTastes, recipe: SlateRecipe = DEFAULT_SLATE,
        duplicates: DuplicateGroups | None = None,
    ) -> None:  # fmt: skip
        self.use(recipe)
        self._eligible, self._scorer, self._tastes = eligible, scorer, tastes
        self._catalogue = state.catalogue
        self._sources = SlateSources(
            state, audiences, scorer.sources.vectors,
            duplicates or DuplicateGroups(state.catalogue.contents), scorer.model.fatigue,
        )  # fmt: skip

    def use(self, recipe: SlateRecipe) -> None:
        """Follow another recipe from now on."""
        self.recipe = recipe
        self._version = recipe.version
        self._retrieving = [rule for rule in recipe.rules if isinstance(rule, Retrieving)]

    @property
    def sources(self) -> SlateSources:
        """Return what rules look at."""
        return self._sources

    @property
    def duplicates(self) -> DuplicateGroups:
        """Return which contents say almost the same."""
        return self._sources.duplicates

    def refresh(self, contents: Index) -> None:
        """Look again at the texts of contents that are new or changed."""
        self._sources.duplicates.refresh(contents)

    def feed(
        self, request: FeedRequest, employee: int, at: int, begun: Begun | None = None
    ) -> Slate:
        """Return the slate of a request, or what follows the slots that it has ``begun`` with.

        ``at`` in microseconds, ``employee`` −1 for a stranger.
        """
        draft = self.draft(request, employee, at, begun)
        slots = fill(draft)
        ranker = self._scorer.model.ranker
        reasons = reasons_of(draft, slots, ranker)
        items = tuple(
            self._item(draft, slot, codes, position)
            for position, (slot, codes) in enumerate(
                zip(slots, reasons, strict=True), start=len(draft.before) + 1
            )
        )
        degraded: Degraded | None = "no_model" if ranker is None else None
        return Slate(
            request.request_id or _request_id(draft.question), self._scorer.model.version,
            self._version, degraded, items,
            len(draft.waiting), len(items) < request.limit or not draft.is_open.any(),
        )  # fmt: skip

    def explain(self, request: FeedRequest, employee: int, at: int, content: int) -> Explanation:
        """Return why a content (an index) is, or is not, in the slate of a request."""
        draft = self.draft(request, employee, at)
        found = explain(draft, fill(draft), content)
        if found.slot_type is None:
            return found
        return replace(found, slot_type=self._slot_type(found.slot_type))

    def draft(
        self, request: FeedRequest, employee: int, at: int, begun: Begun | None = None
    ) -> Draft:
        """Return the draft of a slate after all rules have spoken."""
        if begun is not None:
            request = replace(request, limit=len(begun.items) + request.limit)
        question = self._question(request, employee, at)
        candidates = self._known_by(self.candidates(employee, at), begun)
        wanted = {
            rule.name: self._known_by(rule.retrieve(self._sources, question, candidates), begun)
            for rule in self._retrieving
        }
        if begun is not None:
            index = self._catalogue.contents.ids.index
            wanted[_BEFORE] = np.array([index(i.content_id) for i in begun.items], np.int32)
        draft = self._lay_out(question, candidates, wanted)
        if begun is not None:
            rows = draft.retrieved[_BEFORE].tolist()
            draft.before = [_slot(draft, *pair) for pair in zip(rows, begun.items, strict=True)]
        for rule in self.recipe.rules:
            rule.apply(draft)
        return draft

    def candidates(self, employee: int, at: int) -> Index:
        """Return what the employee could be shown: the ranking's candidates but for own wishes."""
        return self._wanted(employee, self._eligible.retrieve(employee, at))

    def _wanted(self, employee: int, found: Index) -> Index:
        """Return those of ``found`` that the employee's own wishes leave."""
        wishes = self._catalogue.preferences.of(employee)
        if not wishes.languages and not wishes.muted_topics:
            return found
        muted = is_muted(self._catalogue, employee, found)
        return found[is_readable(self._catalogue, employee, found) & ~muted]

    def chooser(self, request: FeedRequest, employee: int, at: int) -> RenditionChooser:
        """Return what draws the renditions of a request."""
        return RenditionChooser(
            self._sources.state, self._tastes, request.employee_id, employee, at,
            surface=request.surface, device=request.device, draw=_draw(request, at),
            audiences=self._sources.audiences,
        )  # fmt: skip

    def _known_by(self, contents: Index, begun: Begun | None) -> Index:
        """Return those contents that were published when a slate began."""
        if begun is None:
            return contents
        return contents[self._catalogue.contents.published_at[contents] <= to_micros(begun.at)]

    def _question(self, request: FeedRequest, employee: int, at: int) -> Question:
        version = self._catalogue.employees.version_at(employee, at)
        opted_out = self._catalogue.preferences.of(employee).personalization_opt_out
        return Question(
            request, employee, version, at, self._catalogue.employees.attributes(version),
            _draw(request, at), not opted_out,
        )  # fmt: skip

    def _lay_out(self, question: Question, candidates: Index, wanted: dict[str, Index]) -> Draft:
        ranked, scores, shortlisted, places = self._ranked(question, candidates)
        held = set(ranked.tolist())
        more = dict.fromkeys(c for found in wanted.values() for c in found.tolist())
        extra = np.array([c for c in more if c not in held], np.int32)
        contents = np.concatenate([ranked, extra])
        below = scores.min(initial=1.0) * 0.5  # whatever is not ranked is less than what is
        all_scores = np.concatenate([scores, np.full(len(extra), below)])
        rows = rows_of(contents, wanted)
        feature_rows = np.concatenate([places, np.full(len(extra), -1)])
        chooser = self.chooser(question.request, question.employee, question.at)
        return Draft(
            self._sources, question, chooser, contents, all_scores, rows, shortlisted, feature_rows
        )

    def _ranked(
        self, question: Question, candidates: Index
    ) -> tuple[Index, Float, Shortlisted | None, Rows]:
        """Return contents best first, their scores, the shortlist, and rows of features (−1: none).

        All that trees rank; with a limit on minutes everything, since short contents further down
        may be all that fits into what is left.
        """
        employee = question.employee if question.is_personal else UNKNOWN_INDEX
        at, scorer = question.at, self._scorer
        if scorer.model.ranker is None:
            places, scores = scorer.best(employee, candidates, at, None)
            return candidates[places], scores, None, np.full(len(places), -1)
        shortlisted = scorer.shortlist(employee, candidates, at)
        n = len(shortlisted.places)
        k = n if self._is_enough(question, n) else None
        places, scores = scorer.best(employee, candidates, at, k)
        row_of = np.full(len(candidates), -1)
        row_of[shortlisted.places] = np.arange(n)
        return candidates[places], scores, shortlisted, row_of[places]

    def _is_enough(self, question: Question, n_ranked: int) -> bool:
        """Whether a slate can be filled from what trees rank."""
        return question.request.limit <= n_ranked and question.request.max_minutes is None

    def _slot_type(self, slot_type: SlotType) -> SlotType:
        """Return what a slot is called: without a ranker nothing is personal."""
        is_ranked = self._scorer.model.ranker is not None
        return slot_type if is_ranked or slot_type != "personal" else "fallback"

    def _item(self, draft: Draft, slot: Slot, reasons: tuple[str, ...], position: int) -> SlateItem:
        return SlateItem(
            content_id=self._catalogue.contents.ids.id(int(draft.contents[slot.row])),
            rendition_id=slot.choice.rendition_id,
            format=slot.choice.format,
            position=position,
            score=float(draft.scores[slot.row]),
            slot_type=self._slot_type(slot.slot_type),
            propensity=slot.propensity,
            rendition_propensity=slot.choice.propensity,
            reasons=reasons,
        )


def rows_of(contents: Index, wanted: Mapping[str, Index]) -> dict[str, Rows]:
    """Return where each of ``wanted`` is among ``contents``, by the same names."""
    order = np.argsort(contents, kind="stable")
    return {
        name: order[np.searchsorted(contents, found, sorter=order)]
        for name, found in wanted.items()
    }


def _slot(draft: Draft, row: int, item: SlateItem) -> Slot:
    choice = draft.chooser.drawn(int(draft.contents[row]), item)
    return Slot(row, item.slot_type, item.propensity, choice)


def _draw(request: FeedRequest, at: int) -> str:
    """Return what a draw depends on: without a request id the hour, so reloads do not flicker."""
    return request.request_id or f"{request.surface}/{at // HOUR_US}"


def _request_id(question: Question) -> str:
    drawn = uniform_for(question.draw, question.request.employee_id, "request")
    return f"r-{int(drawn * 2**53):014x}"
