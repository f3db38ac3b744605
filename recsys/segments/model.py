"""What is learned about segments, as files: no employee in it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.segments.axes import AXES, Float
from recsys.segments.expectation import Expectation
from recsys.segments.groups import GROUPS
from recsys.segments.profile import Profiles, Yardstick
from recsys.segments.rules import Condition, Rule, assign

__all__ = ["LEAST_SHOWINGS", "SegmentModel"]

LEAST_SHOWINGS = 20.0
"""Showings, weighted by age, until something is said of a person's habits. Where one showing in
ten is opened that is two openings: own showings begin to count beside what is usual."""

_ARRAYS, _RULES = "segments.npz", "segments.json"


@dataclass(frozen=True, slots=True)
class SegmentModel:
    """What employees are measured against, and the rules that put them into groups."""

    yardstick: Yardstick
    means: Float
    """(n_groups, N_AXES): where the groups are; a refit starts from here."""
    rules: tuple[Rule, ...]
    """In order; the first that fits counts."""

    def groups(self, profiles: Profiles) -> npt.NDArray[np.int8]:
        """Return int8 places in ``GROUPS``, shape (n,), whatever is known of the people."""
        return assign(profiles.mean, self.rules)

    def write(self, directory: Path) -> None:
        """Write the model's files into an existing directory; equal models give equal files."""
        expectation = self.yardstick.expectation
        np.savez(
            directory / _ARRAYS, coefficients=expectation.coefficients,
            centre=self.yardstick.centre, precision=self.yardstick.precision, means=self.means,
        )  # fmt: skip
        about = {
            "deep_logit": expectation.deep_logit,
            "log_length_mean": expectation.log_length_mean,
            "log_length_spread": expectation.log_length_spread,
            "rules": [
                {
                    "group": GROUPS[rule.group],
                    "conditions": [asdict(c) | {"axis": AXES[c.axis]} for c in rule.conditions],
                }
                for rule in self.rules
            ],
        }
        (directory / _RULES).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> "SegmentModel | None":
        """Read what :meth:`write` wrote; None if there is nothing."""
        if not (directory / _RULES).exists():
            return None
        about = json.loads((directory / _RULES).read_text(encoding="utf-8"))
        with np.load(directory / _ARRAYS, allow_pickle=False) as arrays:
            expectation = Expectation(
                arrays["coefficients"], about["deep_logit"], about["log_length_mean"],
                about["log_length_spread"],
            )  # fmt: skip
            yardstick = Yardstick(expectation, arrays["centre"], arrays["precision"])
            means = arrays["means"]
        return cls(yardstick, means, tuple(_rule(rule) for rule in about["rules"]))


def _rule(told: dict[str, Any]) -> Rule:
    conditions = (Condition(AXES.index(c["axis"]), c["side"], c["cut"]) for c in told["conditions"])
    return Rule(GROUPS.index(told["group"]), tuple(conditions))
