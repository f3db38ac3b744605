"""Figures of lives against a second, slow reckoning."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from recsys.simulator.card import gini
from recsys.simulator.company import found
from recsys.simulator.ground import ground_of
from recsys.times import to_micros
from training.loop.measures import Span, figures
from training.loop.plan import LoopPlan
from training.loop.run import Lives


@pytest.mark.slow
def test_figures_of_some_days_reckoned_again(plan: LoopPlan, lives: Lives) -> None:
    company = found(plan.scenario)
    ground = ground_of(plan.scenario, plan.begins, plan.ends)
    since, until = plan.begins + timedelta(days=1), plan.begins + timedelta(days=4)
    span = Span(company, ground, since, until)
    answers = lives.lives[0].answers
    one = np.ones((1, plan.employees))
    told = {name: float(f(one)[0]) for name, f in figures(answers, span).items()}

    frame = pd.DataFrame(answers)
    frame = frame[(frame["time"] >= to_micros(since)) & (frame["time"] < to_micros(until))]
    visits = pd.DataFrame(company.town.visits[["start", "employee"]])
    came = visits[(visits["start"] >= to_micros(since)) & (visits["start"] < to_micros(until))]
    visitors = set(came["employee"])
    pairs = ["employee", "content"]
    opened = frame[frame["opened"]]
    read = opened.drop_duplicates(pairs)
    assert told["opens"] == pytest.approx(len(read) / len(visitors))
    done = frame[frame["completed"]].drop_duplicates(pairs)
    assert told["completions"] == pytest.approx(len(done) / len(visitors))
    assert told["people reached"] == pytest.approx(read["employee"].nunique() / len(visitors))

    own = company.town.traits["departments"]
    owner = company.town.facts["owner"]
    away = [owner[c] not in own[e] for e, c in opened[pairs].to_numpy()]
    assert told["cross-department share"] == pytest.approx(np.mean(away))
    met = {(e, owner[c]) for e, c in read[pairs].to_numpy().tolist() if owner[c] not in own[e]}
    assert told["departments met"] == pytest.approx(len(met) / len(visitors))

    facts, looked = company.town.facts, frame[frame["looked"]]
    live = (facts["expires"] > to_micros(since)) & (facts["published"] < to_micros(until))
    looks = np.bincount(looked["content"], minlength=len(facts))[live]
    assert told["concentration"] == pytest.approx(gini(looks))
    shares = []
    for content in np.flatnonzero(
        (facts["published"] >= to_micros(since)) & (facts["published"] < to_micros(until))
    ):
        audience = {
            e for e in visitors
            if facts["language"][content] in (-1, company.town.traits["language"][e])
        }  # fmt: skip
        reached = set(looked.loc[looked["content"] == content, "employee"]) & audience
        shares.append(len(reached) / len(audience))
    assert told["audience reached"] == pytest.approx(np.mean(shares))

    worth = (frame["p_open"] * frame["p_complete"])[~frame["seen"]].sum()
    assert told["regret"] == pytest.approx(1 - worth / frame["best"].sum())
    silent = set(np.flatnonzero(ground.silent)) & visitors
    quiet = looked[looked["employee"].isin(silent)].drop_duplicates(pairs)
    assert told["silent reach, looked at"] == pytest.approx(len(quiet) / len(silent))
