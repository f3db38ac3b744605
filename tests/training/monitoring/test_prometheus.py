"""What is written for Prometheus, read by its own parser."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.metrics import Metrics
from tests.training.monitoring.companies import END, log, sources
from training.monitoring.causes import CODES
from training.monitoring.prometheus import METRICS, write_metrics
from training.monitoring.report import Report, monitor

RULES = Path(__file__).parents[3] / "docs" / "recsys.rules.yml"


@pytest.fixture(scope="module")
def report() -> Report:
    return monitor(sources(log(60)))


def samples(path: Path) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_figure_is_a_sample_with_its_range(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "recsys.prom"
    write_metrics(report, path)
    found = samples(path)
    for figure in report.figures:
        assert figure.name in METRICS
        assert tuple(figure.labels) == METRICS[figure.name][1]
        labels = frozenset(figure.labels.items())
        ends = {"": figure.value, "_expected_low": figure.low, "_expected_high": figure.high}
        for suffix, value in ends.items():
            name = f"recsys_report_{figure.name}{suffix}"
            assert found.get((name, labels)) == (None if value is None else pytest.approx(value))
    codes = {("recsys_report_alert", frozenset({("code", code)})) for code in CODES}
    assert codes <= found.keys()
    assert found["recsys_report_timestamp_seconds", frozenset()] == END.timestamp()
    assert [p.name for p in tmp_path.iterdir()] == ["recsys.prom"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recsys.prom"
    path.write_text("old", encoding="utf-8")

    def fail(*_: object) -> bytes:
        raise OSError("the disk is full")

    monkeypatch.setattr("prometheus_client.exposition.generate_latest", fail)
    with pytest.raises(OSError, match="full"):
        write_metrics(report, path)
    assert path.read_text(encoding="utf-8") == "old"


def test_the_sample_rules_name_metrics_that_exist() -> None:
    text = RULES.read_text(encoding="utf-8")
    named = set(re.findall(r"\brecsys_\w+", " ".join(re.findall(r"expr: (.*)", text))))
    report = {f"recsys_report_{name}{end}" for name in METRICS for end in ("", "_expected_high")}
    report |= {"recsys_report_alert", "recsys_report_timestamp_seconds"}
    served = set(re.findall(r"# HELP (recsys_\w+)", Metrics().text().decode()))
    assert named
    assert named <= report | served
