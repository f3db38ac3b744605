"""Jobs that are killed, doubled or overtaken: everybody's picks are made once, from one state."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from recsys.borders import checked_rows
from recsys.engine import Engine
from recsys.newsletter.picks import pack
from recsys.newsletter.policy import IssuePolicy
from recsys.settings import Settings
from recsys.store.database import Database
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.sql_store import SqlStore
from serving.newsletter.job import work_on
from serving.newsletter.jobs import environment
from serving.newsletter.plan_models import PlanBody

_NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
_PEOPLE = 1_100
_PATIENCE = 60.0


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a few thousand people and contents, of which nobody has read any."""
    file = tmp_path_factory.mktemp("filled") / "filled.db"
    employees = [
        {"employee_id": f"e{n:04}", "department": f"d{n % 5}", "valid_from": "2020-01-01",
         "site": "tokyo" if n % 2 else "osaka"}
        for n in range(_PEOPLE)
    ]  # fmt: skip
    contents = [
        {"content_id": f"c{n:03}", "title": f"On {n}", "author_id": f"a{n % 9}",
         "owner_department": f"d{n % 5}", "topics": ["safety"] if n % 10 == 0 else [],
         "published_at": _NOW - timedelta(hours=n + 1), "est_minutes": 2}
        for n in range(150)
    ]  # fmt: skip
    with closing(SqlStore(Database(f"sqlite:///{file}"))) as store:
        store.migrate()
        for table, rows in (("employees", employees), ("contents", contents)):
            store.write(table, checked_rows(table, rows)[0], received_at=_NOW)
    return file


class _Place:
    """A copy of the database, with what a job needs."""

    def __init__(self, filled: Path, folder: Path) -> None:
        file = shutil.copy(filled, folder / "copy.db")
        self.settings = Settings(database_url=f"sqlite:///{file}", models_dir=folder / "models")
        self.database = Database(self.settings.database_url)
        self.newsletters = NewsletterStore(self.database)

    def add(self, revision: int = 1, **more: Any) -> PlanBody:
        body = PlanBody.model_validate(
            {"send_at": datetime.now(UTC) + timedelta(hours=2), "revision": revision} | more
        )
        self.newsletters.add("friday", revision, body.model_dump_json(), _NOW)
        return body

    @contextmanager
    def job(self, revision: int = 1) -> Iterator["subprocess.Popen[bytes]"]:
        command = [sys.executable, "-m", "serving.newsletter.job", "friday", str(revision)]
        job = subprocess.Popen(command, env=os.environ | environment(self.settings))
        try:
            yield job
        finally:
            job.kill()
            job.wait()

    def wait_for_picks(self, n: int) -> None:
        ends = time.monotonic() + _PATIENCE
        while self.newsletters.count("friday", 1) < n:
            assert time.monotonic() < ends, "the job picks nothing"
            time.sleep(0.01)

    def states(self) -> list[Path]:
        return list(self.settings.models_dir.glob("newsletters-*/*"))


@pytest.fixture
def place(filled: Path, tmp_path: Path) -> Iterator[_Place]:
    place = _Place(filled, tmp_path)
    with closing(place.database):
        yield place


def test_a_job_that_was_killed_is_finished_from_the_same_state(
    place: _Place, tmp_path: Path
) -> None:
    body = place.add()
    with place.job() as job:
        place.wait_for_picks(100)
        job.send_signal(signal.SIGKILL)
    before = place.newsletters.find("friday")
    assert before is not None
    assert before.status == "running"
    assert 0 < before.n_done < _PEOPLE
    (state,) = place.states()
    kept = shutil.copytree(state, tmp_path / "kept")
    after = work_on(place.settings, "friday", 1, n_processes=1)
    assert (after.status, after.n_done, after.n_people) == ("finished", _PEOPLE, _PEOPLE)
    assert after.planned_at == before.planned_at
    assert place.states() == []
    policy = IssuePolicy(Engine.load(kept), body.plan("friday"))
    found = list(place.newsletters.picks("friday", 1))
    assert found == [pack(policy.pick(f"e{n:04}")) for n in range(_PEOPLE)]


@pytest.mark.slow
def test_two_jobs_on_one_plan_pick_once(place: _Place) -> None:
    place.add(audience={"site": ["osaka"]})
    with place.job() as one, place.job() as other:
        for job in (one, other):
            assert job.wait(_PATIENCE) == 0
    found = place.newsletters.find("friday")
    assert found is not None
    assert (found.status, found.n_done) == ("finished", _PEOPLE // 2)


def test_a_newer_revision_stops_the_older_one(place: _Place) -> None:
    place.add()
    older: list[str] = []
    thread = Thread(
        target=lambda: older.append(work_on(place.settings, "friday", 1, n_processes=1).status)
    )
    thread.start()
    place.wait_for_picks(100)
    place.add(revision=2, audience={"site": ["osaka"]})
    newer = work_on(place.settings, "friday", 2, n_processes=1)
    thread.join()
    assert (older, newer.status) == (["superseded"], "finished")
    assert place.newsletters.count("friday", 1) < _PEOPLE


def test_erased_while_it_runs_is_in_no_picks(place: _Place) -> None:
    place.add()
    thread = Thread(target=work_on, args=(place.settings, "friday", 1), kwargs={"n_processes": 1})
    thread.start()
    place.wait_for_picks(100)
    for who in ("e0000", "e1099"):
        SqlStore(place.database).erase(who, at=datetime.now(UTC))
    thread.join()
    people = place.newsletters.people("friday", 1)
    assert len(people) == _PEOPLE - 2
    assert not {"e0000", "e1099"} & set(people)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"sections": [{"id": "s", "quota": 20, "topics": ["safety"]}]}, "wants 20 contents, but"),
        ({"mandatory": ["c999"]}, "there is no content 'c999'"),
        ({"audience": {"site": ["nowhere"]}}, "none of the 0 people"),
        ({"sections": [{"id": "s", "quota": 10, "max_per_author": 1}]},
         "1,100 of 1,100 people have 9 or fewer"),
    ],
)  # fmt: skip
def test_what_nobody_can_be_given_fails_with_a_sentence(
    place: _Place, plan: dict[str, Any], said: str
) -> None:
    place.add(**plan)
    found = work_on(place.settings, "friday", 1)
    assert found.status == "failed"
    assert said in json.dumps(found.notes)
    assert found.n_done == 0
