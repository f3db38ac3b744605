"""`recsys newsletter render | send | preview`: from picks to mails, and out of the door."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    JsonOption,
    load_settings,
    progress_bar,
    write_json,
    write_table,
)
from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    from serving.newsletter.post import Post
    from serving.newsletter.rendering.subjects import SubjectKind

__all__ = ["preview", "render", "send"]

IssueArgument = Annotated[str, typer.Argument(help="An issue that was planned.")]


class SubjectName(StrEnum):
    """The kinds of subject lines."""

    MUST_READ = "must_read"
    LEAD_AND_MORE = "lead_and_more"
    TWO = "two"
    ISSUE = "issue"


SubjectOption = Annotated[
    SubjectName | None,
    typer.Option(help="Subject line; default, and where it cannot be written: the first one."),
]


class LanguageName(StrEnum):
    """The languages of mails."""

    JA = "ja"
    EN = "en"


def render(
    issue: IssueArgument,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new .jsonl or .csv file.")],
    subject: SubjectOption = None,
    mark_sent: Annotated[
        bool, typer.Option(help="Count these mails as sent: the company's mail system will.")
    ] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write an issue's mails to a file, for the company's own mail system.

    Each is rendered as things are now: what was withdrawn since the plan has given way. With
    --mark-sent whoever got the issue already is left out, and the others count as having got it.

    Example: recsys newsletter render 2026-w27 --out mails.jsonl
    """
    from serving.newsletter.delivery.handover import opened
    from serving.newsletter.delivery.sent_events import sent_events

    written = already = 0
    with _post(database) as post, opened(out) as file:
        for rendered in post.rendered(issue, _kind(subject)):
            who = (rendered.issue_id, rendered.employee_id)
            if mark_sent and not post.deliveries.begin(*who, at=post.now()):
                already += 1
                continue
            file.write(rendered)
            written += 1
            if mark_sent:
                at = post.now()
                post.deliveries.sent(*who, sent_events(rendered, at), at=at)
    _tell({"issue_id": issue, "file": str(out), "written": written, "already": already}, as_json)


def send(
    issue: IssueArgument,
    *,
    addresses: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV with employee_id and email; not stored.")
    ],
    subject: SubjectOption = None,
    again_uncertain: Annotated[
        bool,
        typer.Option(
            help="Send also what an earlier run was sending when it ended; it may arrive twice."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Render and count; send nothing and note nothing.")
    ] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an issue through the company's mail server (RECSYS_SMTP_…, RECSYS_MAIL_FROM).

    Nobody gets an issue twice: run the same command again to go on where it stopped, and for mails
    that failed. Exit code 3: somebody did not get it, the table says how many and why.

    Example: recsys newsletter send 2026-w27 --addresses addresses.csv
    """
    from serving.newsletter.delivery.addresses import read_addresses
    from serving.newsletter.delivery.mail_server import way_of
    from serving.newsletter.delivery.messages import read_sender
    from serving.newsletter.delivery.sending import Pace, SendingPlan, send_issue

    settings, book = load_settings(), read_addresses(addresses)
    sender = read_sender(settings.mail_from, settings.mail_reply_to)
    with _post(database) as post:
        plan = SendingPlan(
            issue, sender, way_of(settings), book.addresses, post.now,
            Pace(settings.smtp_per_minute), settings.smtp_connections, again_uncertain,
        )  # fmt: skip
        counts: dict[str, int]
        if dry_run:
            mails = post.rendered(issue, _kind(subject))
            reached = [mail.employee_id in book.addresses for mail in mails]
            counts = {"would_send": sum(reached), "no_address": len(reached) - sum(reached)}
        else:
            mails = post.rendered(issue, _kind(subject))
            with progress_bar("Sending", post.mails.count(issue)) as advance:
                fates = send_issue(plan, mails, post.deliveries, on_done=advance)
            counts = {str(fate): n for fate, n in fates.items()}
    counts["bad_address_lines"] = len(book.bad_lines)
    _tell({"issue_id": issue} | counts, as_json)
    if any(counts.get(name) for name in _NOT_REACHED):
        raise typer.Exit(EXIT_REJECTED)


_NOT_REACHED = ("failed", "refused", "uncertain", "no_address", "bad_address_lines")


def preview(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new .html file; .txt beside it.")],
    language: Annotated[LanguageName, typer.Option(help="Of the recipient.")] = LanguageName.JA,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the mail of a recipient who does not exist: what all may see, as it would look now.

    Nobody's own picks are shown, except to themselves (GET /v1/newsletters/{issue}/preview).

    Example: recsys newsletter preview --language en --out preview.html
    """
    from serving.newsletter.post import read_zone
    from serving.newsletter.preview import synthetic_mail
    from serving.newsletter.rendering.edition import Edition

    with _post(database) as post:
        edition = Edition(post.now(), zone=read_zone(post.settings))
        mail = synthetic_mail(post.engine(), post.now(), language.value, "preview")
        rendered = post.renderer(edition).render(mail)
    if rendered is None:
        raise ConfigurationError("nothing is published that everybody may see: no mail to show")
    out.write_text(rendered.html, encoding="utf-8")
    out.with_suffix(".txt").write_text(rendered.text, encoding="utf-8")
    subjects = {s.kind: s.text for s in rendered.subjects}
    size = len(rendered.html.encode())
    _tell({"file": str(out), "html_bytes": size, "items": len(rendered.items)} | subjects, as_json)


@contextmanager
def _post(url: str | None) -> "Iterator[Post]":
    from serving.newsletter.post import open_post

    settings = load_settings()
    update = {} if url is None else {"database_url": url}
    with open_post(settings.model_copy(update=update)) as post:
        yield post


def _kind(subject: SubjectName | None) -> "SubjectKind | None":
    return None if subject is None else subject.value


def _tell(answer: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        write_json(answer)
    else:
        write_table("", ["", ""], [[name, str(value)] for name, value in answer.items()])
