"""What happens to a story in an employee's hands: opened, read or played, liked, put away."""

import numpy as np

from recsys.kernels import kernel
from recsys.schema import DISMISS_REASONS, SHARE_REASONS
from recsys.simulator.config import FORMATS_IN_USE
from recsys.simulator.log import REASONS, event_kind, note
from recsys.simulator.memory import Memory, remember
from recsys.simulator.response import interest_in
from recsys.simulator.town import Town
from recsys.simulator.traits import Records
from recsys.times import SECOND_US

__all__ = ["dismiss", "read_story"]

_OPEN = event_kind("open")
_READ = event_kind("read")
_PROGRESS = event_kind("progress")
_COMPLETE = event_kind("complete")
_LIKE = event_kind("like")
_COMMENT = event_kind("comment")
_SHARE = event_kind("share")
_BOOKMARK = event_kind("bookmark")
_ACKNOWLEDGE = event_kind("acknowledge")
_RSVP = event_kind("rsvp")
_ACTION = event_kind("action")
_DISMISS = event_kind("dismiss")

_PROPOSE = REASONS.index("propose")
_NOT_INTERESTED = REASONS.index("not_interested")
_WRONG_FORMAT = REASONS.index("wrong_format")
_FIRST_DISMISS_REASON = len(SHARE_REASONS)
_N_DISMISS_REASONS = len(DISMISS_REASONS)

_FIRST_PLAYED = FORMATS_IN_USE.index("video")
"""Formats from here on play and report progress; those before are read."""

_P_FINISH_LOGGED = 0.7
"""A page tells only now and then that its end was reached; a player always does."""
_P_ACKNOWLEDGE = 0.8
_P_SIGN_UP = 0.3
_P_ACT = 0.08
_WRITING_US = 30 * SECOND_US
"""Time it takes to write a comment or a proposal."""


@kernel
def read_story(
    town: Town,
    memory: Memory,
    log: Records,
    row: int,
    visit: int,
    content: int,
    form: int,
    clock: int,
    opens: float,
    completes: float,
    origin: int,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Open, read or play, react; return the next row and the moment the story was put away.

    ``origin`` is the row of the impression, −1 for a link; ``opens`` and ``completes`` are
    probabilities given that one looks.
    """
    employee = town.visits[visit]["employee"]
    story = town.facts[content]
    rendition = story["rendition"][town.traits[employee]["language"], form]
    page = -1 if origin < 0 else log[origin]["page"]
    if memory.seen[employee, content] == 0:
        remember(memory, employee, content, clock)
    opened = row
    row = note(log, row, clock, _OPEN, employee, content, rendition, visit, page)
    if origin >= 0:
        log[opened]["position"] = log[origin]["position"]
        log[opened]["propensity"] = log[origin]["propensity"]
        log[opened]["rendition_propensity"] = log[origin]["rendition_propensity"]
    completed = rng.random() < completes
    row, clock = _take_in(log, row, opened, clock, story["seconds"][form], form, completed, rng)
    row = _react(story, log, row, opened, clock, opens, completed, rng)
    return row, clock + 3 * SECOND_US


@kernel
def _take_in(
    log: Records,
    row: int,
    opened: int,
    clock: int,
    seconds: float,
    form: int,
    completed: bool,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Read or play for a while; return the next row and the end.

    A completed rendition has a progress of at least 0.9 or a dwell of at least 0.75 of the expected
    time, another one stays below 0.62 of both: the rule of DESIGN §5 finds exactly the completed.
    """
    is_played = form >= _FIRST_PLAYED
    if not completed:
        part = 0.02 + 0.6 * rng.random() ** 1.5
    elif is_played:
        part = 0.9 + 0.1 * rng.random()
    else:
        part = 0.75 + 0.6 * rng.random()
    clock += int(part * seconds * SECOND_US)
    # A complete event comes with the last progress; never before it.
    taken = row
    row = _note_again(log, row, opened, clock, _PROGRESS if is_played else _READ)
    log[taken]["dwell"] = round(part * seconds, 1)
    if is_played:
        log[taken]["progress"] = round(part, 3)
    if completed and (is_played or rng.random() < _P_FINISH_LOGGED):
        row = _note_again(log, row, opened, clock, _COMPLETE)
    return row, clock + 2 * SECOND_US


@kernel
def _react(
    story: np.void,
    log: Records,
    row: int,
    opened: int,
    clock: int,
    opens: float,
    completed: bool,
    rng: np.random.Generator,
) -> int:
    """Like, comment, share, bookmark, acknowledge, sign up, act; return the next row."""
    warmth = opens * (1.0 if completed else 0.3)
    if rng.random() < 0.25 * warmth:
        row = _note_again(log, row, opened, clock, _LIKE)
    if rng.random() < 0.05 * warmth:
        row = _note_again(log, row, opened, clock + _WRITING_US, _COMMENT)
    if rng.random() < 0.06 * warmth:
        row = _note_again(log, row, opened, clock, _BOOKMARK)
    if rng.random() < 0.04 * warmth:
        luck = rng.random()
        row = _note_again(log, row, opened, clock + SECOND_US, _SHARE)
        # Most people pass a story on to one person, few to the whole company.
        log[row - 1]["reason"] = 0 if luck < 0.6 else (1 if luck < 0.9 else 2)
    if story["mandatory"] and rng.random() < _P_ACKNOWLEDGE:
        row = _note_again(log, row, opened, clock, _ACKNOWLEDGE)
    if story["is_event"] and completed and rng.random() < _P_SIGN_UP:
        row = _note_again(log, row, opened, clock, _RSVP)
    if story["in_campaign"] and completed and rng.random() < _P_ACT:
        row = _note_again(log, row, opened, clock + _WRITING_US, _ACTION)
        log[row - 1]["reason"] = _PROPOSE
    return row


@kernel
def dismiss(
    town: Town,
    memory: Memory,
    log: Records,
    row: int,
    origin: int,
    clock: int,
    form: int,
    rng: np.random.Generator,
) -> int:
    """Put the story of impression ``origin`` away for a reason that fits; return the next row."""
    employee, content = log[origin]["employee"], log[origin]["content"]
    memory.seen[employee, content] = 1
    row = _note_again(log, row, origin, clock, _DISMISS)
    reason = _FIRST_DISMISS_REASON + int(rng.random() * _N_DISMISS_REASONS)
    # Below −1 logit it is plain what was wrong; otherwise any reason will do.
    if interest_in(town.traits[employee], town.facts[content]) < -1.0:
        reason = _NOT_INTERESTED
    elif town.traits[employee]["attraction"][form] < -1.0:
        reason = _WRONG_FORMAT
    log[row - 1]["reason"] = reason
    return row


@kernel
def _note_again(log: Records, row: int, source: int, time: int, kind: int) -> int:
    """Write a row about the same content, rendition and page as row ``source``."""
    return note(
        log, row, time, kind, log[source]["employee"], log[source]["content"],
        log[source]["rendition"], log[source]["visit"], log[source]["page"],
    )  # fmt: skip
