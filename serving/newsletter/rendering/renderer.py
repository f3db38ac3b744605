"""Mails to HTML and plain text: the template is compiled once, texts are merged per person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from mjml import mjml2html

from serving.newsletter.links import Links
from serving.newsletter.mail import Mail, MailItem
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.letter import Placed, write_letter
from serving.newsletter.rendering.stories import Stories
from serving.newsletter.rendering.subjects import Subject, SubjectKind, choose
from serving.texts import Language, texts

__all__ = ["MOST_BYTES", "Rendered", "Renderer"]

MOST_BYTES = 100_000
"""Gmail cuts a mail off behind 102 kB of HTML, the link for unsubscribing with it."""

_FONTS: dict[Language, str] = {
    "ja": "'Hiragino Sans','Yu Gothic UI','Meiryo','Noto Sans CJK JP',sans-serif",
    "en": "'Segoe UI','Helvetica Neue',Arial,'Hiragino Sans','Noto Sans CJK JP',sans-serif",
}
"""What computers have; mail programs load no fonts."""


Sections = Sequence[tuple[str, Sequence[Placed]]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One person's mail, ready to be sent."""

    employee_id: str
    issue_id: str
    language: Language
    subject: Subject
    subjects: tuple[Subject, ...]
    """All candidates, the chosen one among them."""
    preheader: str
    html: str
    text: str
    view_url: str
    unsubscribe_url: str
    """Empty where people cannot unsubscribe."""
    mail: Mail
    """What is shown; items without a story, or without room, are not."""

    @property
    def items(self) -> tuple[MailItem, ...]:
        """Return what is shown, in reading order."""
        return self.mail.items


class Renderer:
    """Renders the mails of one issue, Not for concurrent use.

    Parameters
    ----------
    stories
        What the catalogue says now.
    links
        Makes each person's links.
    edition
        What all mails have in common.
    subject_kind
        The wished kind of subject; None for the preferred one of each mail.
    """

    def __init__(
        self, stories: Stories, links: Links, edition: Edition,
        subject_kind: SubjectKind | None = None,
    ) -> None:  # fmt: skip
        self._stories, self._links, self._edition = stories, links, edition
        self._subject_kind = subject_kind

    def render(self, mail: Mail) -> Rendered | None:
        """Return a mail of at most 100,000 bytes of HTML; None if none of its items has a story.

        What would make it longer is left out: first the texts beside the titles, then items from
        the end, of which the mail then says how many wait in the portal.
        """
        placed = self._placed(mail)
        n = kept = sum(len(entries) for _, entries in placed)
        if n == 0:
            return None
        rendered = self._write(mail, placed)
        if _size(rendered) > MOST_BYTES:
            rendered = self._write(mail, placed, with_texts=False)
        while _size(rendered) > MOST_BYTES and kept > 1:
            kept = max(1, min(kept - 1, kept * MOST_BYTES // _size(rendered)))
            rendered = self._write(mail, _first(placed, kept), n - kept, with_texts=False)
        return rendered

    def _placed(self, mail: Mail) -> Sections:
        sections = []
        for section, items in mail.sections:
            found = ((i, self._stories.find(i.content_id, i.rendition_id)) for i in items)
            sections.append((section, [Placed(i, story) for i, story in found if story]))
        return sections

    def _write(
        self, mail: Mail, placed: Sections, left_out: int = 0, *, with_texts: bool = True
    ) -> Rendered:
        letter = write_letter(
            mail, placed, edition=self._edition, links=self._links, left_out=left_out,
            with_texts=with_texts,
        )  # fmt: skip
        subject = choose(letter.subjects, self._subject_kind)
        words = texts(letter.language)
        view = letter.view | {
            "subject": subject.text,
            "fonts": _FONTS[letter.language],
            "t": words.__getitem__,
        }
        return Rendered(
            employee_id=mail.employee_id, issue_id=mail.issue_id, language=letter.language,
            subject=subject, subjects=letter.subjects, preheader=view["preheader"],
            html=_html_template().render(view), text=_text_template().render(view),
            view_url=view["view_url"], unsubscribe_url=view["unsubscribe_url"],
            mail=replace(mail, sections=_shown(placed)),
        )  # fmt: skip


def _first(placed: Sections, n: int) -> Sections:
    """Return the first ``n`` items in their sections."""
    kept = []
    for section, entries in placed:
        kept.append((section, entries[:n]))
        n = max(0, n - len(entries))
    return kept


def _shown(placed: Sections) -> tuple[tuple[str, tuple[MailItem, ...]], ...]:
    return tuple(
        (section, tuple(item for item, _ in entries)) for section, entries in placed if entries
    )


def _size(rendered: Rendered) -> int:
    return len(rendered.html.encode())


@cache
def _html_template() -> Template:
    """Compile MJML to HTML, then that to a template.

    MJML leaves the marks of the template alone: those of texts and attributes stay where they are,
    those of loops stand in ``mj-raw``. So what is merged never passes through MJML, and all of it
    is escaped.
    """
    compiled = mjml2html(_source("letter.mjml"))
    lines = (line.strip() for line in compiled.splitlines())
    return _environment(autoescape=True).from_string("\n".join(line for line in lines if line))


@cache
def _text_template() -> Template:
    return _environment(autoescape=False).from_string(_source("letter.txt"))


def _environment(*, autoescape: bool) -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=autoescape,  # noqa: S701  (plain text has nothing to escape; its texts are tidy)
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _source(name: str) -> str:
    return files("serving.newsletter.rendering").joinpath(name).read_text(encoding="utf-8")
