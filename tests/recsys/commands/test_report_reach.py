"""`recsys report reach` shows numbers of people only, for people and for machines."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from recsys import cli
from recsys.commands import report
from tests.recsys.conftest import Company

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("reach", "recsys.commands.report_reach:report_reach", "recsys.reports")
    monkeypatch.setattr(report, "entry_points", lambda **_: [point])
    monkeypatch.setattr(report, "report_app", report.build_reports())
    group = EntryPoint("report", "recsys.commands.report:report_app", "recsys.commands")
    monkeypatch.setattr(cli, "command_points", lambda: [group])


def test_reach_as_json(recsys: Run, company: Company) -> None:
    outcome = recsys("report", "reach", "--content", "c40", "--bundle", company.bundle, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    answer = outcome.answer()
    assert answer["content_id"] == "c40"
    assert answer["funnel"]["audience"] == 60
    assert answer["gains"]["reason"] is None
    assert answer["sentences"]


def test_people_read_tables_and_sentences(recsys: Run, company: Company) -> None:
    outcome = recsys(
        "report", "reach", "--content", "c40", "--language", "ja", "--bundle", company.bundle
    )
    assert outcome.exit_code == 0, outcome.stderr
    assert "Reach of c40" in outcome.stdout
    assert "60人" in outcome.stdout
    assert "e01" not in outcome.stdout


def test_an_unknown_content_or_language_is_named(recsys: Run, company: Company) -> None:
    unknown = recsys("report", "reach", "--content", "x", "--bundle", company.bundle)
    assert unknown.exit_code == 1
    assert "'x'" in unknown.stderr
    assert recsys("report", "reach", "--content", "c40", "--language", "fr").exit_code == 2
