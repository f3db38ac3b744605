"""Named slate policies: each sets up an engine and says how a page is asked for.

A new one goes into :data:`POLICIES` (fixed) or :data:`FAMILIES` (with a strength, for a curve);
``NAME@STRENGTH`` names a member of a family.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from recsys.answers import FeedRequest, Ranked, RenditionChoice, Slate, SlateItem
from recsys.engine import Engine
from recsys.errors import ConfigurationError
from recsys.simulator.page import PageView
from recsys.slate.wishes import wanted

__all__ = ["FAMILIES", "POLICIES", "EngineServer", "Feed", "Policy", "policy_named"]

Feed: TypeAlias = Callable[[FeedRequest], Slate]
Policy: TypeAlias = Callable[[Engine], Feed]

_DEPTH = 60
"""Ranked contents a rule may choose from: five pages."""


def pure(engine: Engine) -> Feed:
    """Show the ranking as it is: no must-reads first, no breadth; only what was muted is left out.

    Renditions are the engine's own choice, as in every other policy.
    """
    return lambda request: _page(engine, request, _ranked(engine, request, request.limit))


def current(engine: Engine) -> Feed:
    """Show the engine's feed with its own settings."""
    return engine.feed


def probe(engine: Engine, strength: float) -> Feed:
    """Re-rank by two plain rules; a peer that says what is possible at which cost.

    The logarithm of the rank gets ``strength`` times a penalty for every look this person has
    already had a chance to take at the content (the sum of position ** −0.55 so far), and is
    lowered by half the strength where another department owns it. Strength 0 is ``pure``.
    """
    memory = _Shown()
    contents = engine.state.catalogue.frames()["contents"].set_index("content_id")
    owners = contents["owner_department"].to_dict()

    def feed(request: FeedRequest) -> Slate:
        ranked = _ranked(engine, request, _DEPTH)
        own = _departments(engine, request)
        cost = [
            math.log(rank)
            + strength * memory.of(request.employee_id, content.content_id)
            - 0.5 * strength * (owners[content.content_id] not in own)
            for rank, content in enumerate(ranked, start=1)
        ]
        chosen = [ranked[i] for i in np.argsort(cost, kind="stable")[: request.limit]]
        memory.add(request.employee_id, chosen)
        return _page(engine, request, chosen)

    return feed


POLICIES: dict[str, Policy] = {"pure": pure, "current": current}
FAMILIES: dict[str, Callable[[Engine, float], Feed]] = {"probe": probe}


def policy_named(name: str) -> Policy:
    """Return a policy by its name, or one of a family as ``NAME@STRENGTH``."""
    family, at, strength = name.partition("@")
    if name in POLICIES:
        return POLICIES[name]
    if not at or family not in FAMILIES:
        known = [*POLICIES, *(f"{member}@STRENGTH" for member in FAMILIES)]
        raise ConfigurationError(f"there is no policy {name!r}; expected one of {known}")
    return lambda engine: FAMILIES[family](engine, float(strength))


class EngineServer:
    """Lets an engine serve a living company; a :class:`recsys.simulator.living.Server`."""

    def __init__(self, engine: Engine, policy: Policy) -> None:
        self._engine = engine
        self._feed = policy(engine)

    def show(self, view: PageView) -> Slate:
        """Return the page of the policy."""
        return self._feed(
            FeedRequest(
                view.employee_id, view.at, view.slots, view.surface, view.device,
                request_id=view.request_id,
            )
        )  # fmt: skip

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        """Tell the engine; it must be able to use everything."""
        report = self._engine.observe(events)
        assert report.rejected == 0, report.rejects


@dataclass(slots=True)
class _Shown:
    """Chances to look that a person had at a content."""

    chances: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    def of(self, employee_id: str, content_id: str) -> float:
        return self.chances[employee_id, content_id]

    def add(self, employee_id: str, page: Sequence[Ranked]) -> None:
        for position, item in enumerate(page, start=1):
            self.chances[employee_id, item.content_id] += position**-0.55


def _ranked(engine: Engine, request: FeedRequest, k: int) -> list[Ranked]:
    """Return the best k contents that the employee has not asked to be spared."""
    catalogue = engine.state.catalogue
    for depth in (2 * k, None):  # muted ones are few; all are ranked only where they are many
        ranked = engine.rank(request.employee_id, request.at, depth)
        employee = catalogue.employees.ids.index(request.employee_id)
        index = [catalogue.contents.ids.index(item.content_id) for item in ranked]
        keep = wanted(
            catalogue.contents, np.array(index, np.int32), catalogue.preferences.of(employee)
        )
        if keep.sum() >= k:
            break
    return [item for item, kept in zip(ranked, keep, strict=True) if kept][:k]


def _departments(engine: Engine, request: FeedRequest) -> set[str]:
    catalogue = engine.state.catalogue
    employee = catalogue.employees.ids.index(request.employee_id)
    version = catalogue.employees.version_at(employee, engine.state.clock)
    attributes = catalogue.employees.attributes(version)
    return set(attributes.get("departments", attributes.get("department", "")).split(";"))


def _page(engine: Engine, request: FeedRequest, chosen: Sequence[Ranked]) -> Slate:
    choices = [_rendition(engine, request, item.content_id) for item in chosen]
    items = tuple(
        SlateItem(
            item.content_id, choice.rendition_id, choice.format, position, item.score, "personal",
            1.0, choice.propensity,
        )
        for position, (item, choice) in enumerate(zip(chosen, choices, strict=True), start=1)
    )  # fmt: skip
    return Slate(request.request_id or "", engine.model.version, "benchmark", None, items)


def _rendition(engine: Engine, request: FeedRequest, content_id: str) -> RenditionChoice:
    return engine.rendition(
        request.employee_id, content_id, request.at, request.request_id, request.device,
        request.surface,
    )  # fmt: skip
