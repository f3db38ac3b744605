"""What is logged of a reader: what was in view, how long it was read, how far it was watched."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.widget.conftest import Desk, OpenDesk

LONG = "A line that goes on. " * 60
FILM = {"url": "/media/film.webm", "duration_seconds": 2, "captions_url": "/media/film.vtt",
        "has_captions": True, "language": "en"}  # fmt: skip


def test_only_what_was_in_view_for_a_second_is_an_impression(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    seat = desk("seen", **{"class": "low"}).open()
    seat.page.wait_for_timeout(700)
    seat.page.evaluate(
        """() => new Promise((resolve) => {
          scrollTo(0, 2000);
          setTimeout(() => resolve(scrollTo(0, 0)), 400);
        })"""
    )
    seat.page.wait_for_timeout(600)
    seat.flush()
    assert seat.events().empty
    seat.cards.nth(1).scroll_into_view_if_needed()
    seat.page.wait_for_timeout(1_200)
    seat.flush()
    seen = seat.wait_for_events("impression", 2)
    in_view = seat.page.evaluate(
        """() => [...document.querySelector("intranet-feed").shadowRoot.querySelectorAll("article")]
          .filter((e) => { const r = e.getBoundingClientRect();
            const seen = Math.min(r.bottom, innerHeight) - Math.max(r.top, 0);
            return seen >= r.height / 2 || seen >= innerHeight / 2; }).length"""
    )
    assert sorted(seen["position"]) == list(range(1, in_view + 1))
    assert seen["request_id"].nunique() == 1
    assert (seen["rendition_propensity"] > 0).all()
    seat.page.wait_for_timeout(1_100)
    seat.flush()
    assert set(seat.events()["event_type"]) == {"impression"}  # nothing was read or opened
    assert len(seat.events()) == in_view  # once for a card


def test_a_card_that_is_taller_than_the_screen_is_seen_when_it_fills_half_of_it(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    publish("Tall", "tall", columns={"mandatory": True}, text_summary={"text": LONG})
    seat = desk("tall", width=360, height=260).open()
    card = seat.card("Tall")
    card.get_by_role("button", name="Read more").click()
    card.get_by_text("A line that goes on.").first.scroll_into_view_if_needed()
    box = card.bounding_box()
    assert box is not None
    assert box["height"] > 2 * 260
    seat.page.wait_for_timeout(1_300)
    seat.flush()
    seen = seat.wait_for_events("impression")
    assert "Tall" in set(seen["content_id"])


def read_on(seat: Desk, title: str) -> None:
    """Unfold a text and bring it into view, wherever in the feed it came."""
    card = seat.card(title)
    card.get_by_role("button", name="Read more").click()
    card.evaluate("card => card.scrollIntoView({ block: 'start', behavior: 'instant' })")


def test_reading_pauses_in_a_hidden_tab(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Long read", "reads", text_summary={"text": LONG, "word_count": 240})
    seat = desk("reads").open()
    began = monotonic()
    read_on(seat, "Long read")
    seat.page.wait_for_timeout(1_500)
    seat.hide()
    visible = monotonic() - began
    first = seat.wait_for_events("read")["dwell_seconds"].max()
    assert 1.0 <= first <= visible
    seat.page.wait_for_timeout(2_000)
    began = monotonic()
    seat.hide(hidden=False)
    seat.page.wait_for_timeout(1_500)
    seat.hide()
    visible += monotonic() - began
    both = seat.wait_for_events("read", 2)["dwell_seconds"].max()  # the second tells of both times
    assert first + 1.0 <= both <= visible
    assert set(seat.events("open")["rendition_id"]) == {"Long read-text_summary"}


def test_nobody_reads_who_touches_nothing_for_half_a_minute(
    desk: OpenDesk, publish: Callable[..., None]
) -> None:
    publish("Left open", "away", text_summary={"text": LONG})
    seat = desk("away", complains=True)  # a page that loads has no patience with this clock
    seat.page.clock.install()
    seat.open()
    read_on(seat, "Left open")
    seat.page.clock.run_for(120_000)
    seat.hide()
    read = seat.wait_for_events("read")
    assert 28 <= read["dwell_seconds"].max() <= 32


def test_a_film_tells_how_far_it_was_watched(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Film", "watches", video=FILM)
    seat = desk("watches").open()
    card = seat.card("Film")
    card.get_by_role("button", name="Play: Film").click()
    done = seat.wait_for_events("complete")
    assert done["rendition_id"].tolist() == ["Film-video"]
    seat.flush()
    progress = seat.wait_for_events("progress", 3)
    assert sorted(progress["progress_share"]) == [0.25, 0.5, 0.75]
    assert len(seat.events("open")) == 1
    how = [orjson.loads(text) for text in progress["attributes"]]
    assert how == [{"captions_on": True, "muted": False}] * 3
    assert (progress["rendition_propensity"] > 0).all()


def test_who_jumps_to_the_end_has_not_watched(desk: OpenDesk, publish: Callable[..., None]) -> None:
    publish("Skipped", "skips", video=FILM)
    seat = desk("skips").open()
    card = seat.card("Skipped")
    card.get_by_role("button", name="Play: Skipped").click()
    film = card.locator("video")
    film.evaluate("v => { v.muted = true; v.currentTime = v.duration - 0.2; }")
    seat.page.wait_for_timeout(1_200)
    seat.flush()
    assert film.evaluate("v => v.ended")
    assert len(seat.wait_for_events("open")) == 1
    assert seat.events("complete").empty
    assert seat.events("progress")["progress_share"].max() != 0.75
