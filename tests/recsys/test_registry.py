"""The folder of learned models: the pointer moves whole, and moved folders still load."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recsys.errors import ModelError
from recsys.model import Model
from recsys.registry import (
    Champion,
    Release,
    champion_bundle,
    check_model,
    move_champion,
    read_champion,
    store_model,
    version_directory,
)
from recsys.text.vectors import TextModel

_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def model() -> Model:
    text = TextModel.fit(["news of the plant", "news of the office", "plant tour"], size=2, seed=0)
    return Model(None, text, None, _AT, notes=("no ranker: a test",)).named()


def _release(number: int, model_dir: str = "versions/x") -> Release:
    return Release(model_dir, number, f"run{number}", _AT + timedelta(days=number))


def _stored(models_dir: Path, model: Model) -> Path:
    directory = store_model(models_dir, model)
    model_dir = directory.relative_to(models_dir).as_posix()
    move_champion(models_dir, Champion(_release(1, model_dir)))
    return directory


def test_before_the_first_champion_there_is_none(tmp_path: Path) -> None:
    assert read_champion(tmp_path) is None
    assert champion_bundle(tmp_path) is None


def test_a_stored_model_reads_back(tmp_path: Path, model: Model) -> None:
    directory = _stored(tmp_path, model)
    assert directory == version_directory(tmp_path, model.version)
    assert champion_bundle(tmp_path) == directory
    read = Model.read(directory)
    assert (read.version, read.notes, read.trained_until) == (model.version, model.notes, _AT)


def test_a_moved_folder_still_loads(tmp_path: Path, model: Model) -> None:
    _stored(tmp_path / "before", model)
    (tmp_path / "before").rename(tmp_path / "after")
    directory = champion_bundle(tmp_path / "after")
    assert directory is not None
    assert Model.read(directory).version == model.version
    assert str(tmp_path) not in (tmp_path / "after" / "champion.json").read_text(encoding="utf-8")


def test_storing_again_changes_nothing_and_clears_what_was_left(
    tmp_path: Path, model: Model
) -> None:
    directory = _stored(tmp_path, model)
    half = directory.with_name(f"{directory.name}.new")
    half.mkdir()
    (half / "ranker.txt").write_text("written when the power failed", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    store_model(tmp_path, model)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert not half.exists()


def test_pointer_and_history_read_back(tmp_path: Path) -> None:
    champion = Champion(_release(1)).succeeded_by(_release(2)).succeeded_by(_release(3))
    move_champion(tmp_path, champion)
    assert read_champion(tmp_path) == champion
    pointer = json.loads((tmp_path / "champion.json").read_text(encoding="utf-8"))
    assert pointer["registered_version"] == 3
    assert [row["registered_version"] for row in pointer["history"]] == [1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["champion.json"]


def test_going_back_ends_at_the_first() -> None:
    champion = Champion(_release(1)).succeeded_by(_release(2))
    back = champion.before(_AT)
    assert back is not None
    assert (back.release.registered_version, back.release.moved_at) == (1, _AT)
    assert back.before(_AT) is None


@pytest.mark.parametrize("name", ["vocabulary.json", "text.npz", "model.json"])
def test_a_changed_or_missing_file_is_named(tmp_path: Path, model: Model, name: str) -> None:
    directory = _stored(tmp_path, model)
    (directory / name).write_bytes(b"other")
    with pytest.raises(ModelError, match=rf"{name} was changed"):
        champion_bundle(tmp_path)
    (directory / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing"):
        check_model(directory)


def test_a_champion_whose_model_is_gone_is_named(tmp_path: Path) -> None:
    move_champion(tmp_path, Champion(_release(1, "versions/gone")))
    with pytest.raises(ModelError, match="gone holds no model"):
        champion_bundle(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model_dir": "x", "history": 3}'])
def test_a_damaged_pointer_is_an_error_not_a_missing_champion(tmp_path: Path, text: str) -> None:
    (tmp_path / "champion.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="does not name a champion"):
        read_champion(tmp_path)
