"""What all mails of one issue have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from serving.texts import Language, texts

__all__ = ["Edition", "say_day"]


@dataclass(frozen=True, slots=True)
class Edition:
    """An issue as it is presented.

    ``name`` replaces the name of the newsletter in both languages. ``titles`` are headings by
    section id; a section without one gets that of the catalogue of texts, and none if that has none
    either: ids are the planners' words, not the readers'.
    """

    at: datetime
    """The day in the head, and the moment that decides whether a must-read is overdue."""
    name: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    """Where days begin."""


def say_day(at: datetime, edition: Edition, language: Language) -> str:
    """Return a day as people write it: ``7月3日（金）``, ``Friday 3 July``."""
    words, day = texts(language), at.astimezone(edition.zone)
    month = words["mail.months"].split()[day.month - 1]
    weekday = words["mail.weekdays"].split()[day.weekday()]
    return words["mail.day"].format(month=month, day=day.day, weekday=weekday)
