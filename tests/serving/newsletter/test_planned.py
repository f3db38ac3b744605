"""Which revision goes out when, and what everybody gets."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recsys.newsletter.picks import pack
from recsys.newsletter.policy import IssuePolicy
from recsys.store.database import Database
from recsys.store.newsletter_store import NewsletterStore, PlanConflictError
from recsys.store.sql_store import SqlStore
from serving.newsletter.plan_models import PlanBody
from serving.newsletter.planned import Chosen, PlannedMails
from tests.recsys.slate.companies import AT, HOUR, aged, content, engine_of, people


class _Office:
    def __init__(self, folder: Path) -> None:
        database = Database(f"sqlite:///{folder}/office.db")
        SqlStore(database).migrate()
        self.newsletters = NewsletterStore(database)
        self.engine = engine_of(
            employees=people("e0", "e1", "e2"), contents=aged("c0", "c1", "c2", "c3", "c4")
        )

    def plan(self, revision: int, *done: str, finished: bool = True, **more: Any) -> None:
        wanted = {"send_at": AT + 2 * HOUR, "sections": [{"id": "top", "quota": 2}]}
        body = PlanBody.model_validate(wanted | {"revision": revision} | more)
        self.newsletters.add("friday", revision, body.model_dump_json(), AT)
        self.newsletters.claim("friday", revision, "me", 0, 1)
        policy = IssuePolicy(self.engine, body.plan("friday"))
        self.newsletters.keep("friday", revision, [(who, pack(policy.pick(who))) for who in done])
        if finished:
            self.newsletters.finish("friday", revision, "finished", AT, [])

    def advance(self, to: datetime) -> None:
        self.engine.state.advance(self.engine.state.clock + (to - AT) // timedelta(microseconds=1))

    def mails(self) -> tuple[Chosen, dict[str, Any]]:
        planned = PlannedMails(self.newsletters, self.engine)
        chosen = planned.hand_over("friday")
        assert chosen is not None
        found = {mail.employee_id: mail for mail in planned.all(chosen)}
        for who, mail in found.items():
            assert planned.find(chosen, who) == mail
        return chosen, found


@pytest.fixture
def office(tmp_path: Path) -> _Office:
    return _Office(tmp_path)


def test_a_finished_plan_goes_out_as_it_was_picked(office: _Office) -> None:
    office.plan(1, "e0", "e1", "e2", segments={"newcomer": {"lines": 3}})
    chosen, mails = office.mails()
    assert (chosen.plan.revision, chosen.source) == (1, "plan")
    assert sorted(mails) == ["e0", "e1", "e2"]
    mail = mails["e0"]
    assert (mail.revision, mail.source) == (1, "plan")
    assert [(s, [i.content_id for i in items]) for s, items in mail.sections] == [
        ("top", ["c0", "c1"])
    ]
    assert PlannedMails(office.newsletters, office.engine).hand_over("monday") is None


def test_what_was_withdrawn_meanwhile_gives_way(office: _Office) -> None:
    office.plan(1, "e0", "e1", "e2")
    office.engine.upsert_contents([content("c0", status="withdrawn")])
    _, mails = office.mails()
    items = [(i.content_id, i.is_alternate) for i in mails["e0"].items]
    assert items == [("c2", True), ("c1", False)]


def test_before_the_deadline_an_unfinished_plan_is_waited_for(office: _Office) -> None:
    office.plan(1, "e0", "e1", "e2")
    office.plan(2, "e0", finished=False)
    with pytest.raises(PlanConflictError, match="still being made"):
        office.mails()
    office.advance(AT + HOUR)
    chosen, mails = office.mails()
    assert (chosen.plan.revision, chosen.source) == (1, "last_good_plan")
    assert {mail.source for mail in mails.values()} == {"last_good_plan"}
    assert len(mails) == 3


def test_without_a_good_plan_the_others_get_a_popular_issue(office: _Office) -> None:
    office.plan(1, "e0", finished=False)
    office.advance(AT + HOUR)
    _, mails = office.mails()
    assert {who: mail.source for who, mail in mails.items()} == {
        "e0": "plan", "e1": "popular", "e2": "popular",
    }  # fmt: skip
    assert {i.slot_type for i in mails["e1"].items} == {"fallback"}


def test_what_was_handed_over_stays_the_one(office: _Office) -> None:
    office.plan(1, "e0", "e1", "e2")
    assert office.mails()[0].plan.revision == 1
    with pytest.raises(PlanConflictError, match="handed over"):
        office.plan(2, "e0")
    assert office.mails()[0].plan.revision == 1
