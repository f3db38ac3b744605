"""Texts of the catalogue, made fit for a mail: one line, visible characters, a bounded length."""

import re
import unicodedata
from functools import lru_cache

__all__ = ["clamp", "one_line", "width"]

_UNWANTED = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u2028\u2029"  # control characters and line ends
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates of the writing direction
    "\ufff9-\ufffb\ufeff]"
)
"""A title with an override would turn round what follows it, the address of a link included."""

_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_ELLIPSIS = "…"


def one_line(text: str | None) -> str:
    """Return a text as one line without invisible control characters; empty for None."""
    return " ".join(_UNWANTED.sub(" ", text or "").split())


def width(text: str) -> int:
    """Return how many columns a text takes; a kanji or kana takes two, a combining mark none."""
    return sum(map(_columns, text))


@lru_cache(maxsize=16_384)  # the texts of an issue's stories come again in every mail
def clamp(text: str, columns: int) -> str:
    """Return a tidy text of at most ``columns`` columns; what is cut off leaves an ellipsis.

    Cuts between words where one ends in the last third, and never inside a joined emoji or between
    a letter and its marks.
    """
    text = one_line(text)
    if width(text) <= columns:
        return text
    left, end = columns - 1, 0  # the ellipsis takes one
    for end, character in enumerate(text):  # noqa: B007  (where the loop ended is the answer)
        left -= _columns(character)
        if left < 0:
            break
    while end > 0 and (_columns(text[end]) == 0 or text[end - 1] in _JOINERS):
        end -= 1
    word_end = text.rfind(" ", 0, end + 1)
    if word_end > 2 * end // 3:
        end = word_end
    return text[:end].rstrip(" 、。,.;:・") + _ELLIPSIS


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character) or character in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
