"""How far a content came with each employee of its audience; exactly one answer for everybody.

Everybody's *fate* is the furthest stage they reached, or else the cause why there is none:

========================  ======================================================================
``acknowledged``          confirmed it
``completed``             took it in to the end (:func:`recsys.state.marks.completed`)
``opened``                any other interaction
``seen``                  an impression or a dismissal, no interaction
``delivered``             had the chance: came to the intranet since it was published, or got a
                          newsletter that named it; no impression of it. The slate log is no part
                          of the live state, and an impression says more than a slate anyway
``not_visited``           could be reached, but has not come since it was published
``no_device``             has neither PC nor mobile and has not come
``on_leave``              away now, whether or not they came before
``language``              chose languages, and it exists in none of them
``muted``                 muted a topic of it, and it is no must-read
``unmeasurable``          never left any trace, though there was time and occasion
``opted_out``             does not want to be looked at: behaviour is not evaluated
========================  ======================================================================

What somebody did wins over what could be thought of them: who opened it on a shared terminal is
``opened`` with ``no_device``. Only the acknowledgement of a must-read counts for people who opted
out, because that is owed and no behaviour. Somebody who acknowledges counts as further than
somebody who completes, also without a completion.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.presence import is_on_leave
from recsys.event_columns import CODE_OF_TYPE, IS_INTERACTION
from recsys.segments.measurable import has_no_device, is_unmeasurable
from recsys.state.live import LiveState
from recsys.state.readings import COMPLETED_FLAG, flag_of
from recsys.times import NO_TIME

__all__ = [
    "CAUSES", "FATES", "NOT_DELIVERABLE", "STAGES", "Facts", "fates", "last_active", "look_at",
    "no_secrets",
]  # fmt: skip

STAGES: tuple[str, ...] = ("delivered", "seen", "opened", "completed", "acknowledged")
"""From the nearest to the furthest."""

NOT_DELIVERABLE: tuple[str, ...] = ("no_device", "on_leave", "language", "muted")

CAUSES: tuple[str, ...] = ("not_visited", *NOT_DELIVERABLE, "unmeasurable", "opted_out")

FATES: tuple[str, ...] = (*STAGES, *CAUSES)

_INTERACTED = flag_of(*(name for name, code in CODE_OF_TYPE.items() if IS_INTERACTION[code]))
_MET = flag_of("impression", "dismiss")
_MAILED = flag_of("newsletter_sent", "newsletter_open")

Employees = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of n employees and one content; arrays of shape (n,)."""

    flags: npt.NDArray[np.uint32]
    """As :meth:`recsys.state.readings.Readings.flags` says."""
    has_visited: Bools
    """Left a trace anywhere since the content was published."""
    has_no_device: Bools
    is_on_leave: Bools
    cannot_read: Bools
    has_muted: Bools
    is_unmeasurable: Bools
    has_opted_out: Bools
    is_owed: bool
    """The content is a must-read."""


def fates(facts: Facts) -> Codes:
    """Return int8 places in ``FATES``, shape (n,). Pure; the first that holds counts."""
    flags, out = facts.flags, facts.has_opted_out
    acknowledged = flags & flag_of("acknowledge") > 0
    rules: tuple[tuple[str, Bools], ...] = (
        ("acknowledged", acknowledged & (~out | facts.is_owed)),
        ("opted_out", out),
        ("completed", flags & COMPLETED_FLAG > 0),
        ("opened", flags & _INTERACTED > 0),
        ("seen", flags & _MET > 0),
        ("on_leave", facts.is_on_leave),
        ("delivered", flags & _MAILED > 0),
        ("language", facts.cannot_read),
        ("muted", facts.has_muted),
        ("delivered", facts.has_visited),
        ("no_device", facts.has_no_device),
        ("unmeasurable", facts.is_unmeasurable),
    )
    places = [np.int8(FATES.index(name)) for name, _ in rules]
    found = np.select([holds for _, holds in rules], places, np.int8(FATES.index("not_visited")))
    return np.asarray(found, np.int8)


def look_at(state: LiveState, employees: Employees, content: int, at: int) -> Facts:
    """Return what the state knows at its present moment ``at`` (microseconds)."""
    catalogue = state.catalogue
    versions = catalogue.employees.versions_at(employees, np.full(len(employees), at))
    active = last_active(state, employees)
    cannot_read, muted, out = _own_choices(catalogue, employees, content)
    return Facts(
        state.readings.flags(employees, content),
        active >= catalogue.contents.published_at[content],
        has_no_device(catalogue, employees, at),
        is_on_leave(catalogue.employees, versions, at),
        cannot_read, muted,
        is_unmeasurable(catalogue, employees, active != NO_TIME, at),
        out,
        is_owed=bool(catalogue.contents["mandatory"][content]),
    )  # fmt: skip


def no_secrets(catalogue: Catalogue, content: int) -> frozenset[str]:
    """Return the fates of which may be said that nobody has them.

    Leave and devices are the company's own records; the others cannot be with this content. Of all
    else "nobody" would tell what everybody did or chose.
    """
    contents = catalogue.contents
    found = {"no_device", "on_leave"}
    if not contents["ack_required"][content]:
        found.add("acknowledged")
    if not _languages(catalogue, content):
        found.add("language")
    if contents["mandatory"][content] or (contents.topics[content] < 0).all():
        found.add("muted")
    return frozenset(found)


def last_active(state: LiveState, employees: Employees) -> npt.NDArray[np.int64]:
    """Return int64 microseconds of the last trace of each employee, ``NO_TIME`` without any.

    A trace is an interaction, or an impression once its visit is over, with a content that is not
    sensitive. Searches, and newsletters that name no content, leave none.
    """
    newest = np.full(len(employees), NO_TIME)
    for counts in (state.counters.employee, state.counters.employee_shown):
        at = counts.table.at
        known = employees < len(at)
        newest[known] = np.maximum(newest[known], at[employees[known]])
    return newest


def _own_choices(
    catalogue: Catalogue, employees: Employees, content: int
) -> tuple[Bools, Bools, Bools]:
    """Return who chose other languages, who muted a topic of the content, and who opted out."""
    contents = catalogue.contents
    languages = _languages(catalogue, content)
    topics = {contents.topics_map.id(t) for t in contents.topics[content].tolist() if t >= 0}
    can_be_muted = not contents["mandatory"][content]
    cannot_read, muted, out = (np.zeros(len(employees), np.bool_) for _ in range(3))
    for place, employee in enumerate(employees.tolist()):
        chosen = catalogue.preferences.of(employee)
        out[place] = chosen.personalization_opt_out
        if chosen.muted_topics and can_be_muted:
            muted[place] = not topics.isdisjoint(chosen.muted_topics)
        if chosen.languages and languages:
            cannot_read[place] = languages.isdisjoint(map(_primary, chosen.languages))
    return cannot_read, muted, out


def _languages(catalogue: Catalogue, content: int) -> frozenset[str]:
    """Return the languages a content exists in; none if it may suit everybody."""
    contents = catalogue.contents
    code = int(contents["language"][content])
    own = contents.languages.id(code) if code >= 0 else ""
    others = {r.language for r in catalogue.renditions.of(content) if r.language}
    return frozenset(map(_primary, {own, *others})) if own else frozenset()


def _primary(language: str) -> str:
    """Return the language without region or script: ``ja`` of ``ja-JP``."""
    return language.lower().replace("_", "-").split("-")[0]
