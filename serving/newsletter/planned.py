"""The mails of a planned issue: one revision of it, with the truth of this moment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from recsys.engine import Engine
from recsys.newsletter.late import LateCheck
from recsys.newsletter.picks import Pick, unpack
from recsys.store.newsletter_store import NewsletterStore, PlanConflictError, StoredPlan
from serving.newsletter.job import people_of
from serving.newsletter.mail import Mail, MailItem, MailSource
from serving.newsletter.plan_models import PlanBody

__all__ = ["NOBODY", "Chosen", "PlannedMails", "choose"]

NOBODY = ""
"""The employee id of the synthetic recipient. It belongs to nobody: ids are never empty."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The revision of an issue that goes out, and what it stands in for."""

    plan: StoredPlan
    body: PlanBody
    source: MailSource


class PlannedMails:
    """Mails from stored picks and an engine that stands at the present moment; not thread-safe.

    Parameters
    ----------
    newsletters
        Where plans and picks are.
    engine
        Up to date; it is asked about the moment it stands at, and not changed.
    """

    def __init__(self, newsletters: NewsletterStore, engine: Engine) -> None:
        self._newsletters, self._engine = newsletters, engine
        self._bodies: dict[tuple[str, int, str], PlanBody] = {}

    def hand_over(self, issue_id: str) -> Chosen | None:
        """Choose the revision that goes out, once for all; None if there is no such issue.

        Whoever asks for the same issue later gets the same revision, and no newer plan is taken.
        Raises :class:`PlanConflictError` while the plan is being made and its deadline has not
        come.
        """
        chosen = choose(self._newsletters, issue_id, self._engine)
        if chosen is None:
            return None
        revision = self._newsletters.hand_over(issue_id, chosen.plan.revision)
        if revision == chosen.plan.revision:
            return chosen
        plan = self._newsletters.find(issue_id, revision)
        assert plan is not None
        return _chosen(plan, chosen.source)

    def all(self, chosen: Chosen) -> Iterator[Mail]:
        """Yield the mails by employee id; whoever gets none is left out.

        Someone without picks, because the plan missed its deadline, gets a popular issue: silence
        would be worse.
        """
        checks: dict[str, LateCheck] = {}
        plan = chosen.plan
        picked = set[str]()
        for text in self._newsletters.picks(plan.issue_id, plan.revision):
            pick = unpack(text)
            picked.add(pick.employee_id)
            if pick.variant not in checks:
                checks[pick.variant] = self._check(chosen, pick.variant)
            yield from self._mail(chosen, checks[pick.variant].check(pick), pick.variant)
        if plan.status != "finished":
            check = self._check(chosen)
            for employee_id in people_of(self._engine, chosen.body):
                if employee_id not in picked:
                    yield from self._mail(chosen, check.pick(employee_id), source="popular")

    def find(self, chosen: Chosen, employee_id: str) -> Mail | None:
        """Return one person's mail; None if they get none."""
        plan = chosen.plan
        text = self._newsletters.pick(plan.issue_id, plan.revision, employee_id)
        if text is not None:
            kept = unpack(text)
            checked = self._check(chosen, kept.variant).check(kept)
            return next(self._mail(chosen, checked, kept.variant), None)
        if plan.status == "finished":
            return None
        popular = self._check(chosen).pick(employee_id)
        return next(self._mail(chosen, popular, source="popular"), None)

    def synthetic(self, chosen: Chosen, language: str) -> Mail | None:
        """Return the mail of a recipient who does not exist, ranked as for somebody unknown.

        What an editor may look at: nobody's own picks. None if nothing is for everybody.
        """
        pick = replace(self._check(chosen).pick(NOBODY), language=language)
        return next(self._mail(chosen, pick), None)

    def _check(self, chosen: Chosen, variant: str = "") -> LateCheck:
        return LateCheck(self._engine, self._body(chosen, variant).plan(chosen.plan.issue_id))

    def _body(self, chosen: Chosen, variant: str) -> PlanBody:
        """Return a variant's plan, read once."""
        key = chosen.plan.issue_id, chosen.plan.revision, variant
        if key not in self._bodies:
            self._bodies[key] = chosen.body.for_variant(variant)
        return self._bodies[key]

    def _mail(
        self, chosen: Chosen, pick: Pick, variant: str = "", source: MailSource | None = None
    ) -> Iterator[Mail]:
        if not pick.items:
            return
        body = self._body(chosen, variant)
        style = next((s for code, s in body.segments.items() if code == pick.segment), None)
        sections = []
        for section in body.sections:
            items = tuple(
                MailItem(
                    i.content_id, i.rendition_id, i.format, i.section, i.position, i.slot_type,
                    i.propensity, i.rendition_propensity, i.reasons, i.est_minutes, i.is_alternate,
                )
                for i in pick.items
                if i.section == section.id
            )  # fmt: skip
            if items:
                sections.append((section.id, items))
        yield Mail(
            chosen.plan.issue_id, chosen.plan.revision, pick.employee_id, pick.language,
            tuple(sections), source or chosen.source, style.lines if style else None,
            pick.not_before, body.subject, variant,
        )  # fmt: skip


def choose(newsletters: NewsletterStore, issue_id: str, engine: Engine) -> Chosen | None:
    """Return what goes out now: the newest plan, or from its deadline on the last good one.

    Without a good one the newest goes out as far as it came, and a popular issue to all others.
    None if there is no such issue. Raises :class:`PlanConflictError` before the deadline.
    """
    plans = newsletters.revisions(issue_id)
    handed = next((plan for plan in plans if plan.is_handed_over), None)
    if handed is not None:
        return _chosen(handed, "plan" if handed is plans[0] else "last_good_plan")
    if not plans or plans[0].status == "finished":
        return _chosen(plans[0], "plan") if plans else None
    ends_at = PlanBody.model_validate_json(plans[0].document).ends_at
    if plans[0].status != "failed" and engine.now < ends_at:
        raise PlanConflictError(
            f"revision {plans[0].revision} of issue {issue_id!r} is still being made "
            f"({plans[0].n_done:,} people are done); wait for it, or for its deadline at "
            f"{ends_at.isoformat()}, from which on the last good plan or a popular issue goes out"
        )
    good = next((plan for plan in plans if plan.status == "finished"), None)
    return _chosen(plans[0], "plan") if good is None else _chosen(good, "last_good_plan")


def _chosen(plan: StoredPlan, source: MailSource) -> Chosen:
    return Chosen(plan, PlanBody.model_validate_json(plan.document), source)
