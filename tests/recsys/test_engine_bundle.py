"""Training twice, saving, loading, and bundles that were damaged."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from recsys.answers import FeedRequest
from recsys.borders import checked_rows
from recsys.dataset.dataset import Dataset
from recsys.engine import Engine
from recsys.errors import ModelError

if TYPE_CHECKING:
    from tests.recsys.conftest import Company

_FILES = (
    "manifest.json", "model/model.json", "model/ranker.txt", "model/text.npz",
    "model/vocabulary.json", "model/factors.npz", "catalogue/contents.parquet",
    "catalogue/ids.json", "state/state.npz", "state/log.npz",
)  # fmt: skip


@pytest.fixture
def bundle(company: "Company", tmp_path: Path) -> Path:
    """Return a copy of the company's bundle, somewhere else than it was written."""
    return Path(shutil.copytree(company.bundle, tmp_path / "moved" / "elsewhere"))


def test_a_moved_bundle_answers_as_before(company: "Company", bundle: Path) -> None:
    here, there = company.engine(), Engine.load(bundle)
    assert here.model.version == there.model.version
    assert there.now == company.until
    for person in ("e01", "e02", "nobody"):
        assert here.rank(person, company.until, k=None) == there.rank(person, company.until, k=None)
        request = FeedRequest(person, company.until, request_id="r")
        assert here.feed(request) == there.feed(request)
        assert here.formats(person, company.until) == there.formats(person, company.until)


def test_saving_what_was_loaded_writes_the_same_files(bundle: Path, tmp_path: Path) -> None:
    Engine.load(bundle).save(tmp_path / "again")
    Engine.load(tmp_path / "again").save(tmp_path / "thrice")
    for name in ("model/ranker.txt", "model/vocabulary.json", "model/model.json"):
        assert (bundle / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    for name in _FILES:
        again, thrice = (tmp_path / place / name for place in ("again", "thrice"))
        assert name == "manifest.json" or again.read_bytes() == thrice.read_bytes(), name


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("where", [0.0, 0.3, 0.5, 0.999])
def test_a_flipped_byte_is_found(bundle: Path, name: str, where: float) -> None:
    data = bytearray((bundle / name).read_bytes())
    data[int(where * len(data))] ^= 0x01
    (bundle / name).write_bytes(data)
    with pytest.raises(ModelError, match=r"bundle .*; .*train again"):
        Engine.load(bundle)


@pytest.mark.parametrize("name", _FILES)
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(ModelError, match=f"{name}.* is missing"):
        Engine.load(bundle)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"bundle_version": "x"}', "{}", "\x00"])
def test_a_manifest_of_another_kind_is_refused(bundle: Path, text: str) -> None:
    (bundle / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError):
        Engine.load(bundle)


@pytest.mark.parametrize("other", [1, 99])
def test_another_version_says_which_one_is_read(bundle: Path, other: int) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest["bundle_version"] = other
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ModelError, match=f"layout version {other}, this code reads 4;"):
        Engine.load(bundle)


def test_what_is_no_bundle_is_neither_loaded_nor_overwritten(
    company: "Company", tmp_path: Path
) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "diary.txt"):
        with pytest.raises(ModelError, match="holds no bundle"):
            Engine.load(place)
    with pytest.raises(ModelError, match="delete"):
        company.engine().save(tmp_path)
    with pytest.raises(ModelError, match="delete"):
        company.engine().save(tmp_path / "diary.txt")
    assert (tmp_path / "diary.txt").read_text() == "dear diary"


def test_a_bundle_replaces_a_bundle(company: "Company", bundle: Path) -> None:
    engine = Engine.load(bundle)
    engine.observe(company.later)
    engine.rank("e01", company.until + timedelta(days=2))
    engine.save(bundle)
    assert Engine.load(bundle).now == engine.now


def test_a_bundle_holds_no_pickle(bundle: Path) -> None:
    suffixes = {path.suffix for path in bundle.rglob("*") if path.is_file()}
    assert suffixes == {".json", ".txt", ".npz", ".parquet"}


def test_the_same_data_and_seed_give_the_same_files(company: "Company", tmp_path: Path) -> None:
    again = Engine.fit(company.dataset, company.until, recipe=company.recipe(), seed=1)
    again.save(tmp_path / "again")
    for name in ("ranker.txt", "vocabulary.json", "text.npz", "factors.npz"):
        assert (tmp_path / "again/model" / name).read_bytes() == (
            company.bundle / "model" / name
        ).read_bytes(), name
    other = Engine.fit(company.dataset, company.until, recipe=company.recipe(), seed=2)
    assert other.model.version != again.model.version


def _with(dataset: Dataset, **frames: pd.DataFrame) -> Dataset:
    return Dataset({**dataset.frames, **frames})


def test_what_comes_after_until_is_not_learned_from(company: "Company") -> None:
    data = company.dataset
    past = _with(
        data,
        events=data["events"][data["events"]["occurred_at"] < company.until],
        contents=data["contents"][data["contents"]["published_at"] < company.until],
    )
    engine = Engine.fit(past, company.until, recipe=company.recipe(), seed=1)
    assert engine.model.ranker is not None
    assert engine.model.version == company.engine().model.version


def test_names_of_people_and_contents_do_not_matter(company: "Company", tmp_path: Path) -> None:
    """Ids that keep their order among each other: they only ever break ties.

    Names this odd would also be found wherever a model kept one.
    """
    frames = {
        name: frame.assign(
            **{
                column: "x" + frame[column].astype("str") + "ß"
                for column in ("employee_id", "content_id", "rendition_id", "event_id")
                if column in frame
            }
        ).where(frame.notna())
        for name, frame in company.dataset.frames.items()
    }
    engine = Engine.fit(Dataset(frames), company.until, recipe=company.recipe(), seed=1)
    assert engine.model.ranker is not None
    original = company.engine()
    assert original.model.ranker is not None
    assert engine.model.ranker.model_text == original.model.ranker.model_text
    mine = [(r.content_id, r.score) for r in original.rank("e01", company.until, k=None)]
    theirs = [(r.content_id, r.score) for r in engine.rank("xe01ß", company.until, k=None)]
    assert theirs == [(f"x{content}ß", score) for content, score in mine]
    engine.save(tmp_path / "bundle")
    for path in (tmp_path / "bundle/model").iterdir():
        for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
            assert "ß".encode(encoding) not in path.read_bytes() or path.suffix == ".npz"
            assert not any(f"xe{n:02}ß".encode(encoding) in path.read_bytes() for n in range(60)), (
                path
            )


def test_who_opted_out_leaves_the_training_targets(company: "Company") -> None:
    """A company in which all but one opted out has too little to learn from."""
    people = company.dataset["employees"]["employee_id"].tolist()
    frame = pd.DataFrame({"employee_id": people[1:], "personalization_opt_out": True})
    data = _with(company.dataset, preferences=checked_rows("preferences", frame)[0])
    engine = Engine.fit(data, company.until, recipe=company.recipe(), seed=1)
    assert engine.model.ranker is None
    assert "choices to learn from, 200 are needed" in " ".join(engine.model.notes)
    slate = engine.feed(FeedRequest(people[0], company.until))
    assert slate.degraded == "no_model"
    assert {item.slot_type for item in slate.items} <= {"fallback", "explore", "other_department"}
    assert slate.items[0].slot_type == "fallback"
