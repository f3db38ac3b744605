import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from recsys.logs import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_lines_are_key_value_pairs_of_the_wanted_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "text")
    structlog.get_logger().info("passed over")
    structlog.get_logger().warning("slow", ms=12.5)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "level=warning event=slow ms=12.5" in shown.err
    assert "passed over" not in shown.err


def test_a_line_is_one_json_object_unless_somebody_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logging("info")  # what pytest captures is no terminal
    structlog.get_logger().info("slow", ms=12.5, path=Path("x"), text="two\nlines")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info", "event": "slow", "ms": 12.5, "path": "x", "text": "two\nlines",
    }  # fmt: skip
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    configure_logging("info")
    structlog.get_logger().info("slow")
    assert "level=info event=slow" in capsys.readouterr().err
    configure_logging("info", "json")
    structlog.get_logger().info("slow")
    assert json.loads(capsys.readouterr().err)["event"] == "slow"


def test_a_failure_keeps_its_trace_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    try:
        int("why")
    except ValueError:
        structlog.get_logger().error("failed", exc_info=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert "invalid literal" in json.loads(line)["exception"]


def test_a_replaced_standard_error_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    configure_logging("info")
    first.close()
    second = io.StringIO()
    monkeypatch.setattr(sys, "stderr", second)
    structlog.get_logger().info("still here")
    assert "still here" in second.getvalue()
