"""The simulator's companies as worlds with a known truth of format tastes."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from benchmarks.format_truth import Float, Index, World
from recsys.simulator.config import DEFAULT_START, FORMATS_IN_USE, WORLDS, Scenario, WorldName
from recsys.simulator.simulated import Simulated, open_simulated
from recsys.simulator.simulation import simulate_company
from recsys.simulator.traits import TYPE_SHARES, TYPES
from recsys.simulator.truth import Truth
from recsys.state.marks import COMPLETE_DWELL_SHARE, COMPLETE_PROGRESS_SHARE
from recsys.times import NO_TIME, to_micros

__all__ = ["SimulatedTastes", "simulated_world"]

_DAYS = 60
_N_CIRCUMSTANCES = 6
_SHORT = np.isin(FORMATS_IN_USE, ("text_summary", "illustration", "short_video"))
_LEAST = 1e-9  # true probabilities are kept in 32 bits; none of them is 0 or 1


@dataclass(frozen=True, slots=True)
class _Showings:
    """Impressions in the order of people, and what came of them; shapes (n,)."""

    form: Index
    looked: Float
    """P(looked at)."""
    open_rest: Float
    """Logit of opening without the format's part."""
    complete_rest: Float
    """Logit of completing without what the person likes better or less than all do."""
    opened: npt.NDArray[np.bool_]
    completed: npt.NDArray[np.bool_]
    starts: Index
    """Rows ``starts[p]:starts[p + 1]`` are person p's."""


@dataclass(frozen=True, slots=True)
class SimulatedTastes:
    """The simulator's truth, a :class:`benchmarks.format_truth.PlantedTastes`."""

    truth: Truth
    at: int
    showings: _Showings
    mobile_share: Float
    """Of each person's impressions, (n_people,)."""
    circumstances: Float
    """Quantiles of what age and colleagues add to the logit of opening over all impressions."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of the formats in use."""
        return FORMATS_IN_USE

    @property
    def employee_ids(self) -> Sequence[str]:
        """Ids of everybody."""
        return self.truth.employee_ids

    @property
    def content_ids(self) -> Sequence[str]:
        """Ids of all contents."""
        return self.truth.content_ids

    @property
    def n_impressions(self) -> Index:
        """Impressions of each person."""
        return np.diff(self.showings.starts)

    @property
    def tastes(self) -> Float:
        """What people like beyond what all do."""
        return np.asarray(self.truth.traits["attraction"])

    @property
    def flipped_at(self) -> Index:
        """Nobody's tastes turn round."""
        return np.full(len(self.employee_ids), NO_TIME)

    def draw_tastes(self, person: int, n: int, rng: np.random.Generator) -> Float:  # noqa: ARG002  (all come from the same types)
        """Draw from the behavioural types."""
        world = self.truth.about["world"]
        kinds = np.array(list(TYPES.values()))[rng.choice(len(TYPES), n, p=TYPE_SHARES)]
        own = rng.standard_normal(kinds.shape)
        return np.asarray(world["type_format"] * kinds + world["personal_format"] * own)

    def log_likelihood(self, person: int, tastes: Float, *, since_flip: bool = False) -> Float:  # noqa: ARG002  (nobody's turn round)
        """Return the log probability of opening and completing as the person did."""
        s = self.showings
        own = slice(s.starts[person], s.starts[person + 1])
        liked = tastes[:, s.form[own]]
        attracted = self.truth.response.format_attraction * liked
        opens = s.looked[own] * expit(s.open_rest[own] + attracted)
        completes = expit(s.complete_rest[own] + liked).clip(_LEAST, 1.0 - _LEAST)
        finished = np.where(s.completed[own], np.log(completes), np.log1p(-completes))
        opens = opens.clip(_LEAST, 1.0 - _LEAST)
        likely = np.where(s.opened[own], np.log(opens) + finished, np.log1p(-opens))
        return np.asarray(likely.sum(axis=1))

    def completion(self, person: int, tastes: Float) -> Float:
        """Return the mean over all contents published, at usual length and at usual ages."""
        truth, response = self.truth, self.truth.response
        own, facts = truth.traits[person], truth.facts[truth.facts["published"] < self.at]
        interest = facts["topics"] @ own["interest"]
        opens = _open_level(truth, own, facts)
        attracted = opens + response.format_attraction * tastes[:, :, None]
        opened = np.mean([expit(attracted + part) for part in self.circumstances], axis=0)
        common = (own["taste"] - own["attraction"])[:, None]
        liked = tastes[:, :, None] + common + facts["ease"] + response.complete_interest * interest
        gain = response.mobile_format * np.where(_SHORT, 0.5, -0.5)[:, None]
        share = self.mobile_share[person]
        completed = (1.0 - share) * expit(liked) + share * expit(liked + gain)
        return np.asarray((opened * completed).mean(axis=2))

    def completion_of(self, person: int, content: int) -> Float:
        """Return the completion of one content, just published, at its own length."""
        share, truth = self.mobile_share[person], self.truth
        found = np.empty(len(FORMATS_IN_USE))
        for f, form in enumerate(FORMATS_IN_USE):
            desktop, mobile = (
                truth.p_complete(person, content, form, mobile=on_mobile)
                for on_mobile in (False, True)
            )
            completed = (1.0 - share) * desktop + share * mobile
            found[f] = truth.p_open(person, content, form) * completed
        return found


def simulated_world(name: WorldName, seed: int, n_employees: int = 300) -> World:
    """Simulate one of the simulator's worlds over 60 days."""
    scenario = Scenario(n_employees, _DAYS, seed, WORLDS[name])
    with tempfile.TemporaryDirectory() as folder:
        data, hidden = Path(folder, "data"), Path(folder, "truth")
        simulate_company(scenario, data, hidden)
        simulated = open_simulated(data, hidden)
        shown = simulated.impressions().sort_values("employee", kind="stable")
    at = to_micros(DEFAULT_START + timedelta(days=_DAYS))
    form = _forms(simulated, shown)
    mobile = shown["device"].eq("mobile").groupby(shown["employee"]).mean()
    n = len(simulated.truth.employee_ids)
    tastes = SimulatedTastes(
        simulated.truth, at, _showings(simulated, shown, form),
        np.asarray(mobile.reindex(range(n), fill_value=0.5), np.float64),
        _circumstances(simulated.truth, shown, form),
    )  # fmt: skip
    return World(name, simulated.dataset, at, tastes)


def _open_level(
    truth: Truth, people: np.void | npt.NDArray[np.void], facts: npt.NDArray[np.void]
) -> Float:
    """Return the logit of opening without format, age and colleagues."""
    response = truth.response
    interest = (people["interest"] * facts["topics"]).sum(axis=-1)
    own = (people["departments"] == facts["owner"][:, None]) & (facts["owner"] >= 0)[:, None]
    interest = interest + response.own_department * own.any(axis=-1)
    pulled = np.where(facts["mandatory"] == 1, response.mandatory, interest)
    return np.asarray(response.open_base + people["openness"] + facts["appeal"] + pulled)


def _open_logit(shown: pd.DataFrame) -> Float:
    """Return the true logit of opening what was looked at."""
    p_open = (shown["p_open"] / shown["p_looked"]).to_numpy(np.float64)
    return np.asarray(logit(p_open.clip(_LEAST, 1.0 - 1e-7)))


def _showings(simulated: Simulated, shown: pd.DataFrame, form: Index) -> _Showings:
    truth, employee = simulated.truth, shown["employee"].to_numpy(np.int64)
    liked = truth.traits["attraction"][employee, form]
    p_complete = shown["p_complete"].to_numpy(np.float64).clip(_LEAST, 1.0 - 1e-7)
    return _Showings(
        form, shown["p_looked"].to_numpy(np.float64),
        _open_logit(shown) - truth.response.format_attraction * liked, logit(p_complete) - liked,
        shown["opened"].to_numpy(np.bool_), _completed(simulated, shown),
        np.searchsorted(employee, np.arange(len(truth.employee_ids) + 1)).astype(np.int64),
    )  # fmt: skip


def _circumstances(truth: Truth, shown: pd.DataFrame, form: Index) -> Float:
    people = truth.traits[shown["employee"].to_numpy(np.int64)]
    facts = truth.facts[shown["content"].to_numpy(np.int64)]
    attracted = people["attraction"][np.arange(len(form)), form]
    rest = _open_logit(shown) - truth.response.format_attraction * attracted
    shares = (np.arange(_N_CIRCUMSTANCES) + 0.5) / _N_CIRCUMSTANCES
    return np.asarray(np.quantile(rest - _open_level(truth, people, facts), shares))


def _forms(simulated: Simulated, shown: pd.DataFrame) -> Index:
    """Return places in ``FORMATS_IN_USE``."""
    renditions = simulated.dataset["renditions"].set_index("rendition_id")["format"]
    names = shown["rendition_id"].map(renditions)
    return pd.Categorical(names, categories=list(FORMATS_IN_USE)).codes.astype(np.int64)


def _completed(simulated: Simulated, shown: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which impressions led to a completion, by the rule of DESIGN §5."""
    events = simulated.dataset["events"]
    ends = events["event_type"].eq("complete")
    ends |= events["progress_share"].ge(COMPLETE_PROGRESS_SHARE)
    renditions = simulated.dataset["renditions"].set_index("rendition_id")
    expected = renditions["duration_seconds"].fillna(renditions["word_count"] / 4)  # 240 a minute
    read = COMPLETE_DWELL_SHARE * events["rendition_id"].map(expected)
    ends |= events["dwell_seconds"].ge(read)
    slot = ["request_id", "content_id"]
    done = pd.MultiIndex.from_frame(events.loc[ends, slot])
    return np.asarray(pd.MultiIndex.from_frame(shown[slot]).isin(done))
