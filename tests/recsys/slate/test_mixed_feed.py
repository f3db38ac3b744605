"""The mix of formats as a step of the feed."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from recsys.answers import FeedRequest, FormatBelief, FormatPreference, Slate
from recsys.audience.audience import Audiences
from recsys.engine import Engine
from recsys.slate.feed import FeedPolicy
from recsys.slate.format_mix import FormatMix

if TYPE_CHECKING:
    from tests.recsys.conftest import Company


# Every other content of the company is an article, the others are a film and a summary.
_SHARES = {"video": 0.5, "text_summary": 0.3, "article": 0.2}
_PREFERENCE = FormatPreference(
    {
        name: FormatBelief(share, (0.0, 1.0), 20.0, share, share, "learned")
        for name, share in _SHARES.items()
    },
    None,
    {},
)


def _engine(company: "Company", strength: float) -> Engine:
    """Return an engine with a mix that believes of everybody what is above."""
    engine = company.engine()
    audiences = Audiences(engine.state.catalogue)
    engine._policy = FeedPolicy(engine.state, audiences, engine.tastes, FormatMix(strength))
    engine._formats = _believed  # type: ignore[method-assign]  # beliefs are not under test
    return engine


def _believed(employee: int) -> FormatPreference:
    return _PREFERENCE


def _feed(
    engine: Engine, company: "Company", person: str = "e01", **more: Any
) -> Slate:  # any field
    return engine.feed(FeedRequest(person, company.until, **more))


def _ids(slate: Slate) -> tuple[str, ...]:
    return tuple(item.content_id for item in slate.items)


def test_slots_of_the_portal_come_as_often_as_their_propensities_say(company: "Company") -> None:
    engine, n = _engine(company, 0.6), 400
    seen: Counter[tuple[str, ...]] = Counter()
    stated: dict[tuple[str, ...], float] = {}
    for request in range(n):
        slate = _feed(engine, company, limit=3, request_id=f"r{request}")
        assert slate == _feed(engine, company, limit=3, request_id=f"r{request}")
        seen[_ids(slate)] += 1
        stated[_ids(slate)] = float(np.prod([item.propensity for item in slate.items]))
    often = [ids for ids, p in stated.items() if n * p >= 5]  # else chi-square is crude
    assert len(often) > 3
    observed = np.array([seen[ids] for ids in often] + [0])
    expected = n * np.array([stated[ids] for ids in often] + [0.0])
    observed[-1], expected[-1] = n - observed.sum(), n - expected.sum()
    used = expected > 1e-6
    assert stats.chisquare(observed[used], expected[used]).pvalue > 1e-3  # the requests are fixed


def test_people_with_one_ranking_draw_independently(company: "Company") -> None:
    engine = _engine(company, 1.0)
    first, second = (
        [_ids(_feed(engine, company, person, request_id=f"r{n}", limit=4)) for n in range(20)]
        for person in ("nobody", "nobody else")
    )
    assert set(first) & set(second)
    assert first != second


@pytest.mark.parametrize("surface", ["newsletter", "print", "signage"])
def test_what_is_sent_or_hung_up_has_one_mix(company: "Company", surface: str) -> None:
    engine = _engine(company, 0.6)
    slates = [
        _feed(engine, company, surface=surface, limit=8, request_id=f"r{n}") for n in range(5)
    ]
    assert len({_ids(slate) for slate in slates}) == 1
    assert {item.propensity for item in slates[0].items} == {1.0}


def test_a_format_that_is_wanting_comes_up_and_the_page_is_as_long_as_before(
    company: "Company",
) -> None:
    plain, mixed = (
        _feed(_engine(company, strength), company, surface="newsletter", limit=10)
        for strength in (0.0, 1.0)
    )
    ranked = company.engine().rank("e01", company.until)
    assert _ids(plain) == tuple(r.content_id for r in ranked)
    assert len(mixed.items) == 10
    plain_articles, articles = (
        sum(item.format == "article" for item in slate.items) for slate in (plain, mixed)
    )
    assert articles == 10 * _SHARES["article"]
    assert articles < plain_articles


@pytest.mark.parametrize("surface", ["portal", "newsletter"])
def test_must_reads_stay_in_front_and_minutes_are_kept(company: "Company", surface: str) -> None:
    engine = _engine(company, 1.0)
    engine.upsert_contents(
        [
            {"content_id": name, "title": "x", "published_at": company.until - timedelta(hours=1),
             "est_minutes": minutes, "mandatory": name == "must"}
            for name, minutes in (("must", 3), ("long", 90))
        ]
    )  # fmt: skip
    for request in range(10):
        slate = _feed(
            engine, company, surface=surface, max_minutes=10, limit=30, request_id=f"r{request}"
        )
        assert slate.items[0].content_id == "must"
        assert (slate.items[0].slot_type, slate.items[0].propensity) == ("mandatory", 1.0)
        assert _ids(slate).count("must") == 1
        assert "long" not in _ids(slate)
        assert len(slate.items) == 1 + (10 - 3) // 2  # all others take two minutes
        assert {item.slot_type for item in slate.items[1:]} == {"personal"}
    assert len(_feed(engine, company, surface=surface, limit=4).items) == 4
    everything = _ids(_feed(engine, company, surface=surface, limit=1000))
    assert len(set(everything)) == len(everything)
