"""Segments that a company defines itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from recsys.audience.named import NamedSegments, compile_rule, read_named_segments
from recsys.audience.rules import RuleError, read_rule
from recsys.errors import ConfigurationError, DatasetError


def test_names_may_be_made_of_each_other() -> None:
    named = NamedSegments(
        {
            "new": {"hire_month": {"gte": "2026-01"}},
            "new watchers": {"all": [{"segment": "new"}, {"segment": "watcher"}]},
        }
    )
    learned = {"new": False, "new watchers": True, "deep_reader": True}
    for name, expected in learned.items():
        assert named.is_learned(compile_rule({"segment": name}, named)) is expected


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"a": {"segment": "b"}, "b": {"not": {"segment": "a"}}}, "circle: a → b → a;"),
        ({"a": {"segment": "a"}}, "circle: a → a;"),
        (
            {"d": {}, "e": {"segment": "b"}}
            | {x: {"segment": y} for x, y in ("ab", "bc", "ca")},
            "circle: a → b → c → a;",
        ),
        ({"a": {"segment": "nothing"}}, "no segment 'nothing'; known: unmeasurable.*defined: a"),
        ({"watcher": {}}, "'watcher' is a learned one"),
        ({"a": {"eq": {"site": []}}}, "'a'.*eq.site.*expected one value"),
        ({"a": {"mode": "snapshot", "rule": {}}}, "'a' is a snapshot"),
        ({"": {}}, "cannot name a segment"),
        ({"x" * 101: {}}, "cannot name a segment"),
        ({f"s{i}": {"segment": f"s{i + 1}"} for i in range(900)} | {"s900": {}}, "more than 8"),
        ({f"s{i}": {} for i in range(1_001)}, "1,001 segments"),
    ],
)  # fmt: skip
def test_what_cannot_be_defined(rules: dict[str, Any], told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        NamedSegments(rules)


def test_a_rule_about_an_unknown_segment_lists_the_known_ones() -> None:
    read_rule({"segment": "time_poor"})
    with pytest.raises(
        RuleError, match=r"'time_poor'; known: .*time_poor_interested.*; defined: a"
    ):
        compile_rule({"segment": "time_poor"}, NamedSegments({"a": {}}))


def test_names_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "segments.json"
    path.write_text(json.dumps({"新人": {"hire_month": {"gte": "2026-01"}}}), encoding="utf-8")
    assert read_named_segments(path).names == ("新人",)
    assert read_named_segments(None).names == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "holds no object"),
        ('{"a": {}, "a": {}}', "'a' occurs twice"),
        ('{"watcher": {}}', "learned one"),
        ('{"a": 5}', "5 is not an object"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "segments.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told) as caught:
        read_named_segments(path)
    assert "RECSYS_SEGMENTS" in str(caught.value)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_named_segments(tmp_path / "nowhere.json")
