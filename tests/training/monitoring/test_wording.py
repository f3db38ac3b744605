"""Every alert has its words in both languages."""

import json
import re
from importlib.resources import files

import pytest

from recsys.schema import EVENT_TYPES, FORMATS, SURFACES
from training.monitoring.causes import CAUSES, CODES
from training.monitoring.wording import LANGUAGES, texts

TEXTS: dict[str, dict[str, str]] = json.loads(
    files("training.monitoring").joinpath("texts.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_words_for_everything(language: str) -> None:
    words = texts(language)
    needed = [f"alert.{code}" for code in CODES]
    needed += [f"{part}.{cause}" for cause in CAUSES for part in ("cause", "do")]
    needed += [f"event.{name}" for name in EVENT_TYPES]
    needed += [f"surface.{name}" for name in (*SURFACES, "unknown")]
    needed += [f"format.{name}" for name in FORMATS]
    assert [key for key in needed if not words.get(key)] == []


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_the_same_facts(key: str) -> None:
    assert set(TEXTS[key]) == set(LANGUAGES)
    facts = [set(re.findall(r"{(\w+)}", TEXTS[key][language])) for language in LANGUAGES]
    # The moment begins with another part in each; units and the like may be left unsaid.
    assert facts[0] <= facts[1] | {"surface", "event_type", "format"} or key == "moment"
    assert facts[1] <= facts[0] | {"surface", "event_type", "format"} or key == "moment"
