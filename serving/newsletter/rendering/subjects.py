"""Subject lines to choose from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from serving.newsletter.rendering.tidy import clamp, width

__all__ = ["SUBJECT_KINDS", "Subject", "SubjectKind", "Told", "choose", "subjects"]

SubjectKind = Literal["must_read", "lead_and_more", "two", "issue"]
SUBJECT_KINDS: tuple[SubjectKind, ...] = get_args(SubjectKind)

_MOST_COLUMNS = 60
"""30 kanji: what a mail program on a computer shows. A telephone shows some 40, so whatever matters
stands in front."""
_LEAST_TITLE = 16
"""Of a title that stands beside another one; less says nothing."""
_NOT_FIRST = "=+-@ "
"""What begins with one is run as a formula where a hand-over is opened as a sheet."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One candidate."""

    kind: SubjectKind
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a subject can tell of a mail: tidy titles in reading order, at least one."""

    titles: Sequence[str]
    is_must_read: bool
    """Whether the first one is a must-read."""
    name: str
    day: str


def subjects(told: Told, words: Mapping[str, str]) -> tuple[Subject, ...]:
    """Return the candidates that can be written for a mail, the preferred one first.

    A must-read names itself; otherwise the first story leads, because it is what the mail was
    ranked by; two stories where there are two; the issue with its day always can. Each is one line
    of at most 60 columns: titles are shortened, never the words around them. Which one is opened
    more often is for an experiment to say, not for this rule.
    """
    return tuple(Subject(kind, text.lstrip(_NOT_FIRST)) for kind, text in _write(told, words))


def choose(candidates: Sequence[Subject], kind: SubjectKind | None) -> Subject:
    """Return the candidate of a kind, or the preferred one where that could not be written."""
    return next((subject for subject in candidates if subject.kind == kind), candidates[0])


def _write(told: Told, words: Mapping[str, str]) -> Iterator[tuple[SubjectKind, str]]:
    first, n = told.titles[0], len(told.titles)
    if told.is_must_read:
        yield "must_read", _fitted(words["mail.subject.must_read"], title=first)
    if n > 1:
        yield "lead_and_more", _fitted(words["mail.subject.lead_and_more"], title=first, n=n - 1)
        yield "two", _with_two(words["mail.subject.two"], first, told.titles[1])
    pattern = words["mail.subject.issue" if n > 1 else "mail.subject.issue_one"]
    yield "issue", pattern.format(name=clamp(told.name, 30), day=told.day, n=n)


def _fitted(pattern: str, *, title: str, **values: object) -> str:
    around = width(pattern.format(title="", **values))
    return pattern.format(title=clamp(title, _MOST_COLUMNS - around), **values)


def _with_two(pattern: str, first: str, second: str) -> str:
    room = _MOST_COLUMNS - width(pattern.format(title="", second=""))
    kept = clamp(first, max(room - width(second), room // 2, _LEAST_TITLE))
    return pattern.format(title=kept, second=clamp(second, room - width(kept)))
