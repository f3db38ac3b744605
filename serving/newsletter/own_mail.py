"""One mail of a planned issue, made from the engine that serves."""

from recsys.store.newsletter_store import PlanConflictError
from recsys.times import to_micros
from serving.newsletter.planned import NOBODY, PlannedMails, choose
from serving.newsletter.rendering.renderer import Rendered
from serving.services import Services
from serving.texts import Language

__all__ = ["planned_mail"]


def planned_mail(
    services: Services, issue_id: str, employee_id: str, language: Language = "ja"
) -> Rendered | None:
    """Return somebody's mail as it would go out now; None if they get none, or nothing is planned.

    For :data:`NOBODY` it is that of a recipient who does not exist, in ``language``.
    """
    with services.worker.engine() as (engine, at):
        engine.state.advance(to_micros(at))
        try:
            chosen = choose(services.newsletters, issue_id, engine)
        except PlanConflictError:  # still being made
            return None
        if chosen is None:
            return None
        planned = PlannedMails(services.newsletters, engine)
        if employee_id == NOBODY:
            mail = planned.synthetic(chosen, language)
        else:
            mail = planned.find(chosen, employee_id)
    if mail is None:
        return None
    return services.mailing.renderer(services.mailing.edition(chosen.body, at)).render(mail)
