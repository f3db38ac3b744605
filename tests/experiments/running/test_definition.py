"""Designs: read strictly, refused with a sentence, and the same text again."""

import json

import pytest

from experiments.running.definition import Guardrail, Variant, read_definition, write_definition
from experiments.running.metric import MetricSpec
from recsys.errors import ConfigurationError
from tests.experiments.running.conftest import design


def test_a_design_survives_being_written() -> None:
    own = MetricSpec("applied", "count", ("action",), reasons=("apply",))
    whole = design(
        unit="team", strata=("site",), metrics=(own,), secondary=("applied", "open_rate"),
        guardrails=(Guardrail("completions", 0.1),), looks=(0.5, 1.0), ramp=(0.5, 1.0),
        pilot_share=0.05, surfaces=("portal", "newsletter"),
        variants=(Variant("a", 0.5), Variant("b", 0.5, slate={"diversity": {"strength": 2.0}})),
    )  # fmt: skip
    assert read_definition(write_definition(whole)) == whole
    assert whole.steps == (0.05, 0.5, 1.0)
    assert whole.measured == ["opens", "applied", "open_rate", "completions"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"key": " "}, "it has no key"),
        ({"hypothesis": ""}, "it has no hypothesis"),
        ({"variants": (Variant("a", 1.0),)}, "two or more different names"),
        ({"variants": (Variant("a", 0.5), Variant("b", 0.4))}, "sum to 1"),
        ({"primary": "joy"}, "there is no metric 'joy'"),
        ({"looks": (1.0, 0.5)}, "increasing shares of the duration"),
        ({"looks": ()}, "expected 1 to 10"),
        ({"ramp": (0.5, 0.4)}, "increasing shares up to 1"),
        ({"pilot_share": 0.2, "ramp": (0.1, 1.0)}, "after a pilot of 0.2"),
        ({"layer": (0.5, 0.5)}, "expected a part of 0 to 1"),
        ({"minimum_days": 30.0}, "more than duration_days 14"),
        ({"guardrails": (Guardrail("opens", -1.0),)}, "0 or more"),
        ({"variants": (Variant("a", 0.5), Variant("b", 0.5, newsletter={"x": 1}))}, "changes x of"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(columns: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        design(**columns)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"unit": "floor"}, "unit"),
        ({"variants": [{"name": "a", "weight": "much"}]}, "variants.0.weight"),
        ({"metrics": [{"name": "m", "kind": "any", "events": ["smile"]}]}, "counts smile"),
    ],
)
def test_a_file_with_something_unknown_in_it_is_refused(
    change: dict[str, object], said: str
) -> None:
    document = json.dumps(json.loads(write_definition(design())) | change)
    with pytest.raises(ConfigurationError, match=said):
        read_definition(document)


def test_subjects_that_differ_expose_by_sending() -> None:
    same = design(surfaces=("newsletter",))
    differing = design(variants=(Variant("a", 0.5), Variant("b", 0.5, newsletter={"subject": "!"})))
    assert same.newsletter_begins_with == "newsletter_open"
    assert differing.newsletter_begins_with == "newsletter_sent"
