"""A slate policy: which rules, in which order, how strong. In code or as a TOML file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from recsys.errors import ConfigurationError
from recsys.slate.draft import SlateRule
from recsys.slate.format_mix import FormatMix
from recsys.slate.rules.boosts import Boosts
from recsys.slate.rules.caps import Caps
from recsys.slate.rules.dismissed import Dismissed
from recsys.slate.rules.diversity import Diversity
from recsys.slate.rules.exploration import Explore, PlackettLuce
from recsys.slate.rules.fatigue import Fatigue
from recsys.slate.rules.floors import Fresh, OtherDepartment
from recsys.slate.rules.mandatory import Mandatory
from recsys.slate.rules.new_authors import NewAuthors
from recsys.slate.rules.newcomers import Newcomers
from recsys.slate.rules.pins import Pins
from recsys.slate.rules.sent_mix import SentMix

__all__ = ["DEFAULT_SLATE", "RULES", "SlateRecipe", "read_slate_recipe"]

_CODE_VERSION = "3"
"""Changes whenever the same recipe would give another slate."""

RULES: Mapping[str, type[SlateRule]] = {
    rule.name: rule
    for rule in (
        Mandatory, Pins, Boosts, Fatigue, Dismissed, NewAuthors, Newcomers, OtherDepartment, Fresh,
        Caps, Diversity, SentMix, Explore, PlackettLuce,
    )
}  # fmt: skip
"""All rules by name."""


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


def _rule(name: str, values: object, path: Path) -> SlateRule:
    kind = RULES.get(name)
    if kind is None:
        raise ConfigurationError(f"{path}: there is no rule {name!r}; {_expected(RULES)}")
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: {name} is {values!r}; expected a table [{name}]")
    settings = {f.name: f.type for f in fields(kind)}  # type: ignore[arg-type]  # rules are dataclasses
    unknown = [key for key in values if key not in settings]
    if unknown:
        raise ConfigurationError(
            f"{path}: the rule {name} has no setting {unknown[0]!r}; {_expected(settings)}"
        )
    return kind(**{key: _value(value, f"{path}: {name}.{key}") for key, value in values.items()})


def _value(value: Any, where: str) -> object:  # noqa: ANN401  (whatever TOML holds)
    if isinstance(value, list) and all(type(v) is int and v >= 1 for v in value):
        return tuple(value)
    if isinstance(value, dict):
        return _mix(value, where)
    if type(value) not in (int, float) or not 0 <= value < float("inf"):
        raise ConfigurationError(
            f"{where} is {value!r}; expected a number of 0 or more, or a list of slot numbers"
        )
    return value


def _mix(values: dict[str, Any], where: str) -> FormatMix:
    unknown = [key for key in values if key not in ("strength", "smoothing")]
    if unknown:
        raise ConfigurationError(f"{where} has no setting {unknown[0]!r}; expected strength")
    return FormatMix(**values)


def _expected(names: Iterable[str]) -> str:
    return f"expected one of {', '.join(names)}"
