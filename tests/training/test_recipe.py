"""Recipes as files: the default one is the code's, and mistakes are named."""

from pathlib import Path

import pytest

from recsys.errors import ConfigurationError
from recsys.fitting import Recipe
from training.recipe import find_recipe, flatten, read_recipe, recipe_text, with_values

_RECIPES = Path(__file__).parents[2] / "models" / "recipes"


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_file_says_every_default(tmp_path: Path) -> None:
    path = _RECIPES / "default.toml"
    assert read_recipe(path) == Recipe()
    text = path.read_text(encoding="utf-8")
    for key in flatten(Recipe()):
        assert f"\n{key.rpartition('.')[2]} = " in text, key
    assert find_recipe(tmp_path, None) == Recipe(), "a models folder without recipes"


def test_every_recipe_of_the_project_can_be_read() -> None:
    for path in sorted(_RECIPES.glob("*.toml")):
        assert isinstance(read_recipe(path), Recipe)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = _written(tmp_path, "[snapshots.lightfm]\nn_factors = 8\n[ranker]\nl2 = 2\n")
    flat = flatten(read_recipe(path))
    assert flat["ranker.l2"] == 2.0
    assert isinstance(flat["ranker.l2"], float)
    changed = {"snapshots.lightfm.n_factors": 8, "ranker.l2": 2.0}
    assert flat == flatten(Recipe()) | changed


def test_the_models_own_default_is_found(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "default.toml").write_text("text_size = 3", encoding="utf-8")
    assert find_recipe(tmp_path, None).text_size == 3
    assert find_recipe(tmp_path, _written(tmp_path, "text_size = 4")).text_size == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "colour = 1",
            r"unknown key 'colour'; allowed: text_size, shortlist, sampling, ranker, snapshots",
        ),
        ("[ranker]\ntrees = 9", r"ranker\.unknown key 'trees'; allowed: n_trees, learning_rate"),
        ("[ranker]\nn_trees = 9.5", r"ranker\.n_trees is 9\.5; expected a whole number"),
        ("[ranker]\nn_trees = true", r"ranker\.n_trees is True; expected a whole number"),
        ("[ranker]\nl2 = 'much'", r"ranker\.l2 is 'much'; expected a number"),
        ("[ranker]\nl2 = nan", r"ranker\.l2 is nan; expected a number"),
        ("text_size = -1", r"text_size is -1; expected a whole number that is not negative"),
        ("ranker = 3", r"ranker is 3; expected a table"),
        ("= 3", r"is no TOML file"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_recipe(_written(tmp_path, text))


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no recipe .*absent\.toml"):
        read_recipe(tmp_path / "absent.toml")


def test_a_written_recipe_reads_the_same(tmp_path: Path) -> None:
    values = {"text_size": 7, "ranker.l2": 0.125, "snapshots.lightfm.n_factors": 8}
    recipe = with_values(Recipe(), values)
    assert flatten(recipe) == flatten(Recipe()) | values
    text = recipe_text(recipe, "why\nand how")
    assert text.startswith("# why\n# and how\n\ntext_size = 7\n")
    assert read_recipe(_written(tmp_path, text)) == recipe


def test_a_value_for_no_key_is_named() -> None:
    with pytest.raises(ConfigurationError, match="unknown key 'trees'"):
        with_values(Recipe(), {"ranker.trees": 9})
