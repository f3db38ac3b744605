"""Picks for one person after the other: the slate policy of the feed, in sections."""

from dataclasses import replace

import numpy as np

from recsys.answers import Begun, FeedRequest, Sending, SlotType
from recsys.catalogue.renditions import primary_language
from recsys.engine import Engine
from recsys.formats.chooser import RenditionChooser
from recsys.newsletter.chooser import BestRendition
from recsys.newsletter.picks import Pick, PickedItem
from recsys.newsletter.plan import IssuePlan, Style
from recsys.newsletter.rules import Listed, Sections, Share
from recsys.schema import FORMATS
from recsys.segments.groups import CODES
from recsys.slate.draft import Draft, Index, Question, Slot
from recsys.slate.policy import SlatePolicy
from recsys.slate.reasons import reasons_of
from recsys.slate.recipe import SlateRecipe
from recsys.slate.sections import Sectioned, fill_sections
from recsys.slate.sending import SendingRules, sending
from recsys.times import DAY_US, to_micros

__all__ = ["N_ALTERNATES", "IssuePolicy"]

N_ALTERNATES = 2
"""Of each item."""

_LIVES_ON_US = DAY_US
"""What expires within a day of the send time is gone before many have read the mail."""

_FEED_ONLY = ("fresh", "sent_mix", "explore", "plackett_luce")
"""Rules of the feed that say what sections, the best rendition and the share say here."""


class IssuePolicy(SlatePolicy):
    """Picks for a plan, from an engine that stands at the plan's moment; not thread-safe.

    Picks depend on the engine's state, the plan and the employee alone: in whatever order, and in
    however many processes, people are asked for, they are the same.
    """

    def __init__(self, engine: Engine, plan: IssuePlan) -> None:
        super().__init__(
            engine.state, engine.audiences, engine.eligible, engine.scorer, engine.tastes,
            issue_recipe(engine, plan), engine.slates.duplicates,
        )  # fmt: skip
        self.plan = plan
        self._engine = engine
        self._send_at = to_micros(plan.send_at)
        self._style = Style()
        self._everybody_plain = False
        self._segments: tuple[int, list[int]] | None = None

    def pick(self, employee_id: str, *, plain: bool = False) -> Pick:
        """Return somebody's issue at the engine's moment.

        ``plain`` ranks as for somebody unknown: by freshness and by what all read. It is the same
        for whoever opted out, and what a missed deadline falls back to.
        """
        at = self._engine.state.clock
        employee = self._catalogue.employees.ids.index(employee_id)
        segment = self.segment(employee)
        self.prepare(segment, plain=plain)
        allowed = self.sending(employee)
        pick = Pick(
            employee_id, self._language(employee, at), segment,
            model_version=self._scorer.model.version, policy_version=self._version,
        )  # fmt: skip
        if not allowed.is_allowed and allowed.cause != "quiet_hours":
            return replace(pick, skipped=allowed.cause)
        draft = self.draft(self.request(employee_id), employee, at)
        found = fill_sections(draft, N_ALTERNATES)
        if not found:
            return replace(pick, skipped="nothing_relevant")
        return replace(
            pick, items=self._items(draft, found), short=_short(draft, found),
            must_reads_waiting=len(draft.waiting), not_before=allowed.allowed_from,
            is_personal=draft.question.is_personal,
        )  # fmt: skip

    def prepare(self, segment: str, *, plain: bool = False) -> None:
        """Turn to somebody of a segment: its style, and a plain ranking if that is asked for."""
        self._style, self._everybody_plain = self.plan.styles.get(segment, Style()), plain

    def request(self, employee_id: str) -> FeedRequest:
        """Return what is asked for somebody; the seed stands for the request id."""
        plan = self.plan
        minutes = self._style.max_minutes or plan.max_minutes
        return FeedRequest(
            employee_id, self._engine.now, plan.total, "newsletter", max_minutes=minutes,
            request_id=f"{plan.issue_id}/{plan.seed}",
        )  # fmt: skip

    def sending(self, employee: int) -> Sending:
        """Return whether the issue may go to somebody when it is sent."""
        state = self._sources.state
        return sending(state, SendingRules(), employee, max(self._send_at, state.clock))

    def would_get(self, employee: int) -> bool:
        """Whether nothing speaks against an issue for somebody but quiet hours."""
        allowed = self.sending(employee)
        return allowed.is_allowed or allowed.cause == "quiet_hours"

    def segment(self, employee: int) -> str:
        """Return the code of somebody's segment, all of them computed at once; else empty."""
        segments, at = self._engine.segments, self._engine.state.clock
        if segments is None or employee < 0:
            return ""
        if self._segments is None or self._segments[0] != at:
            self._segments = at, segments.codes(at).tolist()
        codes = self._segments[1]
        return CODES[codes[employee]] if employee < len(codes) else ""

    def draft(
        self, request: FeedRequest, employee: int, at: int, begun: Begun | None = None
    ) -> Draft:
        """Return the draft, with contents raised that the segment's formats are there for."""
        draft = super().draft(request, employee, at, begun)
        weights = self._style.formats
        if weights:
            bits = draft.chooser.formats(draft.contents)
            factors = np.zeros(len(draft))
            for place, form in enumerate(FORMATS):
                has = bits >> place & 1 > 0
                factors[has] = np.maximum(factors[has], weights.get(form, 1.0))
            draft.scale("style", np.where(factors > 0, factors, 1.0))
        return draft

    def candidates(self, employee: int, at: int) -> Index:
        """Return what may be in somebody's mail, must-reads apart."""
        exclude, table = self.plan.exclude, self._catalogue.contents
        found = (
            super().candidates(employee, at) if exclude.seen else self._seen_or_not(employee, at)
        )
        count, last = self._sources.state.mailings.of(employee, found)
        recently = self._send_at - int(exclude.sent_within_days * DAY_US)
        was_sent = (count >= exclude.max_sends) | ((count > 0) & (last > recently))
        ends = table["expires_at"].view(np.int64)[found] < self._send_at + _LIVES_ON_US
        return found[~was_sent & ~ends]

    def chooser(self, request: FeedRequest, employee: int, at: int) -> RenditionChooser:
        """Return what chooses renditions: the best, weighted by the segment's style."""
        chooser = BestRendition(
            self._sources.state, self._tastes, request.employee_id, employee, at,
            surface=request.surface, device=request.device, draw=request.request_id or "",
            audiences=self._sources.audiences,
        )  # fmt: skip
        chooser.weights = self._style.formats
        return chooser

    def _seen_or_not(self, employee: int, at: int) -> Index:
        live = self._catalogue.contents.live(at)
        meant = live[self._sources.audiences.includes(employee, at, live)]
        return self._wanted(employee, meant)

    def _question(self, request: FeedRequest, employee: int, at: int) -> Question:
        question = super()._question(request, employee, at)
        return replace(question, is_personal=False) if self._everybody_plain else question

    def _is_enough(self, question: Question, n_ranked: int) -> bool:
        """Say yes: what sections lack beyond the shortlist they retrieve."""
        del question, n_ranked
        return True

    def _language(self, employee: int, at: int) -> str:
        chosen = self._catalogue.preferences.of(employee).languages
        version = self._catalogue.employees.version_at(employee, at)
        recorded = primary_language(
            self._catalogue.employees.attributes(version).get("language", "")
        )
        if not chosen or recorded in {primary_language(name) for name in chosen}:
            return recorded
        return primary_language(min(chosen))

    def _items(self, draft: Draft, found: Sectioned) -> tuple[PickedItem, ...]:
        slots = [slot for slot, _ in found]
        reasons = reasons_of(draft, slots, self._scorer.model.ranker)
        ids = self._catalogue.contents.ids
        return tuple(
            PickedItem(
                ids.id(int(draft.contents[slot.row])), slot.choice.rendition_id,
                slot.choice.format, slot.section, position, self._type_of(slot),
                float(draft.scores[slot.row]), slot.propensity, slot.choice.propensity, codes,
                round(slot.choice.seconds / 60.0, 2) or None,
                tuple(ids.id(int(draft.contents[row])) for row in alternates),
            )
            for position, ((slot, alternates), codes) in enumerate(
                zip(found, reasons, strict=True), start=1
            )
        )  # fmt: skip

    def _type_of(self, slot: Slot) -> SlotType:
        if self._everybody_plain and slot.slot_type == "personal":
            return "fallback"
        return self._slot_type(slot.slot_type)


def issue_recipe(engine: Engine, plan: IssuePlan) -> SlateRecipe:
    """Return the company's slate policy with what the editors want of this issue."""
    kept = (rule for rule in engine.slates.recipe.rules if rule.name not in _FEED_ONLY)
    sections = Sections.of(plan.sections, engine.state.catalogue.contents)
    return SlateRecipe(
        (
            Listed(plan.mandatory, plan.pinned), *kept, sections, Share(plan.explore_share),
        )
    )  # fmt: skip


def _short(draft: Draft, found: Sectioned) -> tuple[str, ...]:
    """Return the sections that are not as full, or as mixed, as the plan wants them."""
    short, limit = [], draft.question.request.limit
    for section in draft.sections:
        rows = [slot.row for slot, _ in found if slot.section == section.name]
        if len(rows) < min(section.quota, limit):
            short.append(section.name)
        if np.count_nonzero(section.is_elsewhere[rows]) < section.least_elsewhere:
            short.append(f"{section.name}:other_department")
        limit -= len(rows)
    return tuple(short)
