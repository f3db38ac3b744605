"""Slate policies in files: what is read back, what is refused and in which words."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import ConfigurationError
from recsys.slate.draft import SlateRule
from recsys.slate.recipe import DEFAULT_SLATE, RULES, SlateRecipe, read_slate_recipe
from recsys.slate.rules.boosts import Boosts
from recsys.slate.rules.caps import Caps
from recsys.slate.rules.diversity import Diversity
from recsys.slate.rules.exploration import Explore, PlackettLuce
from recsys.slate.rules.fatigue import Fatigue
from recsys.slate.rules.pins import Pins
from tests.recsys.slate.companies import aged, engine_of, feed, ids, mandatory, people


def _settings(rule: Any) -> dict[str, Any]:  # mypy does not know that rules are dataclasses
    return asdict(rule)


def _toml(recipe: SlateRecipe) -> str:
    """Return a recipe as a file that leaves nothing to defaults."""
    return "\n".join(
        f"[{rule.name}]\n"
        + "".join(f"{name} = {_written(value)}\n" for name, value in _settings(rule).items())
        for rule in recipe.rules
    )


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_written(v)}" for name, v in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return repr(value)


def _read(tmp_path: Path, text: str) -> SlateRecipe:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return read_slate_recipe(path)


def _refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        _read(tmp_path, text)
    assert "policy.toml" in str(refused.value)
    return str(refused.value)


# ---- round trips


def test_the_default_and_every_rule_come_back_as_they_were(tmp_path: Path) -> None:
    everything = SlateRecipe(tuple(kind() for kind in RULES.values()))
    for recipe in (DEFAULT_SLATE, everything, SlateRecipe(())):
        assert _read(tmp_path, _toml(recipe)) == recipe
        assert _read(tmp_path, _toml(recipe)).version == recipe.version


def test_without_a_file_it_is_the_default() -> None:
    assert read_slate_recipe(None) == DEFAULT_SLATE


def test_a_name_alone_is_the_rule_as_it_is_by_default(tmp_path: Path) -> None:
    text = "".join(f"[{rule.name}]\n" for rule in DEFAULT_SLATE.rules)
    assert _read(tmp_path, text) == DEFAULT_SLATE
    assert _read(tmp_path, "") == SlateRecipe(())
    assert _read(tmp_path, "# a comment\n[fatigue]\nstrength = 2") == SlateRecipe((Fatigue(2),))


@settings(max_examples=60)
@given(
    st.permutations(list(RULES)), st.integers(0, len(RULES)), st.floats(0, 1e6),
    st.lists(st.integers(1, 99), min_size=1, max_size=4),
)  # fmt: skip
def test_any_order_and_any_strength_come_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], n: int, strength: float,
    positions: list[int],
) -> None:  # fmt: skip
    rules: list[SlateRule] = []
    for name in names[:n]:
        rule: SlateRule = RULES[name]()
        if isinstance(rule, Diversity):
            rule = replace(rule, strength=strength)
        if isinstance(rule, Explore):
            rule = replace(rule, positions=tuple(positions))
        rules.append(rule)
    recipe = SlateRecipe(tuple(rules))
    read = _read(tmp_path_factory.mktemp("recipe"), _toml(recipe))
    assert read == recipe
    assert [rule.name for rule in read.rules] == names[:n]


# ---- what is refused


def test_an_unknown_rule_is_told_which_there_are(tmp_path: Path) -> None:
    message = _refused(tmp_path, "[fatigue]\n[fatige]\nstrength = 1")
    assert "'fatige'" in message
    assert all(name in message for name in RULES)


@pytest.mark.parametrize("name", list(RULES))
def test_an_unknown_setting_is_told_which_there_are(tmp_path: Path, name: str) -> None:
    message = _refused(tmp_path, f"[{name}]\nstrenght = 1")
    assert "'strenght'" in message
    assert name in message
    assert all(setting in message for setting in _settings(RULES[name]()))


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("strength = -1", "-1"), ("strength = nan", "nan"), ("strength = inf", "inf"),
        ("strength = true", "True"), ("strength = '0.5'", "'0.5'"),
        ("strength = 2026-01-01", "2026"), ("strength = [0]", "[0]"),
        ("strength = [1, 'x']", "'x'"), ("strength = {strenght = 1}", "'strenght'"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_where_and_what_was_expected(
    tmp_path: Path, setting: str, shown: str
) -> None:
    message = _refused(tmp_path, f"[fatigue]\n{setting}")
    assert "fatigue.strength" in message
    assert shown in message
    assert "expected" in message


@pytest.mark.parametrize("text", ["fatigue = 0.5", "[[fatigue]]\nstrength = 1"])
def test_a_rule_is_a_table(tmp_path: Path, text: str) -> None:
    assert "expected a table [fatigue]" in _refused(tmp_path, text)


@pytest.mark.parametrize("text", ["[fatigue", "[fatigue]\n[fatigue]", "strength"])
def test_what_is_no_toml_is_told_as_that(tmp_path: Path, text: str) -> None:
    assert "no TOML" in _refused(tmp_path, text)


def test_a_file_that_is_missing_or_no_text_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no slate policy"):
        read_slate_recipe(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="no TOML"):
        read_slate_recipe(tmp_path / "bytes.toml")


@pytest.mark.parametrize("text", ["pool = 31", "pool = 0", "floor = 0.04", "pool = 30\nfloor = 1"])
def test_exploration_that_cannot_be_drawn_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"a whole number from 1 to 30|expected a pool of 1 to 30"
    ):
        _read(tmp_path, f"[explore]\n{text}")


def test_a_mix_that_is_no_share_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"expected 0 .* to 1"):
        _read(tmp_path, "[sent_mix]\nmix = {strength = 2}")


# ---- versions


def test_every_rule_setting_and_order_has_a_version_of_its_own() -> None:
    recipes = [DEFAULT_SLATE, SlateRecipe(()), SlateRecipe(DEFAULT_SLATE.rules[::-1])]
    recipes += [DEFAULT_SLATE.without(rule.name) for rule in DEFAULT_SLATE.rules]
    recipes.append(DEFAULT_SLATE.with_rule(PlackettLuce()))
    for rule in DEFAULT_SLATE.rules:
        for name, value in _settings(rule).items():
            if isinstance(value, int | float):
                changed = RULES[rule.name](**{**_plain(rule), name: value * 0.5})
                recipes.append(DEFAULT_SLATE.with_rule(changed))
    recipes.append(DEFAULT_SLATE.with_rule(Explore(positions=(7,))))
    versions = [recipe.version for recipe in recipes]
    assert len(set(versions)) == len(versions) > 40
    assert DEFAULT_SLATE.version == SlateRecipe(tuple(DEFAULT_SLATE.rules)).version


def _plain(rule: SlateRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _settings(rule)}


def test_a_slate_says_by_which_policy_it_was_made(tmp_path: Path) -> None:
    engine = engine_of(employees=people("e0"), contents=aged("a"))
    assert feed(engine).policy_version == DEFAULT_SLATE.version
    other = _read(tmp_path, "[fatigue]\nstrength = 0.25")
    engine.slates.use(other)
    assert feed(engine).policy_version == other.version != DEFAULT_SLATE.version


# ---- composing


def test_a_rule_takes_the_place_of_its_name_or_the_end() -> None:
    changed = DEFAULT_SLATE.with_rule(Boosts(days=1))
    assert [rule.name for rule in changed.rules] == [rule.name for rule in DEFAULT_SLATE.rules]
    assert Boosts(days=1) in changed.rules
    assert Boosts() not in changed.rules
    assert SlateRecipe((Caps(),)).with_rule(Pins()).rules == (Caps(), Pins())
    assert DEFAULT_SLATE.without("caps", "no such rule") == DEFAULT_SLATE.without("caps")
    assert all(rule.name != "caps" for rule in DEFAULT_SLATE.without("caps").rules)


def test_rules_are_applied_in_the_order_of_the_file(tmp_path: Path) -> None:
    """What is placed first is in front."""
    pinned = aged("p", pinned_until="2026-12-01T00:00:00Z")
    engine = engine_of(employees=people("e0"), contents=[*mandatory(["m"]), *pinned, *aged("a")])
    for text, expected in (
        ("[mandatory]\n[pins]", ["m", "p", "a"]), ("[pins]\n[mandatory]", ["p", "m", "a"]),
    ):  # fmt: skip
        engine.slates.use(_read(tmp_path, text))
        assert ids(feed(engine)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[explore]\npool = [3]", r"explore\.pool is \[3\]; expected a whole number from 1 to 30"),
        ("[explore]\npool = 3.5", r"explore\.pool is 3\.5"),
        ("[explore]\npositions = 7", r"expected a list of slot numbers"),
        ("[explore]\ntemperature = 0", r"explore\.temperature is 0; expected a number of 0\.001"),
        ("[plackett_luce]\npool = 500", r"from 1 to 30"),
        ("[mandatory]\nturn = 0", r"mandatory\.turn is 0; expected a whole number of 1 or more"),
        ("[mandatory]\nmost = 1.5", r"expected a whole number of 0 or more"),
        ("[other_department]\nevery = 0", r"other_department\.every is 0"),
        ("[dismissed]\nstrength = 3", r"dismissed\.strength is 3; expected a number from 0 to 1"),
        ("[boosts]\ndays = 0", r"boosts\.days is 0"),
        ("[caps]\nauthor = [2]", r"caps\.author is \[2\]"),
        ("[sent_mix]\nmix = 3", r"sent_mix\.mix is 3"),
        ("[sent_mix.mix]\nstrength = 'x'", r"sent_mix\.mix\.strength is 'x'"),
    ],
)
def test_a_value_that_would_fail_later_is_refused_at_once(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "slate.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        read_slate_recipe(path)
