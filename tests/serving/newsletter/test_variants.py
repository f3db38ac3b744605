"""Experiments in newsletters: each variant's people get picks of its own plan, and are noted."""

from collections import Counter
from datetime import timedelta
from typing import Any

from recsys.newsletter.picks import Pick, pack, unpack
from serving.newsletter.job import work_on
from serving.newsletter.plan_models import PlanBody
from serving.newsletter.variants import with_variants
from tests.serving.conftest import Server


def _design(**columns: Any) -> dict[str, Any]:
    short = {"sections": [{"id": "few", "quota": 2}], "subject": "Two for you"}
    return {
        "key": "short-mail", "hypothesis": "Short mails are clicked more.", "primary": "actions",
        "surfaces": ["newsletter"], "unit": "team",
        "variants": [
            {"name": "usual", "weight": 0.5}, {"name": "short", "weight": 0.5, "newsletter": short},
        ],
    } | columns  # fmt: skip


def test_each_team_gets_its_variants_mail(server: Server) -> None:
    server.send("POST", "/v1/experiments", _design())
    send_at = server.services.clock.now() + timedelta(days=1)
    plan = {
        "send_at": send_at.isoformat(), "sections": [{"id": "many", "quota": 5}],
        "experiment": "short-mail",
    }  # fmt: skip
    refused = server.send("POST", "/v1/newsletters/w1/plan", plan, 422)
    assert "is draft on newsletter; start it" in refused["detail"]
    server.send("POST", "/v1/experiments/short-mail/start")
    services = server.services
    body = with_variants(PlanBody.model_validate(plan), services.experiments)
    now = services.clock.now()
    services.newsletters.add("w1", 1, body.model_dump_json(), now)
    done = work_on(server.settings, "w1", 1, n_processes=1)
    assert done.status == "finished", done.notes
    picks = [unpack(text) for text in services.newsletters.picks("w1", 1)]
    sizes = Counter((pick.variant, len(pick.items)) for pick in picks if pick.items)
    assert {variant for variant, _ in sizes} == {"usual", "short"}
    assert {n for variant, n in sizes if variant == "short"} <= {1, 2}
    assert max(n for variant, n in sizes if variant == "usual") == 5
    teams = {
        one.employee_id: one.unit_id
        for one in services.experiments.store.assignments("short-mail", 1)
    }
    of_team = {(teams[pick.employee_id], pick.variant) for pick in picks if pick.variant}
    assert len(of_team) == len({team for team, _ in of_team})
    noted = Counter(one.stage for one in services.experiments.store.exposures("short-mail", 1))
    assert noted["served"] == noted["differing"] == sum(sizes.values())
    # Subjects differ, so being sent the mail exposes.
    who = next(pick.employee_id for pick in picks if pick.variant == "short" and pick.items)
    sent = server.event("s1", event_type="newsletter_sent", issue_id="w1", surface="newsletter")
    server.post(sent | {"employee_id": who})
    assert server.get("/v1/experiments/short-mail/status")["exposed"] == {"short": 1}


def test_a_variant_that_makes_no_plan_is_refused(server: Server) -> None:
    wrong = {"sections": [{"id": "few", "quota": 0}]}
    variants = [
        {"name": "usual", "weight": 0.5}, {"name": "b", "weight": 0.5, "newsletter": wrong},
    ]  # fmt: skip
    server.send("POST", "/v1/experiments", _design(variants=variants))
    server.send("POST", "/v1/experiments/short-mail/start")
    send_at = (server.services.clock.now() + timedelta(days=1)).isoformat()
    plan = {"send_at": send_at, "experiment": "short-mail"}
    refused = server.send("POST", "/v1/newsletters/w1/plan", plan, 422)
    assert "the plan of variant 'b' cannot be: sections.0.quota" in refused["detail"]


def test_picks_of_an_older_release_are_read() -> None:
    pick = Pick("anna", "en", "")
    assert unpack(pack(pick)) == pick
    older = pack(pick).rsplit(",", 1)[0] + "]"
    assert unpack(older) == pick
