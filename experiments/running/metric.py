"""What is counted per person, declared: which events, of which contents, in which way."""

from dataclasses import dataclass
from typing import Any, Literal

from recsys.errors import ConfigurationError
from recsys.schema import EVENT_TYPES, INTERACTIONS

__all__ = ["BUILT_IN", "COMPLETED", "MetricSpec"]

COMPLETED = "completed"
"""No event type: any event that shows that a content was taken in to the end (DESIGN §5)."""

_Only = Literal["mandatory", "ack_required", "other_department", "new_author"]
_STRICT: dict[str, Any] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A number per person over the window of an experiment; who did nothing has 0.

    ``any`` is 1 for whoever has such an event, ``count`` counts events, ``contents`` the different
    contents, ``sum`` adds up ``field``. With ``per`` it is a ratio of sums over that other metric.
    """

    __pydantic_config__ = _STRICT

    name: str
    kind: Literal["any", "count", "contents", "sum"]
    events: tuple[str, ...]
    """Event types, or ``completed``."""
    field: Literal["dwell_seconds", "value"] | None = None
    only: tuple[_Only, ...] = ()
    """Of such contents; ``new_author``: whose author the person had never read before."""
    content_types: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    per: str | None = None
    since: Literal["exposure", "assignment"] = "exposure"
    """``assignment`` counts all who take part, also those who never saw the variant."""
    winsorise: float | None = None
    """Quantile at which values are capped, over all variants together."""
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        unknown = sorted(set(self.events) - {*EVENT_TYPES, COMPLETED})
        if not self.name or "/" in self.name or ":" in self.name:
            raise ConfigurationError(
                f"a metric is called {self.name!r}; expected a name without stroke and colon"
            )
        if unknown or not self.events:
            raise ConfigurationError(
                f"the metric {self.name} counts {', '.join(unknown) or 'no events'}; expected "
                f"{COMPLETED} or one of {', '.join(EVENT_TYPES)}"
            )
        if (self.kind == "sum") != (self.field is not None):
            raise ConfigurationError(
                f"the metric {self.name} is of the kind {self.kind} with the field {self.field}; a "
                "sum, and nothing else, adds up dwell_seconds or value"
            )


BUILT_IN: dict[str, MetricSpec] = {
    spec.name: spec
    for spec in (
        MetricSpec("reach", "any", INTERACTIONS, since="assignment"),
        MetricSpec("impressions", "contents", ("impression",)),
        MetricSpec("opens", "contents", ("open",)),
        MetricSpec("open_rate", "contents", ("open",), per="impressions"),
        MetricSpec("completions", "contents", (COMPLETED,)),
        MetricSpec("completion_rate", "contents", (COMPLETED,), per="opens"),
        # A tab left open over lunch is no reading.
        MetricSpec("dwell", "sum", ("read", "progress"), field="dwell_seconds", winsorise=0.99),
        MetricSpec("ack_shown", "contents", ("impression", "open"), only=("ack_required",)),
        MetricSpec("acknowledged", "contents", ("acknowledge",), only=("ack_required",)),
        MetricSpec("acknowledgement_rate", "contents", ("acknowledge",), only=("ack_required",),
                   per="ack_shown"),
        MetricSpec("new_face_reach", "contents", INTERACTIONS, only=("new_author",)),
        MetricSpec("other_department_opens", "contents", ("open",), only=("other_department",)),
        MetricSpec("cross_department_share", "contents", ("open",), only=("other_department",),
                   per="opens"),
        MetricSpec("newsletter_clicks", "count", ("newsletter_click",)),
        MetricSpec("newsletter_open", "any", ("newsletter_open",)),
        MetricSpec("unsubscribed", "any", ("unsubscribe",), higher_is_better=False),
        MetricSpec("dismissals", "count", ("dismiss",), higher_is_better=False),
        MetricSpec("actions", "count", ("action",)),
    )
}  # fmt: skip
"""Metrics that every experiment may name."""
