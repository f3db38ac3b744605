"""Words in the languages of the readers; code knows only keys."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import orjson

__all__ = ["LANGUAGES", "Language", "as_language", "texts"]

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def as_language(*tags: str | None) -> Language:
    """Return the first of ``tags`` that is spoken here (``ja-JP`` is ``ja``), else English."""
    for tag in tags:
        for language in LANGUAGES:
            if tag and tag.lower().replace("_", "-").split("-")[0] == language:
                return language
    return "en"


@cache
def texts(language: Language) -> Mapping[str, str]:
    """Return every text by key; keys are the same in all languages."""
    loaded: dict[str, dict[str, str]] = orjson.loads(
        files("serving").joinpath("texts.json").read_bytes()
    )
    return {key: in_languages[language] for key, in_languages in loaded.items()}
