import io
import sys
from collections.abc import Iterator

import pytest
import structlog

from recsys.logs import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_lines_are_key_value_pairs_of_the_wanted_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning")
    structlog.get_logger().info("passed over")
    structlog.get_logger().warning("slow", ms=12.5)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "level=warning event=slow ms=12.5" in shown.err
    assert "passed over" not in shown.err


def test_a_replaced_standard_error_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure_logging("info")
    first.close()
    second = io.StringIO()
    monkeypatch.setattr(sys, "stderr", second)
    structlog.get_logger().info("still here")
    assert "still here" in second.getvalue()
