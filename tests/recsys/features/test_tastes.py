from math import log, log1p
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from recsys.features.tastes import (
    AUTHOR_COLUMNS,
    COLLEAGUES_COLUMNS,
    ORIGIN_COLUMNS,
    TOPIC_COLUMNS,
    fill_author,
    fill_colleagues,
    fill_origin,
    fill_topic,
)

if TYPE_CHECKING:
    from tests.recsys.features.conftest import World

_DAY = 24.0
_READ_AT, _NOW = 10.0, 34.0
"""Everything happens a day before the question, and the contents are there by then."""


def _left(days: float) -> float:
    """What a day leaves of one reading at a half-life."""
    return float(2.0 ** (-1 / days))


def _shrunk(read: float, shown: float, expected: float, weight: float) -> float:
    return (read + weight * expected) / (shown + weight)


def _log_odds(share: float) -> float:
    return log(share / (1 - share))


@pytest.fixture
def office(world: "World") -> "World":
    """I and a mate sell; somebody else builds."""
    world.employee("me", department="sales", team_id="t1", site="tokyo", language="JA")
    world.employee("mate", department="sales", team_id="t2", site="tokyo")
    world.employee("other", department="plant", team_id="t3", site="tokyo")
    return world


def _content(world: "World", name: str, **more: Any) -> None:
    world.content(name, 0, **more)


def test_readers_in_each_of_my_groups(office: "World") -> None:
    for name in ("x", "y"):
        _content(office, name)
    office.event("mate", "x", _READ_AT)
    office.event("mate", "x", _READ_AT + 1)  # again: no further reader
    office.event("other", "x", _READ_AT)
    got = office.fill(office.ask("me", _NOW, ["y", "x"]), COLLEAGUES_COLUMNS, fill_colleagues)
    for hours in (6, 72):
        left = 2.0 ** (-24 / hours)
        assert got[f"department_readers_{hours}h"].tolist() == pytest.approx([0, log1p(left)])
        assert got[f"team_id_readers_{hours}h"].tolist() == [0, 0]
        assert got[f"site_readers_{hours}h"].tolist() == pytest.approx([0, log1p(2 * left)])


def test_a_stranger_has_no_colleagues(office: "World") -> None:
    _content(office, "x")
    office.event("mate", "x", _READ_AT)
    got = office.fill(office.ask("nobody", _NOW, ["x"]), COLLEAGUES_COLUMNS, fill_colleagues)
    assert not np.stack(list(got.values())).any()


def test_an_author_by_hand(office: "World") -> None:
    """I read one of ann's and was shown two, the mate read another; nobody read bob's."""
    for name, author in (("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("b", "bob"), ("n", None)):
        _content(office, name, author_id=author)
    office.event("me", "a1", _READ_AT)
    office.event("me", "a1", _READ_AT, "impression", position=1)
    office.event("me", "a2", _READ_AT, "impression", position=3)
    office.event("mate", "a2", _READ_AT)
    moment = office.ask("me", _NOW, ["a3", "b", "n"])
    got = office.fill(moment, AUTHOR_COLUMNS, fill_author)
    company = _shrunk(2 * _left(60), 1.5 * _left(60), 0.1, 50)
    mine = _shrunk(_left(60), 1.5 * _left(60), company, 3)
    usual = log(0.1)
    expected = {
        "own_author_7d": [log1p(_left(7)), 0, 0],
        "own_author_60d": [log1p(_left(60)), 0, 0],
        "own_author_response": [log(mine), usual, usual],
        "author_readers": [log1p(2 * _left(14)), 0, 0],
        "department_author": [log1p(2 * _left(30)), 0, 0],
        "team_id_author": [log1p(_left(30)), 0, 0],
        "site_author": [log1p(2 * _left(30)), 0, 0],
        "is_own": [0, 0, 0],
        "author_response": [log(company), usual, usual],
    }
    assert got.keys() == expected.keys()
    for name, values in expected.items():
        assert got[name].tolist() == pytest.approx(values), name


def test_an_authors_own_content(office: "World") -> None:
    for name, author in (("mine", "me"), ("hers", "mate"), ("anonymous", None)):
        _content(office, name, author_id=author)
    candidates = ["mine", "hers", "anonymous"]
    for who, expected in (("me", [1, 0, 0]), ("mate", [0, 1, 0]), ("other", [0, 0, 0]),
                          ("nobody", [0, 0, 0])):  # fmt: skip
        got = office.fill(office.ask(who, _NOW, candidates), AUTHOR_COLUMNS, fill_author)
        assert got["is_own"].tolist() == expected


def test_a_topic_shrinks_from_the_company_to_the_department_to_the_person(office: "World") -> None:
    """Of robots I read one of two shown, the mate one unshown, the plant one; of food nobody."""
    for n in range(4):
        _content(office, f"r{n}", topics=["robots"])
    for name, topics in (("f", ["food"]), ("both", ["robots", "food"]), ("none", [])):
        _content(office, name, topics=topics)
    office.event("me", "r1", _READ_AT, "impression", position=1)
    office.event("me", "r2", _READ_AT, "impression", position=3)
    for who, content in (("me", "r1"), ("mate", "r2"), ("other", "r3")):
        office.event(who, content, _READ_AT)
    moment = office.ask("me", _NOW, ["r0", "f", "both", "none"])
    got = office.fill(moment, TOPIC_COLUMNS, fill_topic)
    long, group = _left(60), _left(30)
    company = _shrunk(3 * long, 1.5 * long, 0.1, 50)
    usual = _shrunk(2 * group, 1.5 * group, company, 30)
    pace = _shrunk(long, 1.5 * long, 0.1, 30) / 0.1
    mine = _shrunk(long, 1.5 * long, usual * pace, 3) / pace
    nothing = _shrunk(0, 0, 0.1 * pace, 3) / pace
    share = long / (long + 3)
    robots = [_log_odds(mine), _log_odds(mine) - _log_odds(company),
              _log_odds(usual) - _log_odds(company)]  # fmt: skip
    food = [_log_odds(nothing), _log_odds(nothing) - _log_odds(0.1), 0.0]
    mean = [(r + f) / 2 for r, f in zip(robots, food, strict=True)]
    expected = {
        "own_topic_7d": [log1p(_left(7)), 0, log1p(_left(7)) / 2, 0],
        "own_topic_60d": [log1p(long), 0, log1p(long) / 2, 0],
        "own_topic_share": [share, 0, share / 2, 0],
        "department_topic": [log1p(2 * group), 0, log1p(2 * group) / 2, 0],
        "topic_response": [robots[0], food[0], mean[0], 0],
        "topic_lift": [robots[1], food[1], mean[1], 0],
        "department_topic_lift": [robots[2], food[2], mean[2], 0],
    }
    assert got.keys() == expected.keys()
    for name, values in expected.items():
        assert got[name].tolist() == pytest.approx(values, rel=1e-5, abs=1e-6), name
    assert got["topic_lift"][0] > 0 > got["topic_lift"][1] - 1e-6


def test_more_readers_than_showings_stay_finite(office: "World") -> None:
    for n in range(200):
        _content(office, f"r{n}", topics=["robots"])
        office.event("me", f"r{n}", _READ_AT)
    got = office.fill(office.ask("me", _NOW, ["r0"]), TOPIC_COLUMNS, fill_topic)
    assert got["topic_response"].tolist() == pytest.approx([_log_odds(0.95)])


def test_owner_type_and_language_by_hand(office: "World") -> None:
    """Of four readings in the company three are of Japanese texts; mine are one and one."""
    row = {"owner_department": "sales", "content_type": "news", "language": "ja"}
    _content(office, "a", **row)
    _content(office, "b", **row | {"language": "en", "owner_department": "plant"})
    _content(office, "x", **row)
    _content(office, "y", owner_department="plant", content_type="story", language="EN")
    _content(office, "z", content_type="faq")
    office.event("me", "a", _READ_AT, "impression", position=1)
    for who, content in (("me", "a"), ("me", "b"), ("mate", "a"), ("other", "a")):
        office.event(who, content, _READ_AT)
    moment = office.ask("me", _NOW, ["x", "y", "z"])
    got = office.fill(moment, ORIGIN_COLUMNS, fill_origin)
    long = _left(60)
    japanese = (long + 3 * 3 / 4) / (2 * long + 3)
    english = (long + 3 * 1 / 4) / (2 * long + 3)
    expected = {
        "own_owner": [log1p(long), log1p(long), 0],
        "own_owner_response": [
            log(_shrunk(long, long, 0.1, 3)), log(_shrunk(long, 0, 0.1, 3)), log(0.1)
        ],
        "own_type": [log1p(2 * long), 0, 0],
        "is_own_department": [1, 0, 0],
        "is_own_language": [1, 0, np.nan],
        "own_language_share": [japanese, english, np.nan],
        "language_lift": [japanese - 3 / 4, english - 1 / 4, np.nan],
    }  # fmt: skip
    assert got.keys() == expected.keys()
    for name, values in expected.items():
        assert got[name].tolist() == pytest.approx(values, nan_ok=True), name


def test_a_language_nobody_recorded_is_unknown_a_strangers_share_is_everybodys(
    office: "World",
) -> None:
    for name, language in (("a", "ja"), ("b", "en"), ("x", "ja")):
        _content(office, name, language=language)
    for who, content in (("me", "a"), ("other", "a"), ("me", "b"), ("mate", "a")):
        office.event(who, content, _READ_AT)
    for who in ("mate", "nobody"):
        got = office.fill(office.ask(who, _NOW, ["x"]), ORIGIN_COLUMNS, fill_origin)
        assert np.isnan(got["is_own_language"]).all()
    assert got["own_language_share"].tolist() == pytest.approx([3 / 4])
    assert got["language_lift"].tolist() == pytest.approx([0], abs=1e-7)


def test_sensitive_contents_say_nothing_about_anybody(office: "World") -> None:
    row = {"author_id": "ann", "topics": ["robots"], "owner_department": "sales"}
    _content(office, "secret", **row, sensitive=True)
    _content(office, "x", **row)
    for who in ("me", "mate"):
        office.event(who, "secret", _READ_AT)
    moment = office.ask("me", _NOW, ["x"])
    author = office.fill(moment, AUTHOR_COLUMNS, fill_author)
    topic = office.fill(moment, TOPIC_COLUMNS, fill_topic)
    origin = office.fill(moment, ORIGIN_COLUMNS, fill_origin)
    for value in (author["own_author_60d"], author["department_author"], topic["own_topic_60d"],
                  topic["department_topic"], origin["own_owner"]):  # fmt: skip
        assert value.tolist() == [0]
    assert author["author_readers"][0] > 0  # how often it was read is no secret
