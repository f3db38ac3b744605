"""What stands where in a mail: one person's items with their stories, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from recsys.schema import FORMAT_FAMILIES
from serving.newsletter.links import Claim, Links
from serving.newsletter.mail import Mail, MailItem
from serving.newsletter.rendering.edition import Edition, say_day
from serving.newsletter.rendering.stories import Story
from serving.newsletter.rendering.subjects import Subject, Told, subjects
from serving.newsletter.rendering.tidy import clamp
from serving.texts import Language, as_language, texts

__all__ = ["Letter", "Placed", "write_letter"]

_LINE_COLUMNS = 76
"""A line of text at 15 pixels in a mail of 640: 38 kanji."""
_USUAL_LINES, _SUMMARY_LINES = 2, 4
_MOST_REASONS = 2
_SAID_BY_BADGE = frozenset({"must_read", "due_soon", "overdue"})
_PREHEADER_COLUMNS = 110


class _Look(NamedTuple):
    family: str
    colour: str
    tint: str
    glyph: str


# U+FE0E asks for the plain character instead of an emoji.
_LOOKS = {
    "video": _Look("video", "#a0461f", "#f6e6db", "▶\ufe0e"),
    "illustration": _Look("picture", "#6a4c93", "#ece5f3", ""),
    "audio": _Look("sound", "#8a6410", "#f5ecd4", "♪"),
    "text": _Look("text", "#1f5f5b", "#e2eeec", ""),
}
"""By family of formats, as the portal draws them; ``audio`` does not look like a text."""


class Placed(NamedTuple):
    """An item with its story."""

    item: MailItem
    story: Story


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in words: subjects, and what its templates are filled with."""

    language: Language
    subjects: tuple[Subject, ...]
    view: dict[str, Any]


def write_letter(
    mail: Mail, sections: Sequence[tuple[str, Sequence[Placed]]], *,
    edition: Edition, links: Links, left_out: int = 0, with_texts: bool = True,
) -> Letter:  # fmt: skip
    """Return what is said in a mail to one person.

    Parameters
    ----------
    mail
        Whom it is for.
    sections
        Section ids with what is shown in them: at least one item in all.
    edition
        What all mails of the issue have in common.
    links
        Makes the person's links.
    left_out
        How many items are not shown, for lack of room.
    with_texts
        Whether stories have a text beside their title.
    """
    language = as_language(mail.language)
    words = texts(language)
    placed = [entry for _, entries in sections for entry in entries]
    name = clamp(edition.name, 40) or words["mail.name"]
    day = say_day(edition.at, edition, language)
    lines = None if with_texts else 0
    cards = _Cards(mail, edition, links, language, mail.lines if lines is None else lines)
    titles = [story.title for _, story in placed]
    is_optional = any(item.slot_type != "mandatory" for item, _ in placed)
    is_must_read = placed[0].item.slot_type == "mandatory"
    view = {
        "lang": language,
        "name": name,
        "headline": words["mail.headline"].format(day=day),
        "overview": _overview(placed, words),
        "note": words["mail.popular"] if mail.source == "popular" else "",
        "preheader": clamp(" / ".join(titles[1:] or titles), _PREHEADER_COLUMNS),
        "sections": cards.sections(sections),
        "left_out": words["mail.left_out"].format(n=left_out) if left_out else "",
        "view_url": links.url("m", Claim(mail.employee_id, mail.issue_id)),
        "unsubscribe_url": (
            links.url("u", Claim(mail.employee_id, mail.issue_id)) if is_optional else ""
        ),
    }
    told = Told(titles, is_must_read, name, day)
    return Letter(language, subjects(told, words), view)


class _Cards:
    """Cards of one mail; the first one leads, with a large picture if it has any."""

    def __init__(
        self, mail: Mail, edition: Edition, links: Links, language: Language, lines: int | None
    ) -> None:
        self._mail, self._edition, self._links = mail, edition, links
        self._language, self._words, self._lines = language, texts(language), lines

    def sections(self, sections: Sequence[tuple[str, Sequence[Placed]]]) -> list[dict[str, Any]]:
        several = sum(bool(entries) for _, entries in sections) > 1
        first = next(entries[0] for _, entries in sections if entries)
        told = []
        for section, entries in sections:
            if not entries:
                continue
            heading = self._heading(section, entries) if several else ""
            level = 3 if heading else 2  # of its titles: no level of headings is left out
            cards = [self._card(e, level=level, is_lead=e is first) for e in entries]
            is_must_read = _all_must_read(entries)
            told.append({"heading": heading, "is_must_read": is_must_read, "cards": cards})
        return told

    def _heading(self, section: str, entries: Sequence[Placed]) -> str:
        title = self._edition.titles.get(section)
        if title:
            return clamp(title, 60)
        if _all_must_read(entries):
            return ""  # each has its badge
        kinds = {item.slot_type for item, _ in entries}
        keys = (section, *kinds) if len(kinds) == 1 else (section,)
        found = (self._words.get(f"mail.section.{key}") for key in keys)
        return next(filter(None, found), "")

    def _card(self, entry: Placed, *, level: int, is_lead: bool) -> dict[str, Any]:
        item, story = entry
        words, look = self._words, look_of(item.format)
        is_must_read = item.slot_type == "mandatory"
        facts = self._facts(story, item)
        return {
            "level": level,
            "is_lead": is_lead,
            "kind": look.family,
            "colour": look.colour,
            "tint": look.tint,
            "glyph": look.glyph,
            "label": words[f"format.{item.format}"],
            "length": facts[0] if facts else words[f"format.{item.format}"],
            "facts": facts,
            "title": story.title,
            "text": self._text(story, item.format),
            "lang": story.language,
            "url": self._url(item),
            "image_url": story.image_url,
            "corners": "10px 10px 0 0" if look.glyph else "10px",
            "image_alt": story.image_alt
            or words[f"mail.image_of.{look.family}"].format(title=story.title),
            "badge": words["mail.must_read"] if is_must_read else "",
            "due": self._due(story.ack_due_at) if is_must_read else "",
            "reasons": self._reasons(item, story),
            "call": words["mail.call.confirm" if is_must_read else f"mail.call.{look.family}"],
        }

    def _facts(self, story: Story, item: MailItem) -> list[str]:
        found = []
        minutes = item.est_minutes or story.est_minutes
        if story.duration_seconds:
            found.append("{}:{:02d}".format(*divmod(round(story.duration_seconds), 60)))
        elif minutes:
            found.append(self._words["mail.minutes"].format(n=max(1, round(minutes))))
        if story.has_captions:
            found.append(self._words["mail.captions"])
        return found

    def _text(self, story: Story, form: str) -> str:
        usual = _SUMMARY_LINES if form == "text_summary" else _USUAL_LINES
        lines = usual if self._lines is None else self._lines
        return clamp(story.text, lines * _LINE_COLUMNS) if lines > 0 else ""

    def _url(self, item: MailItem) -> str:
        return self._links.url("r", Claim(
            self._mail.employee_id, self._mail.issue_id, item.content_id, item.rendition_id,
            item.position,
        ))  # fmt: skip

    def _due(self, due_at: datetime | None) -> str:
        if due_at is None:
            return ""
        key = "mail.overdue" if due_at <= self._edition.at else "mail.due"
        return self._words[key].format(day=say_day(due_at, self._edition, self._language))

    def _reasons(self, item: MailItem, story: Story) -> list[str]:
        """Return the reasons that add something, at most two.

        A badge says already what must be read, and when. Whose story it is says more than that it
        is another department's.
        """
        told = _SAID_BY_BADGE if item.slot_type == "mandatory" else frozenset()
        codes = [code for code in item.reasons if code not in told][:_MOST_REASONS]
        return [
            self._words["mail.from"].format(owner=story.owner)
            if code == "other_department" and story.owner
            else self._words[f"reason.{code}"]
            for code in codes
        ]


def look_of(form: str) -> _Look:
    """Return how a format is drawn."""
    if form in _LOOKS:
        return _LOOKS[form]
    family = next((name for name, forms in FORMAT_FAMILIES.items() if form in forms), "text")
    return _LOOKS[family]


def _all_must_read(entries: Sequence[Placed]) -> bool:
    return all(item.slot_type == "mandatory" for item, _ in entries)


def _overview(placed: Sequence[Placed], words: Mapping[str, str]) -> str:
    n = len(placed)
    parts = [words["mail.overview"].format(n=n) if n > 1 else words["mail.overview_one"]]
    minutes = [
        item.est_minutes or story.est_minutes or _seconds(story) / 60 for item, story in placed
    ]
    if all(minutes):
        parts.append(words["mail.minutes_in_all"].format(n=max(1, round(sum(minutes)))))
    return " · ".join(parts)


def _seconds(story: Story) -> float:
    seconds = story.duration_seconds
    return 0.0 if seconds is None or math.isnan(seconds) else seconds
