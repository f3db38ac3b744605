"""What people read on: families of the free text in which clients name their device."""

import re
from functools import lru_cache

__all__ = ["DEVICES", "ON_MOBILE", "UNKNOWN_DEVICE", "device_code"]

DEVICES: tuple[str, ...] = ("desktop", "mobile", "tablet", "other")
"""Device families; their places are the codes that states and bundles hold."""

ON_MOBILE = (DEVICES.index("mobile"), DEVICES.index("tablet"))
"""Codes of what is held in the hand."""

UNKNOWN_DEVICE = -1
"""The code where nothing was said."""

_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("tablet", re.compile(r"tablet|ipad|kindle|タブレット")),
    ("mobile", re.compile(r"mobi|phone|android|\b(app|ios|sp)\b|スマホ|スマートフォン|携帯")),
    (
        "desktop",
        re.compile(
            r"desktop|laptop|computer|notebook|windows|macintosh|linux|\bcros\b|chromebook|"
            r"\b(pc|mac|macos|web|browser)\b|パソコン|デスクトップ"
        ),
    ),
)
"""Families by what gives them away. The first that fits counts: a tablet's browser calls itself
mobile, and a phone's names the desktop system it descends from."""


@lru_cache(maxsize=4096)  # free text: few spellings in one company, any number from an attacker
def device_code(text: str) -> int:
    """Return the place in ``DEVICES`` of a device's name or its browser's, in any case.

    ``pc``, ``Mobile Safari`` and whole user agents are known; other text is ``other``, blank text
    ``UNKNOWN_DEVICE``.

    Examples
    --------
    >>> [DEVICES[device_code(text)] for text in ("PC", "Mobile Safari", "iPad", "kiosk")]
    ['desktop', 'mobile', 'tablet', 'other']
    """
    lowered = text.strip().lower()
    if not lowered:
        return UNKNOWN_DEVICE
    families = (family for family, sign in _SIGNS if sign.search(lowered))
    return DEVICES.index(next(families, "other"))
