"""Whether a plan can be fulfilled at all: what is known before anybody is looked at."""

import numpy as np

from recsys.audience.rules import RuleError
from recsys.engine import Engine
from recsys.newsletter.rules import members
from recsys.times import to_micros
from serving.newsletter.plan_models import PlanBody

__all__ = ["wrongs_of"]


def wrongs_of(engine: Engine, body: PlanBody) -> list[tuple[str, str]]:
    """Return what no company state of this moment could fulfil: the place in the plan, and why.

    Quick, so that it may be asked of an engine that serves. Quotas that only some people miss are
    counted when the plan is worked on.
    """
    table, at = engine.state.catalogue.contents, to_micros(engine.now)
    wrongs = []
    try:
        engine.audiences.compile(body.audience)
    except RuleError as error:
        wrongs.append(("audience", str(error)))
    for name in ("mandatory", "pinned"):
        for content_id in getattr(body, name):
            content = table.ids.index(content_id)
            if content < 0 or not table["known"][content]:
                wrongs.append(
                    (name, f"there is no content {content_id!r}; put it first, or check the id")
                )
    live = table.live(at)
    for section in body.plan("").sections:
        n = int(np.count_nonzero(members(section, table)[live]))
        if n < section.quota:
            why = (
                f"section {section.section_id!r} wants {section.quota} contents, but {n} live ones "
                "are of its kind, so nobody can have them; lower the quota, or widen its topics "
                "and content_types"
            )
            wrongs.append((f"sections.{section.section_id}", why))
    return wrongs
