"""Shortages are those of a plain count over everybody's candidates."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.engine import Engine
from recsys.newsletter.plan import IssuePlan, SectionPlan
from recsys.newsletter.shortages import Shortage, count_shortages
from tests.recsys.slate.companies import AT, HOUR, aged, engine_of, event, people
from tests.recsys.slate.worlds import STAFF, World, worlds


@settings(max_examples=40)
@given(worlds, st.integers(1, 6), st.sampled_from([(), ("safety",)]), st.integers(0, 3))
def test_short_are_those_who_have_too_little_to_choose_from(
    company: tuple[World, Engine], quota: int, topics: tuple[str, ...], elsewhere: int
) -> None:
    world, engine = company
    section = SectionPlan("s", quota, topics, min_other_department=elsewhere)
    plan = IssuePlan("friday", AT + HOUR, (section,), quota)
    who = engine.state.catalogue.employees.ids
    found = count_shortages(engine, plan, np.array([who.index(e) for e in STAFF], np.int32))
    own = {e["employee_id"]: e["department"] for e in world.employees}
    counts = []
    for person in STAFF:
        mine = [
            c for c in world.contents
            if world.is_candidate(person, c) and c["expires_at"] is None
            and (not topics or set(topics) & set(c["topics"]))
        ]  # fmt: skip
        counts.append((len(mine), sum(c["owner_department"] != own[person] for c in mine)))
    expected = [
        Shortage("s", of, wanted, len(few), max(few))
        for of, wanted, there in (
            ("quota", quota, [n for n, _ in counts]),
            ("other_department", elsewhere, [n for _, n in counts]),
        )
        if wanted and (few := [n for n in there if n < wanted])
    ]
    assert found == expected


def test_maxima_count_and_those_who_get_no_mail_do_not() -> None:
    engine = engine_of(
        employees=[*people("e0", "e1", "e2"), *people("gone", active=False)],
        contents=[*aged("c0", "c1", "c2", author_id="one"), *aged("d0", author_id="two")],
        events=[event("open", "d0", "e1")],
    )
    plan = IssuePlan("friday", AT + HOUR, (SectionPlan("s", 2, max_per_author=1),), 2)
    everybody = np.arange(4, dtype=np.int32)
    assert count_shortages(engine, plan, everybody) == [Shortage("s", "quota", 2, 1, 1)]
