"""What a check of the data has to say, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["DAY", "WEEK", "Effect", "Finding", "Span", "as_json", "stopping"]

Effect = Literal["stop", "degrade", "inform"]
"""Nothing is fit; training goes on and the sentence is kept; it is only said."""

Span = Literal["the last 24 hours", "the last 7 days"]
DAY: Span = "the last 24 hours"
WEEK: Span = "the last 7 days"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. The three texts have no full stop and name nobody."""

    check: str
    effect: Effect
    cause: str
    expected: str
    advice: str

    @property
    def sentence(self) -> str:
        """Return cause, what was expected and what to do in one sentence without full stop."""
        return f"{self.cause}; expected {self.expected}; {self.advice}"


def stopping(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings after which nothing may be fit."""
    return [finding for finding in findings if finding.effect == "stop"]


def as_json(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return the findings as a run's files and ``--json`` hold them."""
    return [
        {"check": finding.check, "effect": finding.effect, "sentence": finding.sentence}
        for finding in findings
    ]
