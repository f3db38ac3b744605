"""Named slate policies: recipes of rules to compare.

A new one goes into :data:`POLICIES` (fixed) or :data:`FAMILIES` (with a strength, for a curve);
``NAME@STRENGTH`` names a member of a family.
"""

from collections.abc import Callable
from dataclasses import replace

from recsys.errors import ConfigurationError
from recsys.slate.draft import SlateRule
from recsys.slate.recipe import DEFAULT_SLATE, SlateRecipe
from recsys.slate.rules.diversity import Diversity
from recsys.slate.rules.fatigue import Fatigue
from recsys.slate.rules.floors import OtherDepartment
from recsys.slate.rules.new_authors import NewAuthors

__all__ = ["FAMILIES", "POLICIES", "policy_named"]

PURE = SlateRecipe(())
"""The ranking as it is: no must-reads first, no breadth; only what was muted is left out."""


def scaled(strength: float) -> SlateRecipe:
    """Return the default policy with the strengths of all soft rules multiplied."""
    return SlateRecipe(tuple(_scaled(rule, strength) for rule in DEFAULT_SLATE.rules))


def _scaled(rule: SlateRule, strength: float) -> SlateRule:
    if isinstance(rule, Fatigue | Diversity | NewAuthors | OtherDepartment):
        return replace(rule, strength=rule.strength * strength)
    return rule


POLICIES: dict[str, SlateRecipe] = {
    "pure": PURE,
    "default": DEFAULT_SLATE,
    **{f"without_{rule.name}": DEFAULT_SLATE.without(rule.name) for rule in DEFAULT_SLATE.rules},
    **{f"only_{rule.name}": SlateRecipe((rule,)) for rule in DEFAULT_SLATE.rules},
}
FAMILIES: dict[str, Callable[[float], SlateRecipe]] = {
    "slate": scaled,
    "fatigue": lambda strength: DEFAULT_SLATE.with_rule(Fatigue(strength=strength)),
    "diversity": lambda strength: DEFAULT_SLATE.with_rule(Diversity(strength=strength)),
    "elsewhere": lambda strength: DEFAULT_SLATE.with_rule(OtherDepartment(strength=strength)),
    "new_authors": lambda strength: DEFAULT_SLATE.with_rule(NewAuthors(strength=strength)),
}


def policy_named(name: str) -> SlateRecipe:
    """Return a policy by its name, or one of a family as ``NAME@STRENGTH``."""
    family, at, strength = name.partition("@")
    if name in POLICIES:
        return POLICIES[name]
    if not at or family not in FAMILIES:
        known = [*POLICIES, *(f"{member}@STRENGTH" for member in FAMILIES)]
        raise ConfigurationError(f"there is no policy {name!r}; expected one of {known}")
    return FAMILIES[family](float(strength))
