"""`recsys report audience` over a saved engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.audience.rules import RuleError
from recsys.commands.report_audience import report_audience
from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.recsys.conftest import Company


def _run(company: Company, *arguments: str) -> str:
    app = typer.Typer()
    app.command()(report_audience)
    given = ["--bundle", str(company.bundle), *arguments]
    done = CliRunner().invoke(app, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def _answer(company: Company, *arguments: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_run(company, "--json", *arguments))
    return loaded


def test_sizes_as_json(company: Company) -> None:
    found = _answer(company, "--rule", '{"not": {"department": "research"}}', "--by", "department")
    assert found["people"] == 40
    assert found["groups"] == [
        {"value": "plant", "people": 20}, {"value": "sales", "people": 20},
    ]  # fmt: skip
    assert (found["suppressed_below"], found["warnings"], found["message"]) == (10, [], None)


def test_sizes_for_people(company: Company) -> None:
    shown = _run(company, "--rule", '{"department": ["sales", "slaes"]}', "--by", "department")
    assert "Audience at" in shown
    assert "By department" in shown
    assert "check: fewer than 10 employees, maybe none, have department 'slaes'" in shown
    few = _run(company, "--rule", '{"team_id": "nobody"}')
    assert "fewer than 10 people are meant, maybe nobody" in few


def test_segments_of_the_companys_own_come_from_the_setting(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "segments.json"
    path.write_text('{"makers": {"department": ["plant", "research"]}}', encoding="utf-8")
    monkeypatch.setenv("RECSYS_SEGMENTS", str(path))
    assert _answer(company, "--rule", '{"segment": "makers"}')["people"] == 40
    path.write_text('{"a": {"segment": "b"}, "b": {"segment": "a"}}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="a → b → a"):
        _answer(company, "--rule", "{}")


def test_a_wrong_rule_is_an_error_that_says_where(company: Company) -> None:
    with pytest.raises(RuleError, match="at 'has_pc': has_pc cannot be 'yes'; expected true or"):
        _run(company, "--rule", '{"has_pc": "yes"}')
