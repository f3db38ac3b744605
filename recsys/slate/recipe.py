"""A slate policy: which rules, in which order, how strong. In code or as a TOML file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from math import inf, isfinite, nan
from pathlib import Path

from recsys.errors import ConfigurationError
from recsys.slate.draft import SlateRule
from recsys.slate.format_mix import FormatMix
from recsys.slate.rules.boosts import Boosts
from recsys.slate.rules.caps import Caps
from recsys.slate.rules.dismissed import Dismissed
from recsys.slate.rules.diversity import Diversity
from recsys.slate.rules.exploration import MOST_IN_POOL, Explore, PlackettLuce
from recsys.slate.rules.fatigue import Fatigue
from recsys.slate.rules.floors import Fresh, OtherDepartment
from recsys.slate.rules.mandatory import Mandatory
from recsys.slate.rules.new_authors import NewAuthors
from recsys.slate.rules.newcomers import Newcomers
from recsys.slate.rules.pins import Pins
from recsys.slate.rules.sent_mix import SentMix

__all__ = ["DEFAULT_SLATE", "RULES", "SlateRecipe", "changed_recipe", "read_slate_recipe"]

_CODE_VERSION = "4"
"""Changes whenever the same recipe would give another slate."""

RULES: Mapping[str, type[SlateRule]] = {
    rule.name: rule
    for rule in (
        Mandatory, Pins, Boosts, Fatigue, Dismissed, NewAuthors, Newcomers, OtherDepartment, Fresh,
        Caps, Diversity, SentMix, Explore, PlackettLuce,
    )
}  # fmt: skip
"""All rules by name."""


_DIVISORS = ("every", "window", "turn", "temperature", "days", "half_life_days", "hours", "pool")
"""Settings that must not be 0: something is divided or counted by them."""
_LEAST = 1e-3
_RANGES: dict[str, tuple[float, float]] = {
    "dismissed.strength": (0.0, 1.0), "explore.pool": (1.0, float(MOST_IN_POOL)),
    "plackett_luce.pool": (1.0, float(MOST_IN_POOL)), "explore.floor": (0.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SlateRecipe:
    """The rules of a slate policy in the order in which they are applied."""

    rules: tuple[SlateRule, ...]

    @property
    def version(self) -> str:
        """Return a name that two policies share only if they give the same slates."""
        digest = blake2b(repr(self.rules).encode(), digest_size=4).hexdigest()
        return f"{_CODE_VERSION}-{digest}"

    def with_rule(self, rule: SlateRule) -> "SlateRecipe":
        """Return the recipe with ``rule`` in the place of the one of its name, else at the end."""
        if any(r.name == rule.name for r in self.rules):
            return SlateRecipe(tuple(rule if r.name == rule.name else r for r in self.rules))
        return SlateRecipe((*self.rules, rule))

    def without(self, *names: str) -> "SlateRecipe":
        """Return the recipe without some rules."""
        return SlateRecipe(tuple(rule for rule in self.rules if rule.name not in names))


DEFAULT_SLATE = SlateRecipe(
    (
        Mandatory(), Pins(), Boosts(), Fatigue(), Dismissed(), NewAuthors(), Newcomers(),
        OtherDepartment(), Fresh(), Caps(), Diversity(), SentMix(), Explore(),
    )
)  # fmt: skip
"""What the engine does unless told otherwise; ``recsys/slate/README.md`` says what it costs."""


def read_slate_recipe(path: Path | None) -> SlateRecipe:
    """Read a policy: one table per rule, applied in the order of the file; None is the default.

    ``[fatigue]`` alone is the rule with its defaults, ``strength = 0.3`` below it another setting;
    a rule that is not named is not applied. Raises
    :class:`recsys.errors.ConfigurationError` naming what is unknown and what there is.
    """
    if path is None:
        return DEFAULT_SLATE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no slate policy {path}; expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the slate policy {path} is no TOML file: {error}") from None
    return SlateRecipe(tuple(_rule(name, values, path) for name, values in tables.items()))


def changed_recipe(
    recipe: SlateRecipe, changes: Mapping[str, Mapping[str, object] | None], where: str
) -> SlateRecipe:
    """Return a recipe with some settings of rules changed, rules added at the end, or left out.

    A rule that is in the recipe keeps the settings that ``changes`` does not name; None leaves it
    out. Raises :class:`recsys.errors.ConfigurationError`, which begins with ``where``.
    """
    for name, values in changes.items():
        if name in RULES and values is None:
            recipe = recipe.without(name)
            continue
        current = next((rule for rule in recipe.rules if rule.name == name), None)
        recipe = recipe.with_rule(_rule(name, values, where, current))
    return recipe


def _rule(
    name: str, values: object, path: Path | str, current: SlateRule | None = None
) -> SlateRule:
    kind = RULES.get(name)
    if kind is None:
        raise ConfigurationError(f"{path}: there is no rule {name!r}; {_expected(RULES)}")
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: {name} is {values!r}; expected a table [{name}]")
    defaults = {f.name: getattr(current or kind(), f.name) for f in fields(kind)}  # type: ignore[arg-type]  # rules are dataclasses
    unknown = [key for key in values if key not in defaults]
    if unknown:
        raise ConfigurationError(
            f"{path}: the rule {name} has no setting {unknown[0]!r}; {_expected(defaults)}"
        )
    return kind(
        **defaults
        | {
            key: _value(value, defaults[key], f"{name}.{key}", path)
            for key, value in values.items()
        }
    )


def _value(value: object, default: object, place: str, path: Path | str) -> object:
    """Return a setting in the type of its default; raises where it is of none, or out of range."""
    if isinstance(default, FormatMix):
        return _mix(value, f"{path}: {place}")
    if isinstance(default, tuple):
        if isinstance(value, list) and all(type(v) is int and v >= 1 for v in value):
            return tuple(value)
        raise ConfigurationError(f"{path}: {place} is {value!r}; expected a list of slot numbers")
    is_whole = type(default) is int
    least, most = _RANGES.get(place, (0.0, inf))
    if place.split(".")[1] in _DIVISORS:
        least = max(least, 1.0 if is_whole else _LEAST)
    is_number = type(value) is int or (type(value) is float and not is_whole)
    number = float(str(value)) if is_number else nan
    if not (isfinite(number) and least <= number <= most):
        kind = "a whole number" if is_whole else "a number"
        upto = f"from {least:g} to {most:g}" if most < inf else f"of {least:g} or more"
        raise ConfigurationError(f"{path}: {place} is {value!r}; expected {kind} {upto}")
    return value


def _mix(values: object, where: str) -> FormatMix:
    if not isinstance(values, dict):
        raise ConfigurationError(f"{where} is {values!r}; expected a table with a strength")
    unknown = [key for key in values if key not in ("strength", "smoothing")]
    if unknown:
        raise ConfigurationError(f"{where} has no setting {unknown[0]!r}; expected strength")
    wrong = [key for key, value in values.items() if type(value) not in (int, float)]
    if wrong:
        raise ConfigurationError(f"{where}.{wrong[0]} is {values[wrong[0]]!r}; expected a number")
    return FormatMix(**values)


def _expected(names: Iterable[str]) -> str:
    return f"expected one of {', '.join(names)}"
