"""Companies made by other generators than the simulator: nothing in them has its functional forms.

Contents come in the formats their topics lean to, topics that lean to films please more, people are
shown what interests them, and formats differ in position: whoever takes rates at face value finds
topics and positions. Sources of the
responses: examination × attraction × completion, Craswell et al., "An experimental comparison of
click position-bias models" (2008); latent types, Kamakura and Russell, "A probabilistic choice
model for market segmentation" (1989); probit and mixed logit, Train, "Discrete choice methods with
simulation" (2009), chapters 5 and 6.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from benchmarks.format_planted import (
    PLANTED_FORMATS,
    Company,
    Kind,
    Log,
    People,
    PlantedWorld,
    Shown,
    Stories,
)
from benchmarks.format_truth import Float, Index, World
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.schema import FORMAT_FAMILIES, TABLES
from recsys.times import DAY_US, to_micros

__all__ = ["KINDS", "planted_world"]

KINDS: dict[str, Kind] = {
    "additive": Kind(-1.3),
    "types": Kind(-0.9, hierarchy="types"),
    "heavy": Kind(-1.3, hierarchy="heavy"),
    "click": Kind(-0.4, response="click"),
    "probit": Kind(-0.8, response="probit"),
    "plain": Kind(-1.3, is_confounded=False),
    "topic": Kind(-1.3, has_tastes=False),
    "flips": Kind(-1.3, has_flips=True, usual_impressions=130),
}
"""Tastes are normal around department means, of four types, or have the tails of Student's t(4).

In ``plain`` nothing confounds, in ``topic`` no format is liked better than another by anybody, in
``flips`` tastes turn round 40 impressions before the end of whoever has 90.
"""

_EASE = 0.7  # logits per logit of leaning
_START = to_micros(datetime(2026, 3, 2, tzinfo=UTC))
_DAYS = 60
_N_FORMATS = len(PLANTED_FORMATS)
_N_CONTENTS, _N_TOPICS, _N_DEPARTMENTS = 240, 8, 8
_USUAL_SECONDS = np.array([240.0, 45.0, 60.0, 180.0, 50.0])
_SHOWN_LOWER = np.isin(PLANTED_FORMATS, FORMAT_FAMILIES["text"])
_ON_FRONT_PAGE_DAYS = 25.0
_MOST_IMPRESSIONS = 700
_SHOWN_AGAIN = 1e-6  # weight of what was completed: only where nothing else is left
_SINCE_FLIP = 40  # the number of DESIGN's promise
_LEAST_FLIPPED = 90  # there must be a taste to forget


def planted_world(name: str, seed: int, n_employees: int = 300) -> World:
    """Make one of ``KINDS``; the same arguments make the same company."""
    kind, rng = KINDS[name], np.random.default_rng(seed)
    centres = kind.draw_centres(_N_DEPARTMENTS, rng)
    n_impressions = rng.lognormal(np.log(kind.usual_impressions), 0.9, n_employees).astype(int)
    n_impressions = np.minimum(n_impressions, _MOST_IMPRESSIONS)
    flips = kind.has_flips & (n_impressions >= _LEAST_FLIPPED)
    people, stories = _draw_people(kind, centres, flips, rng), _draw_stories(kind, rng)
    company = Company(kind, centres, people, stories)
    starts = np.append(0, np.cumsum(n_impressions))
    since_flip = np.where(flips, starts[1:] - _SINCE_FLIP, starts[:-1])
    truth = PlantedWorld(
        company, _draw_log(company, starts, since_flip, rng), starts, since_flip,
        [f"p{person:04d}" for person in range(n_employees)],
        [f"c{content:04d}" for content in range(_N_CONTENTS)],
    )  # fmt: skip
    return World(name, _dataset(truth), _START + _DAYS * DAY_US, truth)


def _draw_people(
    kind: Kind, centres: Float, flips: npt.NDArray[np.bool_], rng: np.random.Generator
) -> People:
    n = len(flips)
    department = rng.integers(0, _N_DEPARTMENTS, n)
    # With no tastes at all, stronger interests tempt a model more to see them in formats.
    own = (1.0 if kind.has_tastes else 1.6) * rng.standard_normal((n, _N_TOPICS))
    shared = 0.7 * rng.standard_normal((_N_DEPARTMENTS, _N_TOPICS))
    tastes = kind.draw_tastes(centres, department, rng)
    return People(
        department, own + shared[department], 0.5 * rng.standard_normal(n),
        rng.beta(0.8, 0.8, n), np.where(flips[:, None], -tastes, tastes), flips,
    )  # fmt: skip


def _draw_stories(kind: Kind, rng: np.random.Generator) -> Stories:
    topic = rng.integers(0, _N_TOPICS, _N_CONTENTS)
    lean = kind.is_confounded * 1.2 * rng.standard_normal((_N_TOPICS, _N_FORMATS))
    shape = (_N_CONTENTS, _N_FORMATS)
    exists = rng.random(shape) < expit(lean[topic] + 0.3)
    exists[np.arange(_N_CONTENTS), rng.integers(0, _N_FORMATS, _N_CONTENTS)] |= ~exists.any(axis=1)
    # Topics made into films please everybody, topics written about nobody: whoever does not tell
    # topics apart finds that everybody likes films.
    video, article = (lean[:, PLANTED_FORMATS.index(form)] for form in ("video", "article"))
    appeal = (_EASE * (video - article))[topic] + 0.7 * rng.standard_normal(_N_CONTENTS)
    published = np.sort(rng.uniform(0.0, 0.95 * _DAYS, _N_CONTENTS))
    published[0] = 0.0  # somebody who comes on the first day finds something
    return Stories(
        topic, appeal, published, lean[topic], exists, 0.5 * rng.standard_normal(shape),
    )  # fmt: skip


def _draw_log(company: Company, starts: Index, since_flip: Index, rng: np.random.Generator) -> Log:
    """Show everybody a first content, then a second, and so on: what is completed is left out."""
    n_impressions = np.diff(starts)
    people = np.repeat(np.arange(len(n_impressions)), n_impressions)
    days = rng.uniform(1.0, _DAYS, starts[-1])
    days = days[np.lexsort([days, people])]
    done = np.zeros((len(n_impressions), _N_CONTENTS), np.bool_)
    rounds = []
    for number in range(n_impressions.max(initial=0)):
        person = np.flatnonzero(n_impressions > number)
        rows = starts[person] + number
        sign = np.where(rows < since_flip[person], -1, 1)
        shown = _draw_shown(company, person, days[rows], done[person], sign, rng)
        done[person, shown.content] |= shown.completed
        rounds.append(shown)
    log = Log.join(rounds)
    return log.take(np.lexsort([log.at, log.person]))


def _draw_shown(
    company: Company, person: Index, days: Float, done: npt.NDArray[np.bool_], sign: Index,
    rng: np.random.Generator,
) -> Log:  # fmt: skip
    """Draw one showing of each person, and what comes of it."""
    kind, people, stories = company.kind, company.people, company.stories
    n, rows = len(person), np.arange(len(person))
    pull = kind.is_confounded * 0.8 * people.interest[person[:, None], stories.topic]
    content = _pick(_weights(stories, pull, days) * np.where(done, _SHOWN_AGAIN, 1.0), rng)
    exists = stories.exists[content]
    lead = exists * np.exp(0.8 * stories.lean[content])
    chance = 0.4 * lead / lead.sum(axis=1, keepdims=True)
    chance += 0.6 * exists / exists.sum(axis=1, keepdims=True)
    form = _pick(chance, rng)
    depth = np.where(kind.is_confounded, 0.4 + 0.6 * _SHOWN_LOWER[form], 1.0)
    shown = Shown(
        person, content, form, stories.log_length[content, form],
        rng.random(n) < people.mobile_share[person],
        np.rint(1.0 + 9.0 * rng.random(n) * depth).astype(np.int64),
    )  # fmt: skip
    opens, completes = company.stages(shown, sign * people.tastes[person, form])
    opened = rng.random(n) < opens
    return Log(
        person, content, form, shown.log_length, shown.mobile, shown.position,
        _START + (days * DAY_US).astype(np.int64), chance[rows, form], sign, opened,
        opened & (rng.random(n) < completes),
    )  # fmt: skip


def _weights(stories: Stories, pull: Float, days: Float) -> Float:
    """Return how much of each content is shown at each moment, (len(days), n_contents)."""
    age = days[:, None] - stories.published_days
    live = (age > 0.0) & (age < _ON_FRONT_PAGE_DAYS)
    return np.asarray(live * np.exp(pull + 0.4 * stories.appeal - 0.05 * age))


def _pick(weights: Float, rng: np.random.Generator) -> Index:
    """Draw a column of each row by its weight."""
    edges = np.cumsum(weights, axis=1)
    drawn = rng.random((len(edges), 1)) * edges[:, -1:]
    return np.asarray((edges <= drawn).sum(axis=1))


def _dataset(truth: PlantedWorld) -> Dataset:
    people, stories = truth.company.people, truth.company.stories
    content, form = np.nonzero(stories.exists)
    seconds = (_USUAL_SECONDS * np.exp(stories.log_length))[content, form]
    plays = np.isin(np.array(PLANTED_FORMATS)[form], FORMAT_FAMILIES["video"])
    raw: dict[str, Any] = {
        "employees": {
            "employee_id": truth.employee_ids,
            "department": [f"d{department}" for department in people.department],
        },
        "contents": {
            "content_id": truth.content_ids,
            "title": [f"story {content_id}" for content_id in truth.content_ids],
            "published_at": _times(_START + (stories.published_days * DAY_US).astype(np.int64)),
            "topics": [f"t{topic}" for topic in stories.topic],
        },
        "renditions": {
            "rendition_id": _rendition_ids(content, form),
            "content_id": np.array(truth.content_ids)[content],
            "format": np.array(PLANTED_FORMATS)[form],
            "duration_seconds": np.where(plays, seconds, np.nan),
            "word_count": np.where(plays, np.nan, np.rint(4.0 * seconds)),  # 240 a minute
        },
        "events": _events(truth),
    }
    frames = {name: validate(TABLES[name], pd.DataFrame(columns)) for name, columns in raw.items()}
    assert not any(checked.rejects for checked in frames.values())
    return Dataset({name: checked.frame for name, checked in frames.items()})


def _events(truth: PlantedWorld) -> pd.DataFrame:
    log, n = truth.log, len(truth.log.at)
    shown = pd.DataFrame(
        {
            "event_id": [f"i{row}" for row in range(n)],
            "event_type": "impression",
            "employee_id": np.array(truth.employee_ids)[log.person],
            "content_id": np.array(truth.content_ids)[log.content],
            "rendition_id": _rendition_ids(log.content, log.form),
            "device": np.where(log.mobile, "mobile", "desktop"),
            "surface": "portal",
            "occurred_at": _times(log.at),
        }
    )
    # A world without clicks logs none.
    opened = log.opened & (truth.company.kind.response == "click")
    parts = [
        shown.assign(position=log.position, rendition_propensity=log.propensity),
        _followed(shown[opened], "open", 5),
        _followed(shown[log.completed], "complete", 40),
    ]
    return pd.concat(parts).sort_values("occurred_at", kind="stable", ignore_index=True)


def _followed(shown: pd.DataFrame, event_type: str, seconds: int) -> pd.DataFrame:
    return shown.assign(
        event_id=event_type + shown["event_id"],
        event_type=event_type,
        occurred_at=shown["occurred_at"] + pd.Timedelta(seconds=seconds),
    )


def _rendition_ids(content: Index, form: Index) -> list[str]:
    return [f"r{c}_{f}" for c, f in zip(content.tolist(), form.tolist(), strict=True)]


def _times(micros: Index) -> pd.DatetimeIndex:
    return pd.to_datetime(micros, unit="us", utc=True)
