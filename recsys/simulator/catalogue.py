"""What is published: the hidden facts of contents, drawn from the company's habits.

:mod:`recsys.simulator.catalogue_frames` shows them as tables.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.simulator.config import FORMATS_IN_USE, LANGUAGES, Scenario, World
from recsys.simulator.organisation import DEPARTMENTS, Organisation
from recsys.simulator.phrases import TOPICS
from recsys.simulator.traits import Records
from recsys.times import DAY_US, HOUR_US, to_micros

__all__ = ["CONTENT_KINDS", "FACTS", "USUAL_SECONDS", "Catalogue", "publish"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

USUAL_SECONDS = np.array([150.0, 25.0, 20.0, 300.0, 45.0, 420.0])
"""Time a rendition usually takes, by format in the order of ``FORMATS_IN_USE``."""

CONTENT_KINDS: tuple[str, ...] = ("news", "story", "notice", "event", "award", "manual", "ugc")
_KIND_SHARES = (0.48, 0.22, 0.10, 0.06, 0.05, 0.03, 0.06)

# Which formats the editors use at all, and how three groups of topics lean; leaning is what
# confounds format with topic, because lean groups also differ in how easily they are finished.
_FORMAT_SHARES = np.array([0.34, 0.20, 0.14, 0.14, 0.13, 0.05])
_LEANS: tuple[tuple[tuple[str, ...], tuple[int, ...], float], ...] = (
    (("safety", "learning", "events", "culture", "product"), (3, 4), 0.7),
    (("finance", "it", "strategy", "research", "sales"), (0, 1), -0.5),
    (("benefits", "sustainability", "facilities", "customers"), (2,), 0.0),
)
_LEAN_STRENGTH = 5.0
_EXTRA_FORMATS = (0.4, 0.35, 0.25)
"""Shares of contents with one, two and three formats."""

_LEAD_IN_DAYS = 14
"""Contents exist before the first visit, as on any portal."""
_STORIES_PER_WEEKDAY = 20.0
"""Of 1,500 employees; grows with the third root of the company, like a comms team does."""
_WEEKEND_SHARE = 0.06
_OFFICE_UTC_HOURS = 9
"""The editors sit in Japan."""


FACTS = np.dtype(
    [
        ("published", np.int64),  # microseconds since 1970; records are in this order
        ("expires", np.int64),
        ("topics", np.float64, len(TOPICS)),  # shares, summing to 1
        ("appeal", np.float64),  # logits of opening for everybody
        ("ease", np.float64),  # logits of completing for everybody, by topic: the confounder
        ("owner", np.int64),  # department
        ("language", np.int64),  # the only language there is, −1 for all of them
        ("mandatory", np.int64),
        ("is_event", np.int64),
        ("in_campaign", np.int64),
        ("lead", np.int64),  # format the editors put first
        ("rendition", np.int64, (len(LANGUAGES), len(FORMATS_IN_USE))),  # index, −1 for none
        ("seconds", np.float64, len(FORMATS_IN_USE)),  # time it takes
        ("log_length", np.float64, len(FORMATS_IN_USE)),  # log of seconds over the usual time
    ]
)
"""What decides how a content is shown and answered: one record per content index."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Facts beside what only the tables need; arrays of shape (n,)."""

    facts: Records
    main_topic: IntArray
    second_topic: IntArray
    """Equal to ``main_topic`` for one-topic contents."""
    author: IntArray
    speaker: IntArray
    """Employee index, −1 for none."""
    kind: IntArray
    campaign: IntArray
    """Index of the campaign, −1 for none."""


def publish(
    scenario: Scenario,
    organisation: Organisation,
    campaigns: IntArray,
    rng: np.random.Generator,
) -> Catalogue:
    """Draw every content of the run and its hidden appeal.

    ``campaigns`` has shape (campaigns, 3): topic, start and end in microseconds; a content about
    the topic within the time belongs to the campaign.
    """
    world = scenario.world
    published = _draw_times(scenario, rng)
    n = len(published)
    author, knack = _draw_voices(organisation, max(5, scenario.employees // 20), n, world, rng)
    speaker, charm = _draw_voices(organisation, max(3, scenario.employees // 60), n, world, rng)
    speaks = rng.random(n) < 0.3
    main, second = _draw_topics(organisation.departments[author, 0], rng)
    kind = rng.choice(len(CONTENT_KINDS), n, p=_KIND_SHARES)
    mandatory = (kind == CONTENT_KINDS.index("notice")) & (rng.random(n) < 0.12)
    appeal = world.appeal * rng.standard_normal(n) + knack + charm * speaks
    available, lead = _draw_formats(main, rng)
    local = (rng.random(n) < world.local_share) & ~mandatory
    language = np.where(local, organisation.language[author], -1)
    log_length = 0.35 * rng.standard_normal((n, len(FORMATS_IN_USE)))
    campaign = _assign_campaigns(main, published, campaigns)
    facts = np.zeros(n, FACTS)
    facts["published"] = published
    facts["expires"] = published + _lifetime(kind)
    facts["topics"] = _mix(main, second)
    facts["appeal"] = appeal
    facts["ease"] = _lean_of_topics()[1][main]
    facts["owner"] = organisation.departments[author, 0]
    facts["language"] = language
    facts["mandatory"] = mandatory
    facts["is_event"] = kind == CONTENT_KINDS.index("event")
    facts["in_campaign"] = campaign >= 0
    facts["lead"] = lead
    facts["rendition"] = _number_renditions(available, language)
    facts["seconds"] = USUAL_SECONDS * np.exp(log_length)
    facts["log_length"] = log_length
    return Catalogue(facts, main, second, author, np.where(speaks, speaker, -1), kind, campaign)


def _draw_times(scenario: Scenario, rng: np.random.Generator) -> IntArray:
    """Return sorted publication times: office hours, mostly mornings, few on weekends."""
    days = np.arange(-_LEAD_IN_DAYS, scenario.days)
    weekend = (scenario.start.weekday() + days) % 7 >= 5
    volume = _STORIES_PER_WEEKDAY * (scenario.employees / 1500) ** (1 / 3)
    counts = rng.poisson(np.where(weekend, _WEEKEND_SHARE, 1.0) * volume)
    day = np.repeat(days, counts)
    hours = 8.5 + 9.5 * rng.beta(1.2, 1.8, len(day)) - _OFFICE_UTC_HOURS
    start = to_micros(scenario.start) // DAY_US * DAY_US
    seconds = np.floor(hours * 3600).astype(np.int64)
    return np.asarray(np.sort(start + day * DAY_US + seconds * (HOUR_US // 3600)))


def _draw_voices(
    organisation: Organisation, size: int, n: int, world: World, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Return n voices from a pool of ``size`` employees, few of them frequent, and their knack."""
    pool = rng.choice(len(organisation.team), size, replace=False)
    weight = 1.0 / np.arange(1, size + 1) ** 0.7
    chosen = rng.choice(size, n, p=weight / weight.sum())
    knack = world.author_appeal * rng.standard_normal(size)
    return pool[chosen], knack[chosen]


def _draw_topics(department: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return main and second topics: authors write mostly about their department's work."""
    n = len(department)
    home = np.array([[TOPICS.index(t) for t in d.home] for d in DEPARTMENTS])
    at_home = home[department, rng.integers(0, home.shape[1], n)]
    anywhere = rng.integers(0, len(TOPICS), n)
    main = np.where(rng.random(n) < 0.5, at_home, anywhere)
    second = np.where(rng.random(n) < 0.35, rng.integers(0, len(TOPICS), n), main)
    return main, second


def _mix(main: IntArray, second: IntArray) -> FloatArray:
    mix = np.zeros((len(main), len(TOPICS)))
    rows = np.arange(len(main))
    np.add.at(mix, (rows, main), 0.7)
    np.add.at(mix, (rows, second), 0.3)
    return mix


def _lean_of_topics() -> tuple[FloatArray, FloatArray]:
    """Return (topics, formats) weights of lead formats and (topics,) ease of completing."""
    weights = np.tile(_FORMAT_SHARES, (len(TOPICS), 1))
    ease = np.zeros(len(TOPICS))
    for topics, formats, gain in _LEANS:
        rows = [TOPICS.index(topic) for topic in topics]
        weights[np.ix_(rows, formats)] *= _LEAN_STRENGTH
        ease[rows] = gain
    return weights, ease


def _draw_formats(
    main: IntArray, rng: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], IntArray]:
    """Return (n, formats) availability and (n,) lead formats.

    Gumbel noise on log weights makes an argmax a draw and a sort a draw without replacement.
    """
    n, formats = len(main), len(FORMATS_IN_USE)
    weights, _ = _lean_of_topics()
    lead = (np.log(weights[main]) + rng.gumbel(size=(n, formats))).argmax(axis=1)
    keys = np.log(_FORMAT_SHARES) + rng.gumbel(size=(n, formats))
    keys[np.arange(n), lead] = np.inf
    rank = (-keys).argsort(axis=1).argsort(axis=1)
    count = 1 + rng.choice(len(_EXTRA_FORMATS), n, p=_EXTRA_FORMATS)
    return rank < count[:, None], lead


def _number_renditions(available: npt.NDArray[np.bool_], language: IntArray) -> IntArray:
    """Return numbers of the renditions by content, language and format."""
    spoken = (language[:, None] < 0) | (language[:, None] == np.arange(len(LANGUAGES)))
    exists = spoken[:, :, None] & available[:, None, :]
    numbers = np.cumsum(exists).reshape(exists.shape) - 1
    return np.asarray(np.where(exists, numbers, -1))


def _lifetime(kind: IntArray) -> IntArray:
    """Return how long contents live: events 14 days, notices 30, the rest ten years."""
    days = np.full(len(CONTENT_KINDS), 3650)
    days[CONTENT_KINDS.index("event")] = 14
    days[CONTENT_KINDS.index("notice")] = 30
    return np.asarray(days[kind] * DAY_US)


def _assign_campaigns(topic: IntArray, published: IntArray, campaigns: IntArray) -> IntArray:
    campaign = np.full(len(topic), -1)
    for index, (about, start, end) in enumerate(campaigns):
        campaign[(topic == about) & (published >= start) & (published < end)] = index
    return campaign
