"""From text to terms, in any mix of languages."""

import re
import unicodedata

__all__ = ["terms"]

_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9d"
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")
_MIN_WORD = 2


def terms(text: str) -> list[str]:
    """Return the terms of a text: words of two letters or more, and pairs of CJK characters.

    Japanese writes no spaces; overlapping character pairs are its customary substitute for words
    in retrieval (Ogawa & Matsuda 1997). Accents stay, case and width (ＡＢＣ, ｱｲｳ) are folded.
    """
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if not _IS_CJK.match(run):
            if len(run) >= _MIN_WORD:
                found.append(run)
        elif len(run) == 1:
            found.append(run)
        else:
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
    return found
