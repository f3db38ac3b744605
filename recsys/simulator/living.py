"""A company that goes on living while an engine serves it: a closed loop, nothing is replayed.

Until a moment the old portal is in charge, as in :mod:`recsys.simulator.simulation`. From then on
whoever visits is shown what a :class:`Server` decides, and answers by the planted response. Visits
are the scenario's own, whatever is shown; reads of colleagues and seen contents feed back.
"""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import numpy as np

from recsys.answers import Slate
from recsys.schema import EVENT_TYPES
from recsys.simulator.best_page import BestPage, best_page
from recsys.simulator.company import Company
from recsys.simulator.log import LOG
from recsys.simulator.loop import (
    ARRIVING_US,
    LEAVING_US,
    P_DISMISS,
    ROWS_PER_VISIT,
    follow_link,
)
from recsys.simulator.luck import Luck
from recsys.simulator.memory import Memory, new_memory, settle
from recsys.simulator.page import PageReader, PageView, ShownPage, note_page, page_chances
from recsys.simulator.reading import dismiss, read_story
from recsys.simulator.simulation import event_pieces
from recsys.simulator.traits import Records
from recsys.simulator.writing import EventNames, event_table
from recsys.state.marks import COMPLETE_DWELL_SHARE
from recsys.times import from_micros, to_micros

__all__ = ["ANSWERS", "LivingCompany", "Server"]

ANSWERS = np.dtype(
    [
        ("time", np.int64),  # of the page, microseconds since 1970
        ("employee", np.int64),
        ("content", np.int64),
        ("rendition", np.int64),
        ("visit", np.int64),
        ("page", np.int64),
        ("position", np.int64),
        ("nth", np.int64),  # earlier showings of this content to this employee, counted here
        ("p_looked", np.float64),
        ("p_open", np.float64),  # looking included
        ("p_complete", np.float64),  # given that it was opened
        ("best", np.float64),  # expected completions of this slot of the best page there could be
        ("seen", np.bool_),  # opened or put away before: nothing new, whatever comes of it
        ("looked", np.bool_),
        ("opened", np.bool_),
        ("completed", np.bool_),
        ("dismissed", np.bool_),
        ("acknowledged", np.bool_),
    ]
)
"""One record per slot shown; indices are those of the company's tables."""

_ARRIVAL = -1
"""In place of a page: a link from mail or chat comes before the first page."""
_ACKNOWLEDGE = EVENT_TYPES.index("acknowledge")


class Server(Protocol):
    """What decides about pages. Moments never go back from call to call; visits overlap."""

    def show(self, view: PageView) -> Slate:
        """Return the page: at most ``view.slots`` slots, positions counted from 1."""

    def observe(self, events: Sequence[dict[str, Any]]) -> object:
        """Take in events in order of time; some lie minutes ahead of the next page's moment."""


class LivingCompany:
    """One company from ``begins`` on, when the old portal is switched off.

    Everything before is simulated at once. Takes two bytes for each employee and content.
    """

    def __init__(self, company: Company, begins: datetime, *, luck: Luck | None = None) -> None:
        self._town = company.town
        self._luck = luck or Luck()
        self._names = EventNames(
            company.frames["employees"]["employee_id"],
            company.frames["contents"]["content_id"],
            company.frames["renditions"]["rendition_id"],
            company.town.visits["mobile"],
        )
        self._employee_ids = company.frames["employees"]["employee_id"].tolist()
        self._reader = PageReader(company)
        self._memory = new_memory(company.town.traits, len(company.town.facts))
        self._shown = np.zeros_like(self._memory.seen, np.uint8)
        self._log = np.zeros(ROWS_PER_VISIT, LOG)
        self._n_events = 0
        n_past = int(np.searchsorted(company.town.visits["start"], to_micros(begins)))
        self._coming = [
            (int(visit["start"]), number, _ARRIVAL if visit["direct"] else 0)
            for number, visit in enumerate(company.town.visits[n_past:], n_past)
        ]
        """Heap of moment, visit and page."""
        self.history = _history(company, self._memory, n_past)
        """What the old portal's visits left, in order of time; some of it ends after ``begins``."""
        self._under_way = self.history[self.history["time"] >= to_micros(begins)]

    def live(self, server: Server, until: datetime) -> Records:
        """Let ``server`` show all pages before ``until``; a later call goes on from there.

        Returns :data:`ANSWERS` in the order of the pages. What visits under way when the old portal
        was switched off still do is told to the server first.
        """
        ends = to_micros(until)
        server.observe(self._events(self._under_way))
        self._under_way = self._under_way[:0]
        answers = [np.zeros(0, ANSWERS)]
        while self._coming and self._coming[0][0] < ends:
            now, visit, number = heapq.heappop(self._coming)
            settle(self._memory, self._town.policy, self._town.response, self._town.traits, now)
            if number == _ARRIVAL:
                n_rows, clock = self._follow_link(visit, now)
            else:
                answer, n_rows, clock = self._turn_page(server, visit, number, now)
                answers.append(answer)
            server.observe(self._events(_in_time(self._log[:n_rows])))
            if number + 1 < self._town.visits[visit]["pages"]:
                heapq.heappush(self._coming, (int(clock), visit, number + 1))
        return np.concatenate(answers)

    def best_page(self, view: PageView) -> BestPage:
        """Return the best page for ``view``, by what a server cannot know; ask while it is shown.

        Must-reads have no place of their own on it.
        """
        employee = int(self._town.visits[view.visit]["employee"])
        reads = self._reader.reads[employee]
        return best_page(
            self._town, self._memory, view.visit, reads, view.slots, to_micros(view.at)
        )

    def _follow_link(self, visit: int, now: int) -> tuple[int, int]:
        chance = self._luck.of_link(visit)
        return follow_link(self._town, self._memory, self._log, 0, visit, now, chance)

    def _turn_page(
        self, server: Server, visit: int, number: int, now: int
    ) -> tuple[Records, int, int]:
        view = self._view(visit, number, now)
        employee = int(self._town.visits[visit]["employee"])
        page = self._reader.read(server.show(view), employee, now, view.slots)
        answer = self._decide(employee, view, page, now)
        row = note_page(self._log, employee, visit, number, page, now)
        row, clock = self._act(answer, page, row, now + int(ARRIVING_US))
        return answer, row, clock + int(LEAVING_US)

    def _view(self, visit: int, number: int, now: int) -> PageView:
        about, policy = self._town.visits[visit], self._town.policy
        is_mobile = bool(about["mobile"])
        return PageView(
            self._employee_ids[about["employee"]],
            from_micros(now),
            policy.mobile_slots if is_mobile else policy.desktop_slots,
            *(("mobile", "mobile") if is_mobile else ("portal", "desktop")),
            f"visit-{visit:08d}.{number}",
            visit,
            number,
        )

    def _decide(self, employee: int, view: PageView, page: ShownPage, now: int) -> Records:
        """Return what is looked at, opened and dismissed, as of the moment of the page."""
        nth = self._shown[employee, page.contents].astype(np.int64)
        self._shown[employee, page.contents] += 1
        chances = page_chances(self._town, self._memory, view.visit, page, now)
        best = self.best_page(view).worth[: len(nth)]
        looking, opening = self._luck.of_page(employee, page.contents, nth).T
        p_looked, opens, completes = chances.T
        answer = np.zeros(len(nth), ANSWERS)
        answer["time"], answer["employee"], answer["nth"] = now, employee, nth
        answer["visit"], answer["page"] = view.visit, view.page
        answer["content"], answer["rendition"] = page.contents, page.renditions
        answer["position"] = np.arange(1, len(nth) + 1)
        answer["p_looked"], answer["p_complete"] = p_looked, completes
        answer["p_open"] = p_looked * opens
        answer["best"][: len(best)] = best
        answer["seen"] = self._memory.seen[employee, page.contents] > 0
        answer["looked"] = looking < p_looked
        answer["opened"] = answer["looked"] & (opening < opens)
        # The other end of the luck of opening: who nearly opens it does not put it away.
        put_away = opening > 1.0 - P_DISMISS * (1.0 - opens)
        answer["dismissed"] = answer["looked"] & ~answer["opened"] & put_away
        return answer

    def _act(self, answer: Records, page: ShownPage, row: int, clock: int) -> tuple[int, int]:
        """Write what follows from the answers, and note in them what was completed."""
        town, memory, log = self._town, self._memory, self._log
        for slot in np.flatnonzero(answer["opened"] | answer["dismissed"]).tolist():
            told, content, form = answer[slot], int(page.contents[slot]), int(page.forms[slot])
            rng = self._luck.of_reading(int(told["employee"]), content, int(told["nth"]))
            if told["dismissed"]:
                row = dismiss(town, memory, log, row, slot, clock, form, rng)
                continue
            first, opens = row, float(told["p_open"] / told["p_looked"])
            row, clock = read_story(
                town, memory, log, row, int(told["visit"]), content, form, clock, opens,
                float(told["p_complete"]), slot, rng,
            )  # fmt: skip
            # Some read two languages, while a person of the response has one.
            log["rendition"][first:row] = page.renditions[slot]
            taken_in = float(log["dwell"][first + 1])
            expected = float(town.facts[content]["seconds"][form])
            answer["completed"][slot] = taken_in >= COMPLETE_DWELL_SHARE * expected
            answer["acknowledged"][slot] = np.any(log["kind"][first:row] == _ACKNOWLEDGE)
        return row, clock

    def _events(self, rows: Records) -> list[dict[str, Any]]:
        table = event_table(rows, self._n_events, self._names, prefix="live-")
        self._n_events += len(rows)
        events: list[dict[str, Any]] = table.to_pylist()
        return events


def _history(company: Company, memory: Memory, n_visits: int) -> Records:
    """Let the old portal serve the first visits; return its log and fill the memory."""
    town = company.town._replace(visits=company.town.visits[:n_visits])
    pieces = event_pieces(replace(company, town=town), memory)
    return np.concatenate([np.zeros(0, LOG), *(rows for _, rows in pieces)])


def _in_time(rows: Records) -> Records:
    return rows[np.argsort(rows["time"], kind="stable")]
