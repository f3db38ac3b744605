"""The published contents as canonical tables: what everybody may see of the catalogue."""

import numpy as np
import pandas as pd

from recsys.simulator.campaigns import CAMPAIGNS
from recsys.simulator.catalogue import CONTENT_KINDS, Catalogue
from recsys.simulator.config import FORMATS_IN_USE, LANGUAGES
from recsys.simulator.media import describe_media
from recsys.simulator.organisation import DEPARTMENTS
from recsys.simulator.phrases import TOPICS
from recsys.simulator.text import Story, write_story
from recsys.times import DAY_US

__all__ = ["content_ids", "describe_contents", "describe_renditions", "write_stories"]

_UNLABELLED_SHARE = 0.06
_MISLABELLED_SHARE = 0.06
"""Editors forget topics, or pick a wrong one."""
_WORDS_PER_SECOND = 240 / 60
_SPOKEN = np.array([f in ("video", "short_video", "audio") for f in FORMATS_IN_USE])
_FAR_AHEAD_US = 365 * DAY_US
"""An expiry later than this is none at all."""


def content_ids(catalogue: Catalogue) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """Return the external id of every content."""
    n = len(catalogue.author)
    return np.array([f"story-{i:06d}" for i in range(n)], dtype=object)


def write_stories(catalogue: Catalogue, rng: np.random.Generator) -> list[Story]:
    """Write the words of every content."""
    pairs = zip(catalogue.main_topic.tolist(), catalogue.second_topic.tolist(), strict=True)
    return [write_story(main, second, rng) for main, second in pairs]


def describe_contents(
    catalogue: Catalogue, stories: list[Story], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the ``contents`` table.

    A content that exists in every language carries none (DESIGN: blank is for everybody); its
    words are in the original language, which is Japanese two times out of three.
    """
    facts, n = catalogue.facts, len(stories)
    original = np.where(
        facts["language"] >= 0, facts["language"], (rng.random(n) < 1 / 3).astype(int)
    )
    ids = np.array(catalogue.author)
    published = pd.Series(pd.to_datetime(facts["published"], unit="us", utc=True))
    ends = (facts["expires"] - facts["published"]) < _FAR_AHEAD_US
    mandatory = facts["mandatory"].astype(bool)
    campaign_ids = np.array([c.campaign_id for c in CAMPAIGNS] + [None], dtype=object)
    languages = np.array([*LANGUAGES, None], dtype=object)
    return pd.DataFrame(
        {
            "content_id": content_ids(catalogue),
            "title": [s.titles[i] for s, i in zip(stories, original, strict=True)],
            "published_at": published,
            "status": "published",
            "summary": [s.summaries[i] for s, i in zip(stories, original, strict=True)],
            "body": [s.bodies[i] for s, i in zip(stories, original, strict=True)],
            "language": languages[facts["language"]],
            "topics": _label(catalogue, rng),
            "author_id": [f"sim-{i:06d}" for i in ids],
            "speakers": [f"sim-{i:06d}" if i >= 0 else None for i in catalogue.speaker],
            "owner_department": np.array([d.name for d in DEPARTMENTS])[facts["owner"]],
            "content_type": np.array(CONTENT_KINDS)[catalogue.kind],
            "style": rng.choice(["dialogue", "monologue", "data_led", "story", "comic"], n),
            "campaign_id": campaign_ids[catalogue.campaign],
            "expires_at": _instants(facts["expires"], ends),
            "mandatory": mandatory,
            "ack_required": mandatory,
            "ack_due_at": _instants(facts["published"] + 14 * DAY_US, mandatory),
            "est_minutes": (facts["seconds"][np.arange(n), facts["lead"]] / 60).round(1),
            "sensitive": (catalogue.main_topic == TOPICS.index("benefits"))
            & (rng.random(n) < 0.04),
        }
    )


def describe_renditions(catalogue: Catalogue, stories: list[Story]) -> pd.DataFrame:
    """Return the ``renditions`` table in the order of the indices in ``facts["rendition"]``."""
    facts = catalogue.facts
    content, language, form = np.nonzero(facts["rendition"] >= 0)
    ids = content_ids(catalogue)[content]
    seconds = facts["seconds"][content, form].round(1)
    spoken = _SPOKEN[form]
    names, codes = np.array(FORMATS_IN_USE)[form], np.array(LANGUAGES)[language]
    keys = [f"{i}-{f}-{c}" for i, f, c in zip(ids, names, codes, strict=True)]
    told = [stories[i] for i in content]
    topic = catalogue.main_topic[content]
    media = describe_media(content, topic, form, language, ids, keys, told)
    described = pd.DataFrame(
        {
            "rendition_id": keys,
            "content_id": ids,
            "format": names,
            "language": codes,
            "title": [story.titles[j] for story, j in zip(told, language, strict=True)],
            "duration_seconds": np.where(spoken, seconds, np.nan),
            "word_count": np.where(spoken, np.nan, seconds * _WORDS_PER_SECOND),
            "has_captions": spoken,
        }
    )
    return described.join(media)


def _label(catalogue: Catalogue, rng: np.random.Generator) -> list[str | None]:
    n = len(catalogue.main_topic)
    luck = rng.random(n)
    stray = rng.integers(0, len(TOPICS), n)
    wrong = luck > 1 - _MISLABELLED_SHARE
    first = np.where(wrong, stray, catalogue.main_topic)
    second = np.where(wrong, stray, catalogue.second_topic)
    return [
        None if blank else ";".join(dict.fromkeys((TOPICS[a], TOPICS[b])))
        for a, b, blank in zip(first, second, luck < _UNLABELLED_SHARE, strict=True)
    ]


def _instants(
    micros: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    known: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> "pd.Series[pd.Timestamp]":
    return pd.Series(pd.to_datetime(micros, unit="us", utc=True)).where(known)
