"""From text to words, in any mix of languages, without a dictionary."""

import re
import unicodedata

__all__ = ["JAPANESE", "MAX_CHARACTERS", "fold", "terms"]

MAX_CHARACTERS = 12_000
"""A long article; what follows says nothing new of its topic and would hold up publishing.

In UTF-8 that many characters also fit into one call of every analyser (Sudachi: 49,149 bytes).
"""

JAPANESE = (
    r"\u3005\u3006\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d"
    r"\U00020000-\U000323af"
)
"""Kana, Chinese characters and 々, as the inside of a character class."""
_HANGUL = r"\uac00-\ud7af"

_CJK = JAPANESE + _HANGUL
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")
_MIN_WORD = 2


def fold(text: str) -> str:
    """Return the beginning of a text with case and width (ＡＢＣ, ｱｲｳ) folded; accents stay.

    Folding accents as well changed nothing measurable on Portuguese titles (benchmarks/text.py).
    """
    return unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()[:MAX_CHARACTERS]


def terms(text: str) -> list[str]:
    """Return the words of a text: runs of two letters or more, and pairs of CJK characters.

    Japanese writes no spaces; overlapping character pairs are its customary substitute for words
    in retrieval where there is no dictionary (Ogawa & Matsuda 1997).
    """
    found: list[str] = []
    for run in _RUN.findall(fold(text)):
        if _IS_CJK.match(run):
            found.extend(_pairs(run))
        elif len(run) >= _MIN_WORD:
            found.append(run)
    return found


def _pairs(run: str) -> list[str]:
    """Return the overlapping character pairs of a run; a single character stands for itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]
