"""Recipes: the hyper-parameters of a training run as a TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from recsys.errors import ConfigurationError
from recsys.fitting import Recipe

__all__ = ["find_recipe", "flatten", "read_recipe", "recipe_text", "with_values"]

_T = TypeVar("_T")


def find_recipe(models_dir: Path, path: Path | None) -> Recipe:
    """Return the recipe at ``path``, else ``recipes/default.toml``, else that of the code."""
    if path is not None:
        return read_recipe(path)
    default = models_dir / "recipes" / "default.toml"
    return read_recipe(default) if default.exists() else Recipe()


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; what the file leaves out has its default.

    Raises :class:`recsys.errors.ConfigurationError` naming a key that does not exist, or a value of
    the wrong type or below zero.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no recipe {path}; expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the recipe {path} is no TOML file: {error}") from None
    return _filled(Recipe(), values, where=f"{path}: ")


def flatten(recipe: object, prefix: str = "") -> dict[str, int | float]:
    """Return every hyper-parameter by its dotted key, e.g. ``ranker.n_trees``."""
    flat: dict[str, int | float] = {}
    for name, value in _values(recipe).items():
        nested = is_dataclass(value)
        flat |= flatten(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat


def with_values(recipe: Recipe, flat: Mapping[str, float]) -> Recipe:
    """Return ``recipe`` with other values for some dotted keys, e.g. ``ranker.n_trees``."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *tables, name = key.split(".")
        place = nested
        for table in tables:
            place = place.setdefault(table, {})
        place[name] = value
    return _filled(recipe, nested, where="")


def recipe_text(recipe: Recipe, comment: str) -> str:
    """Return a recipe file that says every hyper-parameter, below a comment of several lines."""
    lines = [f"# {line}" for line in comment.splitlines()]
    table = None
    # Keys of the file itself come before the first table, and a table before those within it.
    flat = sorted(flatten(recipe).items(), key=lambda item: item[0].split(".")[:-1])
    for key, value in flat:
        *tables, name = key.split(".")
        if tables != table:
            lines += ["", f"[{'.'.join(tables)}]"] if tables else [""]
            table = tables
        lines.append(f"{name} = {value}")
    return "\n".join(lines) + "\n"


def _values(part: object) -> dict[str, Any]:
    assert is_dataclass(part)
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _filled(default: _T, values: Mapping[str, Any], *, where: str) -> _T:
    """Return ``default``, a dataclass, with ``values`` in place of its own."""
    allowed = _values(default)
    for key in values:
        if key not in allowed:
            raise ConfigurationError(f"{where}unknown key {key!r}; allowed: {', '.join(allowed)}")
    changed = {key: _checked(allowed[key], value, f"{where}{key}") for key, value in values.items()}
    filled: _T = replace(default, **changed)  # type: ignore[type-var]  # checked by _values
    return filled


def _checked(default: object, value: object, where: str) -> object:
    if is_dataclass(default):
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"{where} is {value!r}; expected a table")
        return _filled(default, value, where=f"{where}.")
    expected = int if isinstance(default, int) else (int, float)
    kind = "a whole number" if isinstance(default, int) else "a number"
    if isinstance(value, bool) or not isinstance(value, expected) or not 0 <= value < inf:
        raise ConfigurationError(f"{where} is {value!r}; expected {kind} that is not negative")
    return type(default)(value)  # type: ignore[call-arg]  # int or float
