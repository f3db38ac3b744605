"""Which analyser cuts a text into words, and what besides the whole word is counted."""

from collections.abc import Callable
from typing import Literal

from recsys.errors import ModelError
from recsys.text import japanese
from recsys.text.tokens import terms

__all__ = ["Analyser", "Analysis", "analysis", "best_analyser", "parts"]

Analyser = Literal["sudachi", "pairs"]
"""``sudachi``: Japanese by dictionary; ``pairs``: by character pairs. Other languages are equal."""
Analysis = Callable[[str], list[str]]
"""From a text to its words, repeated as often as they occur."""

_GRAM = 4
_ANALYSES: dict[str, Analysis] = {"sudachi": japanese.words, "pairs": terms}


def best_analyser() -> Analyser:
    """Return the analyser a new model is fitted with: Sudachi where it is installed."""
    return "sudachi" if japanese.is_installed() else "pairs"


def analysis(analyser: str) -> Analysis:
    """Return the function of an analyser; :class:`ModelError` if it cannot run here."""
    if analyser not in _ANALYSES:
        raise ModelError(
            f"the model's texts were cut by {analyser!r}, this code knows {', '.join(_ANALYSES)}; "
            "use the version that trained it, or train again"
        )
    if analyser == "sudachi" and not japanese.is_installed():
        raise ModelError(
            "the model's texts were cut by Sudachi, which is not installed here, and other words "
            "would not be the ones it learned; install sudachipy and sudachidict_small, or train "
            "again"
        )
    return _ANALYSES[analyser]


def parts(word: str) -> list[str]:
    """Return what is counted for a word: itself and, of an alphabetic one, its 4-grams.

    Grams let inflections and compounds meet (robots, robotics; segurança, seguranças) without a
    stemmer per language; 3- to 5-grams are three times as many and no better (benchmarks/text.py).
    Marked by ``#``, which no word contains, and padded to tell where a word begins and ends.
    """
    if len(word) < _GRAM or word[0] >= "\u3000":  # CJK: a word has few characters, all matter
        return [word]
    padded = f"<{word}>"
    return [word, *(f"#{padded[i : i + _GRAM]}" for i in range(len(padded) - _GRAM + 1))]
