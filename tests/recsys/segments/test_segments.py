"""Segments of a small simulated company, live."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.audience.audience import Audiences
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.validation import frame_of, validate
from recsys.event_columns import EventColumns
from recsys.fitting import learnable
from recsys.schema import TABLES
from recsys.segments.fitting import fit_segments
from recsys.segments.groups import CODES, GROUPS
from recsys.segments.model import SegmentModel
from recsys.segments.movement import segment_movement
from recsys.segments.segments import Segments
from recsys.simulator.config import DEFAULT_START, WORLDS, Scenario
from recsys.simulator.simulated import open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.state.live import LiveState
from recsys.state.marks import marks_of
from recsys.state.showings import showings_of
from recsys.times import DAY_US, HOUR_US, SECOND_US, from_micros, to_micros

_DAYS = 40
_AT = to_micros(DEFAULT_START + timedelta(days=_DAYS))


@dataclass(frozen=True)
class World:
    folder: Path
    model: SegmentModel

    def live(self) -> tuple[Catalogue, LiveState, Segments]:
        """Return a company of its own, at the end of the log."""
        dataset = open_simulated(self.folder / "data", self.folder / "truth").dataset
        catalogue = Catalogue.of(dataset)
        state = LiveState(catalogue, lateness_us=48 * HOUR_US)
        state.observe(catalogue.encode(dataset["events"]))
        state.advance(_AT)
        return catalogue, state, Segments(self.model, state)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("company")
    scenario = Scenario(employees=150, days=_DAYS, seed=7, world=WORLDS["strong"])
    simulate_company(scenario, folder / "data", folder / "truth")
    dataset = open_simulated(folder / "data", folder / "truth").dataset
    catalogue = Catalogue.of(dataset)
    log = learnable(catalogue.encode(dataset["events"]), catalogue)
    seconds = catalogue.renditions.seconds_by_format(len(catalogue.contents))
    model = fit_segments(showings_of(*marks_of(log, catalogue)), seconds, _AT)
    assert model is not None
    return World(folder, model)


def events(catalogue: Catalogue, rows: Iterable[dict[str, Any]]) -> EventColumns:
    """Return rows as events of their own."""
    told = [{"event_id": f"test-{n}", "surface": "portal", **row} for n, row in enumerate(rows)]
    return catalogue.encode(validate(TABLES["events"], frame_of(told)).frame)


def habit(
    catalogue: Catalogue, employee_id: str, begin: int, *, likes: tuple[str, ...], n: int = 150
) -> list[dict[str, Any]]:
    """Return rows of somebody who is shown ``n`` contents and takes in one family of formats."""
    rows: list[dict[str, Any]] = []
    with_choice = [c for c in range(len(catalogue.contents)) if len(catalogue.renditions.of(c)) > 2]
    for i in range(n):
        content = with_choice[i % len(with_choice)]
        renditions = catalogue.renditions.of(content)
        shown = renditions[i // len(with_choice) % len(renditions) + i % 2 - 1]
        event = {
            "employee_id": employee_id, "content_id": catalogue.contents.ids.id(content),
            "rendition_id": shown.rendition_id,
        }  # fmt: skip
        at = begin + i * 600 * SECOND_US
        rows.append(
            event | {"event_type": "impression", "position": 1, "occurred_at": from_micros(at)}
        )
        if shown.format in likes:
            done = {"event_type": "complete", "occurred_at": from_micros(at + 9 * SECOND_US)}
            rows.append(event | done)
    return rows


def test_one_by_one_as_all_together(world: World) -> None:
    catalogue, _, segments = world.live()
    codes = segments.codes(_AT)
    assert codes.shape == (len(catalogue.employees),)
    found = [segments.of(employee, _AT) for employee in range(len(codes))]
    assert [segment.code for segment in found] == [CODES[code] for code in codes]
    assert len({segment.code for segment in found} & set(GROUPS)) >= 4
    for segment in found:
        assert 0 < segment.confidence <= 1
        assert set(segment.name) == set(segment.rule) == {"ja", "en"}
    learned = [s.confidence for s in found if s.code in GROUPS]
    assert 0.4 < np.mean(learned) < 0.95


def test_audiences_follow_the_live_segment(world: World) -> None:
    catalogue, _, segments = world.live()
    codes = segments.codes(_AT)
    learned = [code for code in np.unique(codes).tolist() if CODES[code] in GROUPS]
    rows = [
        {"content_id": f"for {CODES[code]}", "title": "t", "published_at": from_micros(_AT),
         "audience": {"segment": CODES[code]}}
        for code in learned
    ]  # fmt: skip
    frame = validate(TABLES["contents"], frame_of(rows)).frame
    catalogue.upsert("contents", frame, valid_from=_AT)
    segments.refresh()
    audiences = Audiences(catalogue, segments)
    contents = catalogue.contents.ids.indices(frame["content_id"])
    now = audiences.population(_AT)
    for code, content in zip(learned, contents.tolist(), strict=True):
        mask = audiences.people(audiences.of_content(content), now)
        assert mask.tolist() == (codes == code).tolist()
    for employee, code in enumerate(codes.tolist()):
        found = audiences.includes(employee, _AT, contents).tolist()
        assert found == [code == of for of in learned]
    reader = int(np.flatnonzero(np.isin(codes, learned))[0])
    before = segments.depends_on(reader, _AT)
    opt_out = [{"employee_id": catalogue.employees.ids.id(reader), "personalization_opt_out": True}]
    out = validate(TABLES["preferences"], frame_of(opt_out)).frame
    catalogue.upsert("preferences", out, valid_from=_AT)
    assert not audiences.includes(reader, _AT, contents).any()
    assert segments.depends_on(reader, _AT) != before


def test_what_a_segment_depends_on_changes_with_every_showing_and_day(world: World) -> None:
    catalogue, state, segments = world.live()
    employee_id = catalogue.employees.ids.id(0)
    before = segments.depends_on(0, _AT)
    assert segments.depends_on(0, _AT + HOUR_US) == before
    assert segments.depends_on(0, _AT + DAY_US) != before
    state.observe(events(catalogue, habit(catalogue, employee_id, _AT, likes=("video",), n=1)))
    state.advance(_AT + HOUR_US)
    assert segments.depends_on(0, _AT + HOUR_US) != before
    assert segments.depends_on(1, _AT + HOUR_US) == segments.depends_on(1, _AT)


def test_without_a_device_unmeasurable_not_uninterested(world: World) -> None:
    catalogue, _, segments = world.live()
    frame = catalogue.frames()["employees"]
    without = frame[~frame["has_pc"].astype(bool) & ~frame["has_mobile"].astype(bool)]
    indices = catalogue.employees.ids.indices(without["employee_id"])
    opted_out = set(catalogue.preferences.opted_out())
    expected = [e for e in indices.tolist() if e not in opted_out]
    assert expected
    assert {segments.of(e, _AT).code for e in expected} == {"unmeasurable"}


def test_without_any_trace_unmeasurable_unless_new(world: World) -> None:
    catalogue, state, segments = world.live()
    rows = [
        {"employee_id": "silent", "has_pc": True, "valid_from": "2026-01-06"},
        {"employee_id": "new", "has_pc": True, "valid_from": from_micros(_AT - 3 * DAY_US)},
        {"employee_id": "kiosk", "has_pc": False, "has_mobile": False, "valid_from": "2026-01-06"},
    ]
    frame = validate(TABLES["employees"], frame_of(rows)).frame
    catalogue.upsert("employees", frame, valid_from=_AT)
    silent, new, kiosk = (catalogue.employees.ids.index(str(row["employee_id"])) for row in rows)
    assert segments.of(silent, _AT).code == "unmeasurable"
    assert segments.of(new, _AT).code == "newcomer"
    assert segments.of(new, _AT + 30 * DAY_US).code == "unmeasurable"
    assert segments.of(kiosk, _AT).code == "unmeasurable"
    assert segments.of(-1, _AT).code == "newcomer"
    state.observe(events(catalogue, habit(catalogue, "silent", _AT, likes=("video",), n=5)))
    # Whoever uses a shared terminal enough is known after all.
    state.observe(events(catalogue, habit(catalogue, "kiosk", _AT, likes=("video",), n=100)))
    state.advance(_AT + 2 * DAY_US)
    assert segments.of(silent, _AT + 2 * DAY_US).code == "newcomer"
    assert segments.of(kiosk, _AT + 2 * DAY_US).code in GROUPS


def test_who_opted_out_has_no_segment(world: World) -> None:
    catalogue, _, segments = world.live()
    employee = int(np.flatnonzero(segments.codes(_AT) >= CODES.index(GROUPS[0]))[0])
    name = catalogue.employees.ids.id(employee)
    frame = frame_of([{"employee_id": name, "personalization_opt_out": True}])
    catalogue.upsert("preferences", validate(TABLES["preferences"], frame).frame, valid_from=_AT)
    assert segments.of(employee, _AT).code == "not_personalised"
    assert CODES[segments.codes(_AT)[employee]] == "not_personalised"


def test_a_flip_of_behaviour_migrates(world: World) -> None:
    catalogue, state, segments = world.live()
    name, begin = "flips", _AT
    films, texts = ("video", "short_video"), ("article", "text_summary")
    found = []
    for number, likes in enumerate((films, texts)):
        rows = habit(catalogue, name, begin, likes=likes)
        rows = [row | {"session_id": str(number)} for row in rows]
        frame = validate(
            TABLES["events"],
            frame_of([{"event_id": f"{number}-{n}", **row} for n, row in enumerate(rows)]),
        ).frame
        # Contents are seen once, so the second habit is shown on others.
        state.observe(catalogue.encode(frame))
        soon = begin + 2 * DAY_US
        state.advance(soon)
        found.append(segments.of(catalogue.employees.ids.index(name), soon).code)
        begin += 300 * DAY_US
    assert found == ["watcher", "deep_reader"]


def earlier(world: World, catalogue: Catalogue, at: int) -> Segments:
    """Return the segments of the same company at an earlier moment."""
    dataset = open_simulated(world.folder / "data", world.folder / "truth").dataset
    state = LiveState(catalogue, lateness_us=48 * HOUR_US)
    state.observe(catalogue.encode(dataset["events"]))
    state.advance(at)
    return Segments(world.model, state)


def test_movement_counts_everybody_who_is_there_once(world: World) -> None:
    catalogue, _, now = world.live()
    since = _AT - 20 * DAY_US
    before = earlier(world, catalogue, since)
    movement = segment_movement(before, now, catalogue, since, _AT, k=1)
    then, codes = before.codes(since), now.codes(_AT)
    for i, row in enumerate(movement.codes):
        for j, column in enumerate(movement.codes):
            moved = (then == CODES.index(row)) & (codes == CODES.index(column))
            assert movement.table.counts[i, j] == np.count_nonzero(moved)
    assert movement.table.counts[-1, -1] == len(catalogue.employees)
    assert (then != codes).any()


def test_movement_shows_no_small_group_and_nobody_who_left(world: World) -> None:
    catalogue, _, now = world.live()
    gone = [
        {
            "employee_id": catalogue.employees.ids.id(e), "active": False,
            "valid_from": from_micros(_AT - 1),
        }
        for e in range(30)
    ]  # fmt: skip
    frame = validate(TABLES["employees"], frame_of(gone)).frame
    catalogue.upsert("employees", frame, valid_from=_AT)
    since = _AT - 20 * DAY_US
    movement = segment_movement(earlier(world, catalogue, since), now, catalogue, since, _AT)
    assert movement.table.counts[-1, -1] == len(catalogue.employees) - 30
    answer = movement.as_json(now)
    assert answer["suppressed_below"] == 10
    shown = [n for row in answer["migration"] for n in row]
    shown += [row[key] for row in answer["segments"] for key in ("employees", "employees_before")]
    assert any(n is None for n in shown)
    assert all(n is None or n >= 10 for n in shown)
    assert [row["code"] for row in answer["segments"]] == list(movement.codes)
