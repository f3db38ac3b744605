"""What clients call their devices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.devices import DEVICES, UNKNOWN_DEVICE, device_code

_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
_PAD = "Mozilla/5.0 (iPad; CPU OS 13_3 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/120 Safari/537.36"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36"


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("desktop", "desktop"), ("pc", "desktop"), (" PC ", "desktop"), ("Laptop", "desktop"),
        ("web", "desktop"), ("macOS", "desktop"), ("パソコン", "desktop"), (_MAC, "desktop"),
        (_WINDOWS, "desktop"), ("mobile", "mobile"), ("Mobile Safari", "mobile"),
        ("smartphone", "mobile"), ("app", "mobile"), ("スマホ", "mobile"), (_PHONE, "mobile"),
        ("Windows Phone", "mobile"), ("tablet", "tablet"), ("Android tablet", "tablet"),
        (_PAD, "tablet"), ("kiosk", "other"), ("signage", "other"), ("apparatus", "other"),
    ],
)  # fmt: skip
def test_families(text: str, family: str) -> None:
    assert DEVICES[device_code(text)] == family


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_blank_text_says_nothing(blank: str) -> None:
    assert device_code(blank) == UNKNOWN_DEVICE


@given(st.text())
def test_any_text_has_a_family_whatever_its_case(text: str) -> None:
    assert UNKNOWN_DEVICE <= device_code(text) < len(DEVICES)
    if text.isascii():
        assert device_code(text.upper()) == device_code(text)
