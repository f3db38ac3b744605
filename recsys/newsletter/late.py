"""The truth at the last moment: what was picked hours ago is looked at again before it is sent."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.engine import Engine
from recsys.formats.chooser import RenditionChooser
from recsys.newsletter.picks import Pick, PickedItem
from recsys.newsletter.plan import IssuePlan, SectionPlan
from recsys.newsletter.policy import IssuePolicy
from recsys.slate.rules.mandatory import still_owed

__all__ = ["LateCheck"]


@dataclass(slots=True)
class _Mail:
    """One mail in the making."""

    pick: Pick
    employee: int
    candidates: set[int]
    owed: set[int]
    chooser: RenditionChooser
    used: set[str]
    items: list[PickedItem]


class LateCheck:
    """Looks at picks again, from an engine that stands at the present moment; not thread-safe.

    What was withdrawn, has expired, was read, sent, muted or acknowledged in the meantime gives way
    to the first of its alternates that still fits, else it is left out. Who opted out since is
    picked for anew, and so is whoever would be left with nothing. Who left, declined or is full for
    the week gets none.
    """

    def __init__(self, engine: Engine, plan: IssuePlan) -> None:
        self._engine = engine
        self._policy = IssuePolicy(engine, plan)
        self._sections = {section.section_id: section for section in plan.sections}

    def check(self, pick: Pick) -> Pick:
        """Return what goes out; without items there is a cause.

        Items that took another's place have no alternates of their own left, no reasons, and the
        propensity 1: given the plan and the present, nothing was drawn.
        """
        employee = self._catalogue.employees.ids.index(pick.employee_id)
        allowed = self._policy.sending(employee)
        if not allowed.is_allowed and allowed.cause != "quiet_hours":
            return replace(pick, items=(), skipped=allowed.cause)
        opted_out = self._catalogue.preferences.of(employee).personalization_opt_out
        if pick.skipped is not None:
            return pick
        if pick.is_personal and opted_out:
            return self._policy.pick(pick.employee_id)
        items = self._checked(pick, employee)
        if not items:
            return self._policy.pick(pick.employee_id)
        return replace(pick, items=items, not_before=allowed.allowed_from)

    def pick(self, employee_id: str) -> Pick:
        """Return a popular issue for somebody without picks: ranked as for somebody unknown."""
        return self._policy.pick(employee_id, plain=True)

    @property
    def _catalogue(self) -> Catalogue:
        return self._engine.state.catalogue

    def _checked(self, pick: Pick, employee: int) -> tuple[PickedItem, ...]:
        mail = self._begin(pick, employee)
        for item in pick.items:
            kept = self._kept(mail, item) or self._alternate(mail, item)
            if kept is not None:
                mail.items.append(replace(kept, position=len(mail.items) + 1))
        return tuple(mail.items)

    def _begin(self, pick: Pick, employee: int) -> _Mail:
        state, policy = self._engine.state, self._policy
        policy.prepare(pick.segment)
        must = [
            self._catalogue.contents.ids.index(item.content_id)
            for item in pick.items
            if item.slot_type == "mandatory"
        ]
        live = np.array(must, np.int32)
        live = live[np.isin(live, self._catalogue.contents.live(state.clock))]
        owed = still_owed(state, self._engine.audiences, employee, state.clock, live)
        return _Mail(
            pick, employee, set(policy.candidates(employee, state.clock).tolist()),
            set(owed.tolist()),
            policy.chooser(policy.request(pick.employee_id), employee, state.clock),
            {item.content_id for item in pick.items}, [],
        )  # fmt: skip

    def _kept(self, mail: _Mail, item: PickedItem) -> PickedItem | None:
        content = self._catalogue.contents.ids.index(item.content_id)
        is_fit = content in (mail.owed if item.slot_type == "mandatory" else mail.candidates)
        if not is_fit:
            return None
        has_rendition = any(
            r.rendition_id == item.rendition_id for r in mail.chooser.suitable(content)
        )
        return item if has_rendition else _in_rendition(mail, item, content)

    def _alternate(self, mail: _Mail, item: PickedItem) -> PickedItem | None:
        section = self._sections.get(item.section)
        for content_id in item.alternates:
            content = self._catalogue.contents.ids.index(content_id)
            is_free = content_id not in mail.used and content in mail.candidates
            if (
                section is None
                or not is_free
                or self._is_full(mail, section, content, item.position)
            ):
                continue
            mail.used.add(content_id)
            taken = replace(
                item, content_id=content_id, rendition_id="", slot_type="personal",
                propensity=1.0, reasons=(), alternates=(), is_alternate=True,
            )  # fmt: skip
            found = _in_rendition(mail, taken, content)
            if found is not None:
                return found
        return None

    def _is_full(self, mail: _Mail, section: SectionPlan, content: int, position: int) -> bool:
        """Whether an author or a campaign has its share of a section without this content."""
        contents = self._catalogue.contents
        later = (item for item in mail.pick.items if item.position > position)
        held = [i.content_id for i in (*mail.items, *later) if i.section == section.section_id]
        for column, most in (
            ("author", section.max_per_author), ("campaign", section.max_per_campaign),
        ):  # fmt: skip
            key = int(contents[column][content])
            counts = Counter(int(contents[column][contents.ids.index(c)]) for c in held)
            if most is not None and key >= 0 and counts[key] >= most:
                return True
        return False


def _in_rendition(mail: _Mail, item: PickedItem, content: int) -> PickedItem | None:
    """Return the item in the rendition that suits its reader now; None if there is none."""
    drawn = mail.chooser.draw(content)
    if drawn is None:
        return None
    minutes = round(drawn.seconds / 60.0, 2) or None
    return replace(item, rendition_id=drawn.rendition_id, format=drawn.format, est_minutes=minutes)
