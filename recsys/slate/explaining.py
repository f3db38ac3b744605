"""Why a content is, or is not, in somebody's feed: read from what the rules did."""

import numpy as np

from recsys.answers import Explanation, RuleEffect
from recsys.schema import CONTENT_STATUSES
from recsys.slate.draft import Cap, Draft, Slot
from recsys.slate.eligibility import is_muted, is_readable

__all__ = ["CAUSES", "explain"]

CAUSES: tuple[str, ...] = (
    "shown", "unknown_content", "draft", "withdrawn", "not_yet_published", "expired",
    "not_in_audience", "dismissed", "seen", "muted_topic", "other_language", "must_read_waiting",
    "shown_too_often", "duplicate", "author_cap", "campaign_cap", "topic_cap", "too_long",
    "too_similar", "ranked_lower",
)  # fmt: skip
"""All causes an :class:`recsys.answers.Explanation` may name."""

_NOTICED = 0.01
"""A factor within a hundredth of 1 is not worth a word."""


def explain(draft: Draft, slots: list[Slot], content: int) -> Explanation:
    """Return why ``content`` (an index, −1 for an unknown one) is or is not among ``slots``.

    The first cause that holds is named: what keeps a content from being a candidate, then what
    rules did to it, then that others were better. ``draft`` is the one the slots were filled from.
    """
    if content < 0 or not draft.sources.state.catalogue.contents["known"][content]:
        return Explanation("unknown_content", None, None, ())
    rows = np.flatnonzero(draft.contents == content)
    row = int(rows[0]) if len(rows) else None
    effects = () if row is None else _effects(draft, row)
    for position, slot in enumerate(slots, start=1):
        if slot.row == row:
            return Explanation("shown", position, slot.slot_type, effects)
    if row is not None and row in draft.waiting:
        return Explanation("must_read_waiting", None, None, effects)
    cause = _ineligible(draft, content)
    if cause is None:
        cause = "ranked_lower" if row is None else _passed_over(draft, slots, row)
    return Explanation(cause, None, None, effects)


def _effects(draft: Draft, row: int) -> tuple[RuleEffect, ...]:
    return tuple(
        RuleEffect(rule, float(factors[row]))
        for rule, factors in draft.factors.items()
        if abs(float(factors[row]) - 1.0) > _NOTICED
    )


def _ineligible(draft: Draft, content: int) -> str | None:
    """Return what keeps a content from being a candidate; None if it is one."""
    question, state = draft.question, draft.sources.state
    contents, own = state.catalogue.contents, np.array([content], np.int32)
    status = CONTENT_STATUSES[int(contents["status"][content])]
    checks = {
        status: status != "published",
        "not_yet_published": int(contents.published_at[content]) > question.at,
        "expired": int(contents["expires_at"][content]) <= question.at,
        "not_in_audience": not draft.sources.audiences.includes(
            question.employee, question.at, own
        )[0],
        "dismissed": state.readings.did(question.employee, own, "dismiss")[0],
        "seen": not state.readings.unseen(question.employee, own)[0],
        "muted_topic": is_muted(state.catalogue, question.employee, own)[0],
        "other_language": not is_readable(state.catalogue, question.employee, own)[0],
    }
    return next((cause for cause, holds in checks.items() if holds), None)


def _passed_over(draft: Draft, slots: list[Slot], row: int) -> str:
    """Return which rule kept a candidate out, or that others were better."""
    if "fatigue" in draft.closed and draft.closed["fatigue"][row]:
        return "shown_too_often"
    taken = [slot.row for slot in slots]
    wanted = [i for i, slot in enumerate(slots) if slot.slot_type == "personal"]
    # Of equals the one that is ranked before the other.
    place = (draft.values[row], -row)
    better = [i for i in wanted if place > (draft.values[taken[i]], -taken[i])]
    for cap in draft.caps:
        if any(_is_full(cap, taken[:i], row) for i in (wanted if cap.is_strict else better)):
            return "duplicate" if cap.name == "duplicate" else f"{cap.name}_cap"
    if draft.question.request.max_minutes is not None and (better or not wanted):
        return "too_long"
    return "too_similar" if better else "ranked_lower"


def _is_full(cap: Cap, above: list[int], row: int) -> bool:
    """Whether a cap lets ``row`` no more into the slot below ``above``."""
    key = cap.keys[row]
    recent = above[max(len(above) - cap.window + 1, 0) :]
    return bool(key >= 0 and np.count_nonzero(cap.keys[recent] == key) >= cap.most)
