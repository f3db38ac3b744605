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
    ModelsOption,
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
        bool,
        typer.Option("--mark-sent", help="Count them as sent: the company's mail system will."),
    ] = False,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write an issue's mails to a file, for the company's own mail system.

    Each is rendered as things are now: what was withdrawn since the plan has given way. With
    --mark-sent whoever got the issue already is left out, the others count as having got it, and
    no newer plan of the issue is taken.

    Example: recsys newsletter render 2026-w27 --out mails.jsonl
    """
    from serving.newsletter.delivery.handover import opened
    from serving.newsletter.delivery.sent_events import sent_events
    from serving.newsletter.mailing import pack_mail

    n_written = 0
    with _post(database, models_dir) as post, opened(out) as file:
        chosen, log = post.chosen(issue, for_good=mark_sent), post.mailing.deliveries
        for mail in post.rendered(chosen, _kind(subject)):
            who = (mail.issue_id, mail.employee_id)
            if mark_sent:
                if not log.begin(*who, pack_mail(mail.mail), at=post.now()):
                    continue
                at = post.now()
                log.sent(*who, sent_events(mail, at), at=at)
            file.write(mail)
            n_written += 1
    _tell({"issue_id": issue, "file": str(out), "written": n_written}, as_json=as_json)


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
            "--again-uncertain",
            help="Send also what an earlier run was sending when it ended; it may arrive twice.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Render and count; send nothing, note nothing.")
    ] = False,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an issue through the company's mail server (RECSYS_SMTP_…, RECSYS_MAIL_FROM).

    Nobody gets an issue twice: run the same command again to go on where it stopped, and for mails
    that failed or wait for the end of somebody's quiet hours. Exit code 3: somebody in the address
    book or in the issue was not reached, the table says how many and why.

    Example: recsys newsletter send 2026-w27 --addresses addresses.csv
    """
    from serving.newsletter.delivery.addresses import read_addresses
    from serving.newsletter.delivery.mail_server import way_of
    from serving.newsletter.delivery.messages import read_sender
    from serving.newsletter.delivery.sending import Pace, SendingPlan, send_issue

    settings, book = load_settings(), read_addresses(addresses)
    sender, way = read_sender(settings.mail_from, settings.mail_reply_to), way_of(settings)
    counts: dict[str, int] = {}
    with _post(database, models_dir) as post:
        chosen = post.chosen(issue, for_good=not dry_run)
        mails = post.rendered(chosen, _kind(subject))
        if dry_run:
            reached = [mail.employee_id in book.addresses for mail in mails]
            counts = {"would_send": sum(reached), "no_address": len(reached) - sum(reached)}
        else:
            plan = SendingPlan(
                sender, way, book.addresses, post.now, Pace(settings.smtp_per_minute),
                settings.smtp_connections, again_uncertain,
            )  # fmt: skip
            with progress_bar("Sending", chosen.plan.n_done) as advance:
                fates = send_issue(plan, mails, post.mailing.deliveries, on_done=advance)
            counts = {str(fate): n for fate, n in fates.items()}
    counts["bad_address_lines"] = len(book.bad_lines)
    _tell({"issue_id": issue, **counts}, as_json=as_json)
    if any(counts.get(name) for name in _NOT_REACHED):
        raise typer.Exit(EXIT_REJECTED)


_NOT_REACHED = ("failed", "refused", "uncertain", "no_address", "bad_address_lines")


def preview(
    issue: IssueArgument,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new .html file; .txt beside it.")],
    language: Annotated[LanguageName, typer.Option(help="Of the recipient.")] = LanguageName.JA,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the mail of a recipient who does not exist, ranked as for somebody unknown.

    Nobody's own picks are shown but to themselves, with their token: GET
    /v1/newsletters/{issue}/preview.

    Example: recsys newsletter preview 2026-w27 --language en --out preview.html
    """
    with _post(database, models_dir) as post:
        rendered = post.preview(issue, language.value)
    if rendered is None:
        raise ConfigurationError(
            f"the issue {issue!r} holds nothing that somebody unknown may see: no mail to show"
        )
    out.write_text(rendered.html, encoding="utf-8")
    out.with_suffix(".txt").write_text(rendered.text, encoding="utf-8")
    answer = {
        "file": str(out),
        "html_bytes": len(rendered.html.encode()),
        "items": len(rendered.items),
        "subjects": {subject.kind: subject.text for subject in rendered.subjects},
    }
    _tell(answer, as_json=as_json)


@contextmanager
def _post(url: str | None, models_dir: Path | None) -> "Iterator[Post]":
    from serving.newsletter.post import open_post

    given = {"database_url": url, "models_dir": models_dir}
    changed = {name: value for name, value in given.items() if value is not None}
    with open_post(load_settings().model_copy(update=changed)) as post:
        yield post


def _kind(subject: SubjectName | None) -> "SubjectKind | None":
    return None if subject is None else subject.value


def _tell(answer: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        write_json(answer)
    else:
        write_table("", ["", ""], [[name, str(value)] for name, value in answer.items()])
