"""How fast a newsletter is rendered and sent.

Run ``python -m benchmarks.mail``. Mails of ten items about 200 stories, half of them Japanese, with
pictures and texts, rendered in one thread. Then sent to a mail server on this machine that takes
everything, with every delivery noted in SQLite, beside the bare server without a log.
"""

import argparse
import os
import platform
import smtplib
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from time import perf_counter, process_time, sleep

import numpy as np
from pydantic import SecretStr

from recsys.borders import checked_rows
from recsys.store.database import Database
from recsys.store.delivery_log import DeliveryLog
from recsys.store.sql_store import SqlStore
from serving.newsletter.delivery.mail_server import Way
from serving.newsletter.delivery.messages import build_message, read_sender
from serving.newsletter.delivery.sending import Pace, SendingPlan, send_issue
from serving.newsletter.links import Links
from serving.newsletter.mail import Mail, MailItem
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import Rendered, Renderer
from serving.newsletter.rendering.stories import Stories

_SEED = 1
_NOW = datetime(2026, 7, 3, 3, tzinfo=UTC)
_STORIES, _ITEMS = 200, 10
_FORMATS = ("video", "illustration", "text_summary", "article")
_PORT = 8765


def main() -> None:
    """Print one line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--sent", type=int, default=2_000)
    parser.add_argument("--port", type=int, default=_PORT)
    given = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"seed {_SEED}, {_ITEMS} items a mail, {_STORIES} stories"
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{folder}/mail.db")) as database,
    ):
        rendered = _render(_filled(SqlStore(database)), given.mails, given.sent)
        _send(rendered, DeliveryLog(database), given.port)


def _filled(store: SqlStore) -> SqlStore:
    store.migrate()
    contents = [
        {"content_id": f"c{n}", "title": _title(n), "published_at": "2026-07-01T00:00:00Z",
         "summary": _title(n) * 3, "language": "ja" if n % 2 else "en", "est_minutes": 3}
        for n in range(_STORIES)
    ]  # fmt: skip
    renditions = [
        {"rendition_id": f"r{n}", "content_id": f"c{n}", "format": _FORMATS[n % 4],
         "duration_seconds": 95, "has_captions": True, "url": f"https://portal.example/{n}",
         "poster_url": f"https://portal.example/{n}.jpg"}
        for n in range(_STORIES)
    ]  # fmt: skip
    for table, rows in (("contents", contents), ("renditions", renditions)):
        frame, _ = checked_rows(table, rows)
        store.write(table, frame, received_at=_NOW)
    return store


def _title(n: int) -> str:
    return f"四日市工場の一日、朝礼から出荷まで {n}" if n % 2 else f"A day at the plant, part {n}"


def _render(store: SqlStore, n_mails: int, n_kept: int) -> list[Rendered]:
    """Render mails and keep the first of them."""
    renderer = Renderer(
        Stories(store, "https://portal.example/", _NOW), Links(bytes(32), "https://n.example"),
        Edition(_NOW),
    )  # fmt: skip
    rng = np.random.default_rng(_SEED)
    kept, sizes = [], []
    began, cpu_began = perf_counter(), process_time()
    for n in range(n_mails):
        made = renderer.render(_mail(n, rng))
        assert made is not None
        sizes.append(len(made.html.encode()))
        if n < n_kept:
            kept.append(made)
    seconds, cpu_ms = perf_counter() - began, 1e3 * (process_time() - cpu_began) / n_mails
    print(f"rendered {n_mails:,} mails in {seconds:.1f} s, {cpu_ms:.2f} ms CPU each")
    print(f"HTML of {np.mean(sizes) / 1e3:.0f} kB, at most {max(sizes) / 1e3:.0f} kB")
    return kept


def _mail(n: int, rng: np.random.Generator) -> Mail:
    chosen = rng.choice(_STORIES, _ITEMS, replace=False).tolist()
    items = tuple(
        MailItem(
            f"c{story}", f"r{story}", _FORMATS[story % 4], "news", place + 1, "personal", 1.0, 1.0,
            ("topic_you_read",),
        )
        for place, story in enumerate(chosen)
    )  # fmt: skip
    return Mail("w27", 1, f"e-{n}", "ja" if n % 2 else "en", (("news", items),))


def _send(mails: list[Rendered], log: DeliveryLog, port: int) -> None:
    sender = read_sender("News <news@example.com>", "")
    addresses = {mail.employee_id: f"{mail.employee_id}@example.com" for mail in mails}
    command = ["-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    server = subprocess.Popen([sys.executable, *command])
    sleep(3)
    try:
        began, cpu_began = perf_counter(), process_time()
        with smtplib.SMTP("127.0.0.1", port) as bare:
            for mail in mails:
                to = addresses[mail.employee_id]
                bare.send_message(build_message(mail, to=to, sender=sender, at=_NOW))
        _say("sent over one connection, without a log", len(mails), began, cpu_began)
        way = Way("127.0.0.1", port, "none", "", SecretStr(""))
        plan = SendingPlan(sender, way, addresses, lambda: datetime.now(UTC), Pace(1e9))
        began, cpu_began = perf_counter(), process_time()
        fates = send_issue(plan, mails, log)
        assert fates["sent"] == len(mails)
        _say("sent over four connections, each noted", len(mails), began, cpu_began)
    finally:
        server.terminate()
        server.wait(10)


def _say(what: str, n: int, began: float, cpu_began: float) -> None:
    seconds, cpu_ms = perf_counter() - began, 1e3 * (process_time() - cpu_began) / n
    print(f"{what}: {n / seconds:.0f} mails a second, {cpu_ms:.1f} ms CPU each")


if __name__ == "__main__":
    main()
