"""Why a content is, or is not, in a feed, in words: all causes, all effects, who may ask."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from recsys.slate.explaining import CAUSES
from recsys.slate.reasons import REASON_CODES
from recsys.slate.recipe import RULES
from serving.texts import LANGUAGES, texts
from tests.recsys.slate.companies import request
from tests.recsys.slate.worlds import STAFF, world_of
from tests.serving.conftest import bearer

if TYPE_CHECKING:
    from tests.serving.conftest import Server

_SIDES: dict[str, tuple[str, ...]] = {
    "mandatory": (), "pins": (), "caps": (), "diversity": (), "sent_mix": (), "explore": (),
    "plackett_luce": (), "fresh": (),
    "boosts": ("raised", "lowered"), "fatigue": ("lowered",), "dismissed": ("lowered",),
    "new_authors": ("raised",), "newcomers": ("raised",), "other_department": ("raised",),
}  # fmt: skip
"""What each rule can do to a content's value; a new rule has to say so here, and in words."""


# ---- words


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_words_for_every_cause_reason_and_effect(language: Any) -> None:
    words = texts(language)
    causes = {f"explain.{cause}" for cause in CAUSES if cause != "unknown_content"}  # that is a 404
    effects = {f"effect.{rule}.{side}" for rule, sides in _SIDES.items() for side in sides}
    for key in causes | effects | {f"reason.{code}" for code in REASON_CODES}:
        assert words[key].strip()
        assert ("{position}" in words[key]) == (key == "explain.shown")
    about = [key for key in words if key.startswith(("explain.", "effect."))]
    assert set(about) == causes | effects  # and none that nothing says


def test_every_rule_says_what_it_can_do() -> None:
    assert set(_SIDES) == set(RULES)


def test_no_rule_does_what_there_are_no_words_for() -> None:
    seen = set()
    for seed in range(12):
        world, engine = world_of(seed)
        for person in STAFF:
            for row in world.contents:
                for effect in engine.explain(request(person), row["content_id"]).effects:
                    side = "raised" if effect.factor > 1 else "lowered"
                    assert side in _SIDES[effect.rule]
                    seen.add((effect.rule, side))
    assert len(seen) >= 4


# ---- the route


def _explain(server: Server, content_id: str, status: int = 200, **query: Any) -> dict[str, Any]:
    asked = {"employee": server.employee} | query
    return server.get(f"/v1/contents/{content_id}/explain", status, **asked)


def test_what_the_feed_shows_is_explained_as_shown(shared: Server) -> None:
    feed = shared.feed(limit=20)
    places = {item["content_id"]: item["position"] for item in feed["items"]}
    found = _explain(shared, next(iter(places)), lang="en")
    assert (found["cause"], found["position"]) == ("shown", 1)
    assert found["text"] == "It is shown in place 1."
    assert found["employee_id"] == shared.employee
    assert _explain(shared, found["content_id"], lang="ja")["text"] == "1番目に表示されています。"
    assert _explain(shared, found["content_id"], lang="fr")["text"] == found["text"]


def test_what_was_not_shown_has_a_cause_in_words(shared: Server) -> None:
    shown = {item["content_id"] for item in shared.feed()["items"]}
    with shared.services.worker.engine() as (engine, _):
        contents = [c for c in engine.state.catalogue.contents.ids.ids if c not in shown]
    for content_id in contents[:40]:
        found = _explain(shared, content_id, lang="en")
        assert found["cause"] in set(CAUSES) - {"shown", "unknown_content"}
        assert found["position"] is None
        assert found["slot_type"] is None
        assert found["text"] == texts("en")[f"explain.{found['cause']}"]


def test_an_unknown_content_is_a_404_and_an_unknown_employee_is_not(shared: Server) -> None:
    problem = _explain(shared, "nothing", 404)
    assert "nothing" in problem["detail"]
    some = shared.feed("nobody we know")["items"][0]["content_id"]
    assert _explain(shared, some, employee="nobody we know")["cause"] == "shown"


def test_what_just_happened_is_told_at_once(server: Server) -> None:
    now = server.services.clock.now()
    row = {
        "content_id": "mine", "title": "Mine",
        "published_at": (now - timedelta(hours=1)).isoformat(),
        "topics": ["only here"], "priority": 1,
    }  # fmt: skip
    server.send("PUT", "/v1/contents/mine", {k: v for k, v in row.items() if k != "content_id"})
    server.send("PUT", "/v1/contents/like", {**row, "content_id": "like", "priority": 0})
    [effect] = _explain(server, "mine", lang="en")["effects"]
    assert effect["rule"] == "boosts"
    assert effect["factor"] == pytest.approx(2, rel=0.01)
    assert effect["text"] == "Raised by the editors or a colleague."
    server.post(
        server.event(
            "away", event_type="dismiss", content_id="mine", reason="not_interested",
        )
    )  # fmt: skip
    assert _explain(server, "mine", lang="ja")["text"] == "あなたが表示を減らしました。"
    [effect] = _explain(server, "like", lang="en")["effects"]
    assert (effect["rule"], effect["factor"]) == ("dismissed", pytest.approx(0.5, abs=0.01))
    assert effect["text"].startswith("Lowered")
    server.send("DELETE", "/v1/contents/like")
    assert _explain(server, "like")["cause"] == "withdrawn"


@pytest.mark.parametrize(("scope", "status"), [
    ("portal", 200), ("admin", 200), ("newsletter", 403), ("comms", 403), ("compliance", 403),
])  # fmt: skip
def test_only_the_portal_may_ask(shared: Server, scope: Any, status: int) -> None:
    """Comms teams and compliance see nobody's reading."""
    content_id = shared.feed()["items"][0]["content_id"]
    client = shared.client_with(bearer(shared.settings, scope))
    path = f"/v1/contents/{content_id}/explain"
    assert client.get(path, params={"employee": shared.employee}).status_code == status


def test_without_a_key_or_an_employee_nothing_is_told(shared: Server) -> None:
    path = f"/v1/contents/{shared.feed()['items'][0]['content_id']}/explain"
    assert shared.client_with({}).get(path, params={"employee": "x"}).status_code == 401
    shared.get(path, 422)
    shared.get(path, 422, employee="")
    shared.get(path, 422, employee=shared.employee, surface="wall")
