"""A whole loop: nights train and promote, what was promoted serves, peers live the same life."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.errors import ConfigurationError
from recsys.registry import check_model, read_champion, version_directory
from training.loop.plan import LoopPlan
from training.loop.results import LoopResult, as_json, result_of
from training.loop.run import PEERS, Lives, live_through
from training.releases import promote
from training.tracking import Tracking


@pytest.mark.slow
def test_the_first_night_promotes_and_its_model_serves(lives: Lives, plan: LoopPlan) -> None:
    (first,) = lives.nights
    assert first.at == plan.begins
    assert first.is_champion
    assert "there is no champion yet" in first.reasons
    assert lives.lives[0].served == (first.model_version,)


@pytest.mark.slow
def test_the_models_folder_holds_what_the_nights_say(lives: Lives, models_dir: Path) -> None:
    champion = read_champion(models_dir)
    assert champion is not None
    assert version_directory(models_dir, lives.lives[0].served[-1]) == (
        models_dir / champion.release.model_dir
    )
    tracking = Tracking(models_dir)
    for night in lives.nights:
        _, model_version = tracking.version(night.registered_version)
        assert model_version == night.model_version
        check_model(version_directory(models_dir, model_version))
    assert tracking.alias("champion") == champion.release.registered_version


@pytest.mark.slow
def test_all_live_through_the_same_visits(lives: Lives) -> None:
    engine, *peers = lives.lives
    assert [life.name for life in peers] == list(PEERS)
    pages = np.unique(engine.answers[["time", "visit", "page"]])
    first_pages = pages[pages["page"] == 0]
    for life in peers:
        others = np.unique(life.answers[["time", "visit", "page"]])
        others = others[others["page"] == 0]
        # A first page comes when a visit begins, or after a link that does not depend on pages.
        assert np.mean(np.isin(others, first_pages)) > 0.9
        assert not np.array_equal(life.answers["content"], engine.answers["content"])


@pytest.mark.slow
def test_nobody_does_better_than_the_clairvoyant(result: LoopResult) -> None:
    known = result.levels["clairvoyant"]
    assert known["regret"] == pytest.approx(0.0, abs=1e-12)
    for life in ("recsys", "newest_first", "popular"):
        assert result.levels[life]["completions"] < known["completions"]
        assert 0.2 < result.levels[life]["regret"] < 1.0


@pytest.mark.slow
def test_the_result_is_strict_json(result: LoopResult, plan: LoopPlan) -> None:
    told = json.loads(json.dumps(as_json(result), allow_nan=False))
    assert set(told) == {
        "plan", "visitors", "silent", "pages", "popular_half_life", "levels", "weeks", "changes",
        "nights", "seconds",
    }  # fmt: skip
    assert told["plan"]["world"] == plan.world
    assert set(told["levels"]) == {"recsys", *PEERS} == set(told["weeks"])
    assert set(told["changes"]) == set(PEERS)
    change = told["changes"]["newest_first"]["completions"]
    ours, theirs = (told["levels"][n]["completions"] for n in ("recsys", "newest_first"))
    assert change["value"] == pytest.approx(ours / theirs - 1)
    assert change["low"] <= change["value"] <= change["high"]
    assert all(len(weeks) == plan.weeks for weeks in told["weeks"].values())
    assert [night["served"] for night in told["nights"]] == list(result.served)


@pytest.mark.slow
def test_an_old_folder_is_refused(plan: LoopPlan, models_dir: Path, lives: Lives) -> None:
    """Its champion has learned from what is about to happen."""
    with pytest.raises(ConfigurationError, match="know the future"):
        live_through(plan, models_dir, progress=lambda _: None)


@pytest.mark.parametrize("wrong", [{"weeks": 0}, {"nights_apart": 0}, {"test_days": 14}])
def test_plans_that_cannot_run_are_refused(plan: LoopPlan, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="cannot run"):
        replace(plan, **wrong)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_figures(
    plan: LoopPlan, result: LoopResult, tmp_path: Path
) -> None:
    """Also where peers live in another process."""
    again = result_of(plan, live_through(plan, tmp_path / "models", progress=lambda _: None))
    assert _without_seconds(as_json(again)) == _without_seconds(as_json(result))


def _without_seconds(told: dict[str, Any]) -> dict[str, Any]:
    nights = [{k: v for k, v in night.items() if k != "seconds"} for night in told["nights"]]
    return {k: v for k, v in told.items() if k != "seconds"} | {"nights": nights}


class _Killed(BaseException):
    """What no handler of errors catches."""


@pytest.mark.slow
def test_a_later_promotion_serves_and_a_killed_night_leaves_no_trace(
    plan: LoopPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second night's model is promoted, whatever the gate says; the third night is killed."""
    models_dir = tmp_path / "models"
    register = Tracking.register
    served: list[str] = []

    def register_twice(self: Tracking, run_id: str, model_version: str) -> int:
        if len(served) == 2:
            raise _Killed
        number = register(self, run_id, model_version)
        served.append(model_version)
        if number > 1:
            promote(self, models_dir, number, at=plan.ends)
        return number

    monkeypatch.setattr(Tracking, "register", register_twice)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    followed = _watch_served(monkeypatch)
    with pytest.raises(_Killed):
        live_through(
            replace(plan, nights_apart=2), models_dir, progress=lambda _: None, is_parallel=False
        )
    assert followed == served
    assert served[0] != served[1]
    champion = read_champion(models_dir)
    assert champion is not None
    assert champion.release.registered_version == 2
    check_model(models_dir / champion.release.model_dir)
    tracking = Tracking(models_dir)
    assert tracking.alias("champion") == tracking.alias("challenger") == 2
    with pytest.raises(ConfigurationError, match="no registered version 3"):
        tracking.version(3)


def _watch_served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from training.loop.serving import LearningServer

    followed: list[str] = []
    follow: Callable[[LearningServer], str] = LearningServer.follow_champion

    def watched(self: LearningServer) -> str:
        followed.append(follow(self))
        assert self.engine.model.version == followed[-1]
        return followed[-1]

    monkeypatch.setattr(LearningServer, "follow_champion", watched)
    return followed
