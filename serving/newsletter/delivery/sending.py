"""Sending an issue: several connections, in the server's pace, nobody twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from recsys.store.delivery_log import DeliveryLog
from serving.newsletter.delivery.mail_server import MailError, MailServer, MailServerError, Way
from serving.newsletter.delivery.messages import Sender, build_message
from serving.newsletter.delivery.sent_events import sent_events
from serving.newsletter.mailing import pack_mail
from serving.newsletter.rendering.renderer import Rendered

__all__ = ["Fate", "Pace", "SendingPlan", "send_issue"]

Fate = Literal["sent", "failed", "refused", "uncertain", "waiting", "already", "no_address"]
"""What became of a mail in this run.

``uncertain``: the connection broke before the server's answer; ``waiting``: for the end of
somebody's quiet hours; ``already``: an earlier run, or another program, has dealt with it.
"""

_LATER_SECONDS = (5.0, 30.0, 120.0)
"""Before what the server put off (4xx) is tried again: grey lists and busy servers have let go by
then; a mailbox that is full is left to the next run."""
_MOST_PUT_OFF = 1_000
"""Mails kept for that, some 50 MB; more of them are left to the next run as well."""
_LONGEST_PAUSE_SECONDS = 30.0
_MOST_IN_A_ROW = 12
"""Mails that one connection had put off, with longer and longer pauses, some three minutes: then
the server takes nothing now, and the run ends."""


class Pace:
    """Lets ``per_minute`` callers through, evenly; one second's worth may come at once."""

    def __init__(
        self, per_minute: float, *, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._gap, self._clock, self._sleep = 60.0 / per_minute, clock, sleep
        self._next = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is the caller's turn."""
        with self._lock:
            now = self._clock()
            self._next = max(self._next, now - 1.0) + self._gap
            ahead = self._next - now
        if ahead > 0:
            self._sleep(ahead)


@dataclass(frozen=True, slots=True)
class SendingPlan:
    """How an issue is sent."""

    sender: Sender
    way: Way
    addresses: Mapping[str, str]
    now: Callable[[], datetime]
    pace: Pace
    connections: int = 4
    again_uncertain: bool = False
    """Whether mails that an earlier run was about to send when it ended are sent again."""
    sleep: Callable[[float], None] = time.sleep


def send_issue(
    plan: SendingPlan, mails: Iterable[Rendered], deliveries: DeliveryLog,
    *, on_done: Callable[[int], None] = lambda _: None,
) -> dict[Fate, int]:  # fmt: skip
    """Send mails and return what became of them.

    *At most once*: a mail is noted as being sent before it is handed over, and as sent, with its
    events, after the server's answer. If this program ends in between, or the connection does,
    nobody can know whether the mail arrived. Such a mail stays ``sending``, is counted as
    ``uncertain`` and not sent again unless that is asked for; then one person may get it twice.
    There is at most one for each connection. A mail that failed is tried again by the next run, one
    that was refused (5xx) is not; no event tells of either, so what they held returns to the pool.

    Raises
    ------
    MailServerError
        When the server cannot be reached at all, or not any more; what was sent is noted, and the
        next run goes on.
    """
    with MailServer(plan.way) as first:
        first.connect()  # whatever is wrong is better known before anything begins
    fates, put_off = _send_all(plan, mails, deliveries, on_done)
    for wait_seconds in _LATER_SECONDS:
        if not put_off:
            break
        plan.sleep(wait_seconds)
        fates["failed"] -= len(put_off)
        later, put_off = _send_all(plan, put_off, deliveries, lambda _: None)
        fates += later
    return {fate: fates[fate] for fate in _FATES}


_FATES: tuple[Fate, ...] = get_args(Fate)


def _send_all(
    plan: SendingPlan, mails: Iterable[Rendered], deliveries: DeliveryLog,
    on_done: Callable[[int], None],
) -> tuple[Counter[Fate], list[Rendered]]:  # fmt: skip
    """Try each mail once; return what became of them, and those to try again."""
    source, fates, put_off = _Shared(mails), Counter[Fate](), list[Rendered]()

    def work() -> None:
        with MailServer(plan.way) as server, source.ending_on_error():
            worker = _Worker(plan, deliveries, server)
            for rendered in source:
                fate = worker.send(rendered)
                with source.lock:
                    fates[fate] += 1
                    if fate == "failed" and len(put_off) < _MOST_PUT_OFF:
                        put_off.append(rendered)
                on_done(1)

    with ThreadPoolExecutor(plan.connections) as pool:
        for future in [pool.submit(work) for _ in range(plan.connections)]:
            future.result()
    return fates, put_off


class _Shared(Iterator[Rendered]):
    """One iterator for several threads."""

    def __init__(self, mails: Iterable[Rendered]) -> None:
        self._mails = iter(mails)
        self.lock = threading.Lock()
        self._has_ended = False

    def __next__(self) -> Rendered:
        with self.lock:
            if self._has_ended:
                raise StopIteration
            return next(self._mails)

    @contextmanager
    def ending_on_error(self) -> Iterator[None]:
        """Give out nothing more, to no thread, once one of them has failed."""
        try:
            yield
        except BaseException:
            self._has_ended = True
            raise


class _Worker:
    """Sends one mail after the other over one connection."""

    def __init__(self, plan: SendingPlan, deliveries: DeliveryLog, server: MailServer) -> None:
        self._plan, self._deliveries, self._server = plan, deliveries, server
        self._in_a_row = 0
        """Mails that were put off since the last one that was taken."""

    def send(self, rendered: Rendered) -> Fate:
        """Send one mail if it may be sent; pause after it if the server put it off."""
        plan, who = self._plan, (rendered.issue_id, rendered.employee_id)
        to = plan.addresses.get(rendered.employee_id)
        if to is None:
            return "no_address"
        not_before = rendered.mail.not_before
        if not_before is not None and not_before > plan.now():
            return "waiting"
        kept = pack_mail(rendered.mail)
        if not self._deliveries.begin(
            *who, kept, at=plan.now(), again_uncertain=plan.again_uncertain
        ):
            return "already"
        message = build_message(rendered, to=to, sender=plan.sender, at=plan.now())
        plan.pace.wait()
        try:
            self._server.send(message, sender=plan.sender.email, to=to)
        except MailError as error:
            return self._not_sent(who, error)
        except BaseException:
            self._deliveries.not_sent(*who, "failed", "0", at=plan.now())
            raise
        at = plan.now()
        self._deliveries.sent(*who, sent_events(rendered, at), at=at)
        self._in_a_row = 0
        return "sent"

    def _not_sent(self, who: tuple[str, str], error: MailError) -> Fate:
        if error.may_have_arrived:
            return "uncertain"
        state: Literal["failed", "refused"] = "refused" if error.is_permanent else "failed"
        self._deliveries.not_sent(*who, state, str(error.code), at=self._plan.now())
        if state == "failed":
            self._pause(error)
        return state

    def _pause(self, error: MailError) -> None:
        self._in_a_row += 1
        if self._in_a_row >= _MOST_IN_A_ROW:
            raise MailServerError(
                f"the mail server has put off {self._in_a_row} mails in a row (code {error.code}); "
                "run the same command again when it is well: it goes on where it stopped"
            )
        self._plan.sleep(min(2.0 ** (self._in_a_row - 1), _LONGEST_PAUSE_SECONDS))
