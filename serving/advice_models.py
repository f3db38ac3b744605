"""Format advice over the wire."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from recsys.advice.advice import FormatAdvice, Reason, Verdict
from recsys.advice.cells import CELL_SIZE
from recsys.advice.wording import advice_sentences
from serving.texts import Language

__all__ = ["AdviceAnswer"]


class _Estimate(BaseModel):
    """An expected value with its central 90 % interval."""

    value: float
    low: float
    high: float


class _Headcount(BaseModel):
    """People of the audience, each number a multiple of ten."""

    people: int
    measured: int
    unmeasurable: int = Field(description="No device or no trace; not the same as uninterested.")
    opted_out: int


class _Outlook(BaseModel):
    """What one format would do."""

    format: str
    exists: bool
    rate: _Estimate = Field(description="Of those shown it at position 1, who take it in; 0..1.")
    completions: _Estimate = Field(description="People who take it in if it is the only format.")
    added: _Estimate | None = Field(description="What making it adds; null if it exists.")
    n_told: int = Field(description="Showings to this audience that tell about it.")


class _Choice(BaseModel):
    """One format against the next best; `randomise` where data do not tell which is better."""

    verdict: Verdict
    reason: Reason
    format: str | None
    runner_up: str | None
    ahead: _Estimate | None


_EXAMPLE: dict[str, Any] = {
    "content_id": "c-42", "topics": ["safety"], "is_suppressed": False, "smallest_group": 10,
    "headcount": {"people": 180, "measured": 150, "unmeasurable": 20, "opted_out": 10},
    "is_sample": False, "shown": {"value": 92, "low": 90, "high": 94},
    "completions": {"value": 21, "low": 15, "high": 28},
    "formats": [
        {"format": "short_video", "exists": False, "rate": {"value": 0.31, "low": 0.24,
         "high": 0.38}, "completions": {"value": 27, "low": 20, "high": 34},
         "added": {"value": 11, "low": 6, "high": 16}, "n_told": 840},
        {"format": "article", "exists": True, "rate": {"value": 0.24, "low": 0.18, "high": 0.31},
         "completions": {"value": 21, "low": 15, "high": 28}, "added": None, "n_told": 1260},
    ],
    "lead": {"verdict": "only", "reason": "only", "format": "article", "runner_up": None,
             "ahead": None},
    "produce": {"verdict": "clear", "reason": "clear", "format": "short_video", "runner_up": None,
                "ahead": {"value": 11, "low": 6, "high": 16}},
    "sentences": ["It exists as article only."],
}  # fmt: skip


class AdviceAnswer(BaseModel):
    """Format advice on one story for one audience; no figures at all where it is suppressed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    content_id: str | None
    topics: list[str]
    is_suppressed: bool
    smallest_group: int = Field(description="Audiences with fewer measurable people get nothing.")
    headcount: _Headcount | None
    is_sample: bool = Field(description="Scaled up from a random part of the audience.")
    shown: _Estimate | None = Field(description="People who see it, shown as new contents are.")
    completions: _Estimate | None = Field(
        description="People who take it in, each shown what suits best of what exists."
    )
    formats: list[_Outlook] = Field(description="The most completions first.")
    lead: _Choice | None = Field(description="Which existing format to lead with.")
    produce: _Choice | None = Field(description="Which missing format to make next.")
    sentences: list[str] = Field(description="The same in the language asked for.")

    @classmethod
    def of(cls, advice: FormatAdvice, language: Language) -> "AdviceAnswer":
        """Return advice with its sentences."""
        told = {
            "smallest_group": CELL_SIZE,
            "sentences": advice_sentences(advice, language),
        }
        return cls.model_validate(asdict(advice) | told)
