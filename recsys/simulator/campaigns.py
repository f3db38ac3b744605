"""Campaigns with their purposes and goals, fixed before the first content of each."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.simulator.config import Scenario
from recsys.simulator.phrases import TOPICS
from recsys.times import to_micros

__all__ = ["CAMPAIGNS", "Campaign", "campaign_frames", "campaign_windows"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """``begins`` and ``ends`` are shares of the run; goals are (name, unit, baseline, target)."""

    campaign_id: str
    topic: str
    purpose: str
    begins: float
    ends: float
    goals: tuple[tuple[str, str, float, float], ...]


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign(
        "camp-safety", "safety", "全員が危険予知を毎日の習慣にする", 0.10, 0.40,
        (("reach_share", "%", 55.0, 80.0), ("near_miss_reports", "count", 20.0, 40.0)),
    ),
    Campaign(
        "camp-ideas", "events", "Every site hands in ideas for the contest", 0.35, 0.70,
        (("reach_share", "%", 50.0, 75.0), ("proposals", "count", 10.0, 60.0)),
    ),
    Campaign(
        "camp-carbon", "sustainability", "脱炭素計画を自分の仕事の言葉で語れる", 0.60, 0.95,
        (("reach_share", "%", 50.0, 75.0), ("understanding", "pt", 3.1, 3.6)),
    ),
)  # fmt: skip


def campaign_windows(scenario: Scenario) -> npt.NDArray[np.int64]:
    """Return int64 (campaigns, 3): topic index, start and end in microseconds."""
    return np.array(
        [
            [
                TOPICS.index(campaign.topic),
                *(to_micros(t.to_pydatetime()) for t in _window(campaign, scenario)),
            ]
            for campaign in CAMPAIGNS
        ]
    )


def campaign_frames(scenario: Scenario) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables ``campaigns`` and ``kpis``; goals are frozen a week before the start."""
    campaigns, kpis = [], []
    for campaign in CAMPAIGNS:
        begins, ends = _window(campaign, scenario)
        campaigns.append((campaign.campaign_id, campaign.purpose, begins, ends))
        frozen = begins - timedelta(days=7)
        kpis += [(campaign.campaign_id, *goal, ends, frozen) for goal in campaign.goals]
    return (
        pd.DataFrame(campaigns, columns=["campaign_id", "purpose", "starts_at", "ends_at"]),
        pd.DataFrame(
            kpis,
            columns=["campaign_id", "name", "unit", "baseline", "target", "due_at", "frozen_at"],
        ),
    )


def _window(campaign: Campaign, scenario: Scenario) -> tuple[pd.Timestamp, pd.Timestamp]:
    start = pd.Timestamp(scenario.start).floor("D")
    begins, ends = (
        start + pd.Timedelta(days=round(share * scenario.days))
        for share in (campaign.begins, campaign.ends)
    )
    return begins, ends
