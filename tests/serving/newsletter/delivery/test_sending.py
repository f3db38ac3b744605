"""An issue on its way through a real mail server."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.sql_store import SqlStore
from serving.newsletter.delivery.mail_server import MailServerError, Way
from serving.newsletter.delivery.messages import read_sender
from serving.newsletter.delivery.sending import Pace, SendingPlan, send_issue
from serving.newsletter.rendering.renderer import Rendered, Renderer
from tests.serving.newsletter.delivery.servers import Inbox, certificate, knows, mail_server
from tests.serving.newsletter.letters import NOW, WHOLE, mail

SENDER = read_sender("社内ニュース <news@example.com>", "comms@example.com")


def addresses(n: int) -> dict[str, str]:
    return {f"e-{k}": f"p{k}@example.com" for k in range(n)}


@pytest.fixture
def deliveries(store: SqlStore, database: Database) -> DeliveryLog:
    return DeliveryLog(database)


@pytest.fixture
def rendered(renderer: Renderer) -> Callable[[int], list[Rendered]]:
    def some(n: int) -> list[Rendered]:
        made = (renderer.render(mail(*WHOLE, employee_id=f"e-{k}")) for k in range(n))
        return [one for one in made if one is not None]

    return some


Some = Callable[[int], list[Rendered]]


def plan(way: Way, n: int, **more: object) -> SendingPlan:
    made = SendingPlan(
        SENDER, way, addresses(n), lambda: NOW, Pace(1e9), connections=2,
        sleep=lambda _: None,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def run(way: Way, mails: list[Rendered], log: DeliveryLog, **more: object) -> dict[str, int]:
    fates = send_issue(plan(way, len(mails), **more), mails, log)
    return {fate: n for fate, n in fates.items() if n}


def test_everybody_gets_their_own_mail_once(
    rendered: Some, deliveries: DeliveryLog, store: SqlStore
) -> None:
    inbox, mails = Inbox(), rendered(30)
    with mail_server(inbox) as way:
        assert run(way, mails, deliveries) == {"sent": 30}
        assert run(way, mails, deliveries) == {"already": 30}
    assert inbox.recipients == sorted(addresses(30).values())
    assert len(inbox.connections) <= 2
    by_address = dict(inbox.taken)
    for one in mails:
        message = by_address[addresses(30)[one.employee_id]]
        html = message.get_body(("html",))
        assert html is not None
        assert html.get_content().splitlines() == one.html.splitlines()
    events = store.load()["events"]
    assert len(events) == 30 * len(WHOLE)
    first = events[(events["employee_id"] == "e-7") & (events["position"] == 2)].iloc[0]
    assert (first["event_type"], first["content_id"], first["rendition_id"], first["issue_id"]) == (
        "newsletter_sent", "talk", "talk-film", "w27"
    )  # fmt: skip
    assert (first["propensity"], first["rendition_propensity"]) == (0.25, 0.5)


def test_what_the_server_puts_off_comes_later(rendered: Some, deliveries: DeliveryLog) -> None:
    waited: list[float] = []
    inbox = Inbox(lambda to, tries: "451 later" if to == "p3@example.com" and tries < 3 else None)
    with mail_server(inbox) as way:
        assert run(way, rendered(6), deliveries, sleep=waited.append) == {"sent": 6}
    assert inbox.tries["p3@example.com"] == 3
    assert waited == [1.0, 5.0, 1.0, 30.0]


def test_what_failed_goes_back_into_the_pool_and_what_was_refused_stays_refused(
    rendered: Some, deliveries: DeliveryLog, store: SqlStore
) -> None:
    said = {"p1@example.com": "550 no such user", "p2@example.com": "452 mailbox full"}
    inbox = Inbox(lambda to, _: said.get(to))
    with mail_server(inbox) as way:
        assert run(way, rendered(4), deliveries) == {"sent": 2, "failed": 1, "refused": 1}
        assert deliveries.states("w27") == {
            "e-0": "sent", "e-1": "refused", "e-2": "failed", "e-3": "sent"
        }  # fmt: skip
        assert set(store.load()["events"]["employee_id"]) == {"e-0", "e-3"}
        said.clear()
        assert run(way, rendered(4), deliveries) == {"sent": 1, "already": 3}
    assert inbox.tries["p1@example.com"] == 1
    assert deliveries.counts("w27") == {"sending": 0, "sent": 3, "failed": 0, "refused": 1}


def test_a_server_that_takes_nothing_ends_the_run(rendered: Some, deliveries: DeliveryLog) -> None:
    waited: list[float] = []
    inbox = Inbox(lambda _, __: "421 too busy")
    with mail_server(inbox) as way, pytest.raises(MailServerError, match="put off 12 mails"):
        run(way, rendered(40), deliveries, connections=1, sleep=waited.append)
    assert waited == [1, 2, 4, 8, 16, *[30] * 6]
    assert deliveries.counts("w27")["failed"] == 12


def test_a_broken_connection_leaves_one_mail_uncertain_and_it_is_not_sent_again_unasked(
    rendered: Some, deliveries: DeliveryLog
) -> None:
    inbox = Inbox(hang_up_after=3)
    with mail_server(inbox) as way:
        assert run(way, rendered(8), deliveries, connections=1) == {"sent": 7, "uncertain": 1}
        assert deliveries.states("w27")["e-2"] == "sending"
        assert run(way, rendered(8), deliveries) == {"already": 8}
        later = {"now": lambda: NOW + timedelta(hours=1), "again_uncertain": True}
        assert run(way, rendered(8), deliveries, **later) == {"sent": 1, "already": 7}
    assert inbox.tries["p2@example.com"] == 2


def test_two_programs_at_once_send_nobody_two(rendered: Some, deliveries: DeliveryLog) -> None:
    inbox, mails = Inbox(), rendered(20)
    counts: list[dict[str, int]] = []
    with mail_server(inbox) as way:
        both = [
            threading.Thread(target=lambda: counts.append(run(way, mails, deliveries)))
            for _ in range(2)
        ]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert inbox.recipients == sorted(addresses(20).values())
    assert sum(count.get("sent", 0) for count in counts) == 20


def test_quiet_hours_and_unknown_addresses(rendered: Some, deliveries: DeliveryLog) -> None:
    mails = rendered(3)
    quiet = replace(mails[1].mail, not_before=NOW + timedelta(hours=2))
    mails[1] = replace(mails[1], mail=quiet)
    inbox = Inbox()
    known = {"e-0": "a@example.com", "e-1": "b@example.com"}
    with mail_server(inbox) as way:
        fates = {"sent": 1, "waiting": 1, "no_address": 1}
        assert run(way, mails, deliveries, addresses=known) == fates
        later: Callable[[], datetime] = lambda: NOW + timedelta(hours=2)  # noqa: E731
        fates = {"sent": 1, "already": 1, "no_address": 1}
        assert run(way, mails, deliveries, addresses=known, now=later) == fates


def test_an_erased_employee_gets_nothing(
    rendered: Some, deliveries: DeliveryLog, store: SqlStore
) -> None:
    inbox = Inbox()
    with mail_server(inbox) as way:
        run(way, rendered(2), deliveries)
        assert store.erase("e-1", at=NOW)["deliveries"] == 1
        assert run(way, rendered(2), deliveries) == {"already": 2}
    assert deliveries.states("w27") == {"e-0": "sent"}


def test_nothing_begins_when_the_server_cannot_be_used(
    rendered: Some, deliveries: DeliveryLog
) -> None:
    nowhere = Way("127.0.0.1", 9, "none", "", SecretStr(""))
    with pytest.raises(MailServerError, match=r"127\.0\.0\.1:9 cannot be used"):
        run(nowhere, rendered(2), deliveries)
    assert deliveries.states("w27") == {}


def test_starttls_and_a_login(rendered: Some, deliveries: DeliveryLog, tmp_path: Path) -> None:
    inbox, shown = Inbox(), certificate(tmp_path)
    options = {
        "tls_context": shown.of_server, "require_starttls": True, "auth_required": True,
        "authenticator": knows(b"news", b"right"),
    }  # fmt: skip
    with mail_server(inbox, **options) as way:
        untrusted = replace(way, security="starttls", user="news", password=SecretStr("right"))
        good = replace(untrusted, context=shown.of_client)
        assert run(good, rendered(3), deliveries) == {"sent": 3}
        wrong = replace(good, password=SecretStr("wrong"))
        with pytest.raises(MailServerError, match="does not accept the login"):
            run(wrong, rendered(4), deliveries)
        with pytest.raises(MailServerError, match="SSLCertVerificationError"):  # not trusted
            run(untrusted, rendered(4), deliveries)


def test_a_server_without_starttls_gets_no_password(
    rendered: Some, deliveries: DeliveryLog
) -> None:
    with mail_server(Inbox()) as way:
        wanted = replace(way, security="starttls", user="news", password=SecretStr("secret"))
        with pytest.raises(MailServerError, match="SMTPNotSupportedError"):
            run(wanted, rendered(1), deliveries)


def test_tls_from_the_first_byte(rendered: Some, deliveries: DeliveryLog, tmp_path: Path) -> None:
    inbox, shown = Inbox(), certificate(tmp_path)
    with mail_server(inbox, ssl_context=shown.of_server) as way:
        good = replace(way, security="tls", context=shown.of_client)
        assert run(good, rendered(2), deliveries) == {"sent": 2}


def test_the_pace_is_kept() -> None:
    slept: list[float] = []
    clock = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    pace = Pace(60, clock=lambda: clock[0], sleep=sleep)
    for _ in range(10):
        pace.wait()
    assert clock[0] == pytest.approx(10.0, abs=1.1)


def test_an_iterator_that_fails_ends_the_run(rendered: Some, deliveries: DeliveryLog) -> None:
    def failing() -> Iterator[Rendered]:
        yield from rendered(2)
        raise RuntimeError("no more")

    inbox = Inbox()
    with mail_server(inbox) as way, pytest.raises(RuntimeError, match="no more"):
        send_issue(plan(way, 2), failing(), deliveries)
    assert len(inbox.taken) == 2


def test_a_program_that_is_killed_goes_on_where_it_stopped(
    rendered: Some, deliveries: DeliveryLog
) -> None:
    """Whatever the moment: before, between or after the server's answer."""

    class Killed(BaseException):
        """Stands for the end of the process: nothing is tidied up after it."""

    class Dying(DeliveryLog):
        left = 5

        def sent(self, *args: object, **values: object) -> None:
            type(self).left -= 1
            if self.left == 0:
                raise Killed
            super().sent(*args, **values)  # type: ignore[arg-type]

    inbox, mails = Inbox(), rendered(10)
    with mail_server(inbox) as way:
        with pytest.raises(Killed):
            run(way, mails, Dying(deliveries._database), connections=1)
        assert deliveries.counts("w27")["sending"] == 1
        assert run(way, mails, deliveries) == {"sent": 5, "already": 5}
    assert max(inbox.tries.values()) == 1
    assert len(inbox.taken) == 10
