"""What an analysis has to say: English in its results, any language on its pages."""

import re
from collections.abc import Mapping
from functools import cache

from experiments.texts import Language, texts

__all__ = ["say", "translated"]

_PREFIX = "analysis."
_FIELD = re.compile(r"\{(\w+)\}")


def say(key: str, **fields: object) -> str:
    """Return a sentence of the catalogue in English, the language of results (DESIGN §8).

    A field ``s`` makes a plural of the word before it.
    """
    return texts("en")[_PREFIX + key].format(**fields)


def translated(sentence: str, language: Language) -> str:
    """Return what :func:`say` said in another language; other sentences come back as they are.

    The sentence itself is read, for results are kept as files that hold nothing else.
    """
    if language == "en":
        return sentence
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            fields = _with_reason(found.groupdict(), language)
            return texts(language)[key].format(**fields)
    return sentence


def _with_reason(fields: Mapping[str, str], language: Language) -> dict[str, str]:
    """Translate the sentence within a sentence."""
    return {
        name: translated(value, language) if name == "reason" else value
        for name, value in fields.items()
    }


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Return for each sentence what it looks like with its fields filled in."""
    said = {key: text for key, text in texts("en").items() if key.startswith(_PREFIX)}
    return {key: re.compile(_pattern(text), re.DOTALL) for key, text in said.items()}


def _pattern(text: str) -> str:
    literal = True
    parts = []
    for part in _FIELD.split(text):  # text and fields in turn
        parts.append(re.escape(part) if literal else f"(?P<{part}>.*?)")
        literal = not literal
    return "".join(parts)
