"""Words of the experiments in the languages of the readers; code knows only keys."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

__all__ = ["LANGUAGES", "Language", "texts"]

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def texts(language: Language) -> Mapping[str, str]:
    """Return every text by key; keys are the same in all languages."""
    loaded: dict[str, dict[str, str]] = json.loads(
        files("experiments").joinpath("texts.json").read_text(encoding="utf-8")
    )
    return {key: in_languages[language] for key, in_languages in loaded.items()}
