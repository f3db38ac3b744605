"""The logged model: loaded as anybody would, it answers what the engine answers."""

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.features.matrix import FEATURE_NAMES
from recsys.registry import store_model
from training.material import Material
from training.packing import pack_model
from training.pipeline import Outcome


def _load(directory: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc

        return mlflow.pyfunc.load_model(str(directory))


@pytest.fixture(scope="module")
def packed(outcome: Outcome, checkout: Path) -> Path:
    """The model as the run logged it."""
    (directory,) = (checkout / "models" / "artifacts").rglob("MLmodel")
    assert outcome.run_id in str(directory)
    return directory.parent


@pytest.fixture(scope="module")
def loaded(packed: Path) -> Any:
    return _load(packed)


def _rows(n: int = 50) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n, len(FEATURE_NAMES))).astype(np.float32)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    return pd.DataFrame(rows, columns=list(FEATURE_NAMES))


def test_rows_of_features_get_the_probabilities_of_the_ranker(
    loaded: Any, outcome: Outcome
) -> None:
    rows = _rows()
    ranker = outcome.model.ranker
    assert ranker is not None
    expected = ranker.probability(rows.to_numpy(np.float32))
    assert len(np.unique(expected)) > 10
    for given in (rows, rows.astype(np.float64), rows[list(reversed(FEATURE_NAMES))]):
        found = loaded.predict(given)
        assert list(found.columns) == ["score"]
        assert found["score"].tolist() == expected.tolist()


def test_the_signature_names_what_is_missing(loaded: Any) -> None:
    from mlflow.exceptions import MlflowException

    assert loaded.metadata.signature.inputs.input_names() == list(FEATURE_NAMES)
    with pytest.raises(MlflowException, match=r"missing inputs.*hour"):
        loaded.predict(_rows().drop(columns="hour"))
    with pytest.raises(MlflowException, match=r"Failed to convert column hour|Incompatible"):
        loaded.predict(_rows().assign(hour="noon"))


def test_the_example_can_be_scored_and_is_nobody(loaded: Any) -> None:
    example = loaded.input_example
    assert np.unique(example.to_numpy()).tolist() == [0.0, 1.0]
    assert loaded.predict(example)["score"].between(0, 1).all()


def test_with_the_companys_data_it_ranks_as_the_engine(
    loaded: Any, material: Material, company: Path
) -> None:
    at = material.until - timedelta(days=2)
    engine = loaded.unwrap_python_model().engine(company, at)
    who = material.dataset["employees"]["employee_id"].iloc[0]
    ranked = engine.rank(who, at=at, k=10)
    assert len(ranked) == 10
    employee = engine.state.catalogue.employees.ids.index(who)
    micros = round(at.timestamp() * 1e6)
    candidates = engine.eligible.retrieve(employee, micros)
    features = engine.scorer.shortlist(employee, candidates, micros).features
    scores = loaded.predict(pd.DataFrame(features, columns=list(FEATURE_NAMES)))["score"]
    assert sorted(scores, reverse=True)[:10] == [row.score for row in ranked]


def test_there_is_no_pickle_no_place_and_no_address_in_it(packed: Path) -> None:
    files = [path for path in packed.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".npz", ".txt", ".yaml", ".py", ""}
    assert {path.name for path in files if not path.suffix} == {"MLmodel"}
    assert sum(path.stat().st_size for path in files) < 1_000_000
    for path in files:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays)
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(^|[\s'\":=])(/|[A-Z]:\\)\w", text, re.MULTILINE), path
        assert str(packed.parents[3]) not in text
        assert "://" not in text, path
        assert "index-url" not in text
    requirements = (packed / "requirements.txt").read_text(encoding="utf-8").split()
    names = [requirement.split("==")[0] for requirement in requirements]
    assert names == ["mlflow", "numba", "numpy", "pandas", "scipy"]
    assert "pickle" not in (packed / "MLmodel").read_text(encoding="utf-8").replace(
        "cloudpickle_version", ""
    )


def test_without_trees_the_order_is_that_of_readers(outcome: Outcome, tmp_path: Path) -> None:
    directory = store_model(tmp_path, replace(outcome.model, ranker=None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's, about its own use of pandas
        pack_model(directory, tmp_path / "packed")
    rows = _rows().fillna(0.0)
    scores = _load(tmp_path / "packed").predict(rows)["score"].to_numpy()
    assert np.array_equal(np.argsort(scores), np.argsort(rows["readers_1h"].to_numpy()))


_FRESH = """
import json, sys
import mlflow, pandas
mlflow.set_tracking_uri("sqlite:///models/mlflow.db")
rows = pandas.read_parquet(sys.argv[1])
answers = []
for uri in ("models:/recsys@champion", "models:/recsys/1", "runs:/" + sys.argv[2] + "/model"):
    model = mlflow.pyfunc.load_model(uri)
    answers.append(model.predict(rows)["score"].tolist())
    assert model.unwrap_python_model().model.version == sys.argv[3]
print(json.dumps(answers))
"""


@pytest.mark.slow
def test_a_fresh_process_loads_the_champion_from_a_moved_folder(
    outcome: Outcome, checkout: Path, tmp_path: Path
) -> None:
    shutil.copytree(checkout / "models", tmp_path / "moved" / "models")
    rows = _rows()
    rows.to_parquet(tmp_path / "rows.parquet")
    arguments = [
        sys.executable, "-W", "ignore", "-c", _FRESH, str(tmp_path / "rows.parquet"),
        outcome.run_id, outcome.model.version,
    ]  # fmt: skip
    env: dict[str, Any] = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        arguments, cwd=tmp_path / "moved", env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert outcome.model.ranker is not None
    expected = outcome.model.ranker.probability(rows.to_numpy(np.float32)).tolist()
    assert json.loads(done.stdout.splitlines()[-1]) == [expected] * 3
