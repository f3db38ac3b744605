"""Texts of the catalogue, made fit for a mail."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from serving.newsletter.rendering.tidy import clamp, one_line, width

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(TEXTS, st.integers(4, 80))
@example("\u202egnp.exe", 40)
@example("👩\u200d👩\u200d👧" * 9, 7)
@example("か\u3099" * 50, 9)
def test_a_clamped_text_is_one_short_line_without_invisible_controls(text: str, n: int) -> None:
    short = clamp(text, n)
    assert width(short) <= n
    assert short == one_line(short)
    assert not any(unicodedata.category(c) == "Cc" for c in short)
    assert not set(short) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028")


@given(TEXTS, st.integers(4, 80))
def test_what_fits_stays_and_what_does_not_says_so(text: str, n: int) -> None:
    line, short = one_line(text), clamp(text, n)
    if width(line) <= n:
        assert short == line
    else:
        assert short.endswith("…")
        assert line.startswith(short[:-1])


def test_cuts_between_words_and_never_inside_a_character() -> None:
    assert clamp("The quick brown fox jumps", 18) == "The quick brown…"
    assert clamp("社長と外部有識者の対談", 11) == "社長と外部…"
    assert clamp("e\u0301e\u0301e\u0301e\u0301e\u0301", 4) == "e\u0301e\u0301e\u0301…"
    family = "👩\u200d👩\u200d👧"
    assert clamp(family + "👩👩", 8) == family + "…"
    assert clamp(family + "👩👩", 6) == "…"


def test_columns_are_those_of_a_fixed_font() -> None:
    assert width("abc") == 3
    assert width("漢字カナ") == 8
    assert width("e\u0301") == 1
