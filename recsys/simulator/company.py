"""A simulated company put together: people, contents and visits of a scenario.

Each part has its own random stream, so that drawing more of one never shifts another.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys.simulator.campaigns import campaign_frames, campaign_windows
from recsys.simulator.catalogue import publish
from recsys.simulator.catalogue_frames import (
    describe_contents,
    describe_renditions,
    write_stories,
)
from recsys.simulator.config import Scenario
from recsys.simulator.organisation import organise
from recsys.simulator.town import Chance, Town
from recsys.simulator.traits import draw_character, draw_preferences
from recsys.simulator.visits import draw_visits
from recsys.times import DAY_US, to_micros

__all__ = ["Company", "found"]

_STREAMS = ("organisation", "character", "employees", "preferences", "catalogue", "words",
            "labels", "visits", "policy", "response")  # fmt: skip
"""Names of the random streams; append new ones at the end, never reorder."""

_TREATMENT_BEGINS_SHARE = 0.5
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Company:
    """The visible tables (all but events) and the town that produces the events."""

    frames: dict[str, pd.DataFrame]
    town: Town
    chance: Chance


def found(scenario: Scenario) -> Company:
    """Draw the company of ``scenario``; the same scenario always gives the same one."""
    seeds = np.random.SeedSequence(scenario.seed).spawn(len(_STREAMS))
    rng = {name: np.random.default_rng(seed) for name, seed in zip(_STREAMS, seeds, strict=True)}
    organisation = organise(scenario, rng["organisation"])
    character = draw_character(scenario.world, organisation, rng["character"])
    catalogue = publish(scenario, organisation, campaign_windows(scenario), rng["catalogue"])
    stories = write_stories(catalogue, rng["words"])
    employees = organisation.frame(scenario, rng["employees"])
    campaigns, kpis = campaign_frames(scenario)
    frames = {
        "employees": employees,
        "preferences": draw_preferences(
            employees, character.traits, scenario.world, rng["preferences"]
        ),
        "contents": describe_contents(catalogue, stories, rng["labels"]),
        "renditions": describe_renditions(catalogue, stories),
        "campaigns": campaigns,
        "kpis": kpis,
    }
    town = Town(
        traits=character.traits,
        facts=catalogue.facts,
        visits=draw_visits(scenario, organisation, character, rng["visits"]),
        response=scenario.world.response,
        policy=scenario.world.policy,
        treatment_begins=_treatment_begins(scenario),
    )
    return Company(frames, town, Chance(rng["policy"], rng["response"]))


def _treatment_begins(scenario: Scenario) -> int:
    if not scenario.experiment:
        return int(_NEVER)
    day = int(_TREATMENT_BEGINS_SHARE * scenario.days)
    return to_micros(scenario.start) // DAY_US * DAY_US + day * DAY_US
