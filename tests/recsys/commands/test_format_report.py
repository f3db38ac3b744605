"""`recsys report formats` over a saved engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from recsys.commands.format_report import report_formats
from recsys.errors import DatasetError

if TYPE_CHECKING:
    from tests.recsys.conftest import Company


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(report_formats)
    return made


def answer(app: typer.Typer, *arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["--json", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def test_what_is_missed_most_and_what_departments_tell(app: typer.Typer, company: Company) -> None:
    found = answer(app, "--bundle", company.bundle, "-n", 2)
    assert set(found) == {"at", "most_missed", "taste_shares", "sentences"}
    assert len(found["most_missed"]) <= 2
    assert found["sentences"][-1].endswith("Attributes are not persons.")
    assert 0 <= found["taste_shares"]["together_by_model"] <= 1


def test_advice_on_one_content(app: typer.Typer, company: Company) -> None:
    arguments = ("--bundle", company.bundle, "--content", "c10", "--language", "ja")
    found = answer(app, *arguments)
    assert found["content_id"] == "c10"
    assert "対象者はおよそ60人" in "".join(found["sentences"])
    small = answer(app, *arguments, "--audience", '{"team_id": "nobody"}')
    assert small["is_suppressed"] is True
    assert small["formats"] == []


def test_for_people_it_is_a_table_and_sentences(app: typer.Typer, company: Company) -> None:
    shown = CliRunner().invoke(app, ["--bundle", str(company.bundle)], catch_exceptions=False)
    assert "Formats missed most" in shown.stdout
    one = ["--bundle", str(company.bundle), "--content", "c10"]
    assert "The audience is about 60" in CliRunner().invoke(app, one).stdout


def test_an_unknown_content_is_an_error(app: typer.Typer, company: Company) -> None:
    with pytest.raises(DatasetError, match="no content 'nothing'"):
        CliRunner().invoke(
            app, ["--bundle", str(company.bundle), "--content", "nothing"], catch_exceptions=False
        )
