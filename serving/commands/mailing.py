"""`recsys newsletter render | send | preview`: from picks to mails, and out of the door."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    from recsys.settings import Settings
    from recsys.store.delivery_log import DeliveryLog
    from recsys.store.sql_store import SqlStore
    from serving.newsletter.links import Links
    from serving.newsletter.mails import Mails
    from serving.newsletter.rendering.edition import Edition
    from serving.newsletter.rendering.renderer import Rendered, Renderer

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
    typer.Option(help="Subject line; default, and where it cannot be written: the first candidate."),
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
        for rendered in post.mails_of(issue, subject):
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
            reached = [m.employee_id in book.addresses for m in post.mails_of(issue, subject)]
            counts = {"would_send": sum(reached), "no_address": len(reached) - sum(reached)}
        else:
            with progress_bar("Sending", post.count(issue)) as advance:
                mails = post.mails_of(issue, subject)
                counts = dict(send_issue(plan, mails, post.deliveries, on_done=advance))
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
    from serving.newsletter.preview import synthetic_mail

    with _post(database) as post:
        rendered = post.renderer(post.edition_of_now(), None).render(
            synthetic_mail(post.engine(), post.now(), language.value, "preview")
        )
    if rendered is None:
        raise ConfigurationError("nothing is published that everybody may see: no mail to show")
    out.write_text(rendered.html, encoding="utf-8")
    out.with_suffix(".txt").write_text(rendered.text, encoding="utf-8")
    subjects = {subject.kind: subject.text for subject in rendered.subjects}
    size = len(rendered.html.encode())
    _tell({"file": str(out), "html_bytes": size, "items": len(rendered.items)} | subjects, as_json)
