"""What text vectors are worth and what they cost, each way of making them beside the others.

Run ``python -m benchmarks.text --deskdrop DIR``; DIR is a canonical copy of the public Deskdrop
log, left out where absent. About four minutes on one core. Every way is fitted on the earlier half
of the contents; a figure is the mean over the contents of the later half of how much their ten
nearest neighbours there

- share their main topic, in simulated companies (Japanese and English), by title or by all text;
- share their author, or their readers (cosine), on Deskdrop (Portuguese and English titles).

± is the 95 % half-width of the difference to the shipped way, paired over contents. Costs are
processor time, so that a busy machine shows the same.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer

from recsys.dataset.reading import read_dataset
from recsys.simulator.config import LANGUAGES, Scenario
from recsys.simulator.phrases import TOPICS
from recsys.simulator.simulation import simulate_company
from recsys.simulator.text import write_story
from recsys.text import japanese
from recsys.text.analysis import Analyser, parts
from recsys.text.tokens import JAPANESE, fold, terms
from recsys.text.vectors import TextModel

SEEDS = (1, 2, 3, 4)
SIZE = 64
NEIGHBOURS = 10

Floats = npt.NDArray[np.float64]
Cut = Callable[[str], list[str]]


@dataclass(frozen=True)
class Way:
    """From texts to vectors: what is counted, and the weight of a term in df of n texts."""

    cut: Cut
    power: float = 2.0
    floor: float = 0.0

    def vectors(self, past: Sequence[str], texts: Sequence[str]) -> Floats:
        """Fit on ``past`` and return vectors of ``texts``, shape (n, size), of length 1 or 0."""
        counter = CountVectorizer(analyzer=self.cut, min_df=2, max_features=30_000)
        counts = counter.fit_transform(past)
        frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
        idf = np.log((1 + len(past)) / (1 + frequency)) + self.floor
        weights = sparse.diags(idf**self.power)
        svd = TruncatedSVD(SIZE, random_state=0).fit(_unit(_logarithm(counts) @ weights))
        projected = _logarithm(counter.transform(texts)) @ weights @ svd.components_.T
        return np.asarray(_unit(sparse.csr_matrix(projected)).toarray())


def with_parts(cut: Cut) -> Cut:
    """Return ``cut`` with the 4-grams of alphabetic words."""
    return lambda text: [part for word in cut(text) for part in parts(word)]


def with_grams(text: str) -> list[str]:
    """Return Sudachi's words with 3- to 5-grams of the others."""
    words = japanese.words(text)
    padded = [f"<{word}>" for word in words if word[0] < "\u3000"]
    grams = [w[i : i + n] for w in padded for n in (3, 4, 5) for i in range(len(w) - n + 1)]
    return words + ["#" + gram for gram in grams]


def without_accents(text: str) -> list[str]:
    """Return Sudachi's words with accents folded off Latin letters."""
    folded = fold(text).translate(str.maketrans("áàâãçéêíóôõúü", "aaaaceeiooouu"))
    return with_parts(japanese.words)(folded)


def every_word(text: str) -> list[str]:
    """Return Sudachi's words, particles and auxiliaries included, as they are written."""
    morphemes = japanese._tokenizer().tokenize(fold(text))  # noqa: SLF001  # measured, not offered
    return [m.surface() for m in morphemes if m.part_of_speech()[0] not in {"補助記号", "空白"}]


SHIPPED = "Sudachi + 4-grams, idf²"
WAYS: dict[str, Way] = {
    "pairs, idf + 1 (before)": Way(terms, power=1, floor=1),
    "pairs, idf": Way(terms, power=1),
    "pairs, idf²": Way(terms),
    "pairs + 4-grams, idf²": Way(with_parts(terms)),
    "Sudachi, idf + 1": Way(japanese.words, power=1, floor=1),
    "Sudachi, idf²": Way(japanese.words),
    SHIPPED: Way(with_parts(japanese.words)),
    "Sudachi + 3–5-grams, idf²": Way(with_grams),
    "Sudachi + 4-grams, no accents": Way(without_accents),
    "all Japanese words + 4-grams": Way(with_parts(every_word)),
    "Sudachi + pairs + 4-grams": Way(
        with_parts(lambda text: list({*terms(text), *japanese.words(text)}))
    ),
}


def main() -> None:
    """Print agreement, then cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deskdrop", type=Path, help="folder with the canonical Deskdrop log")
    directory: Path | None = parser.parse_args().deskdrop
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"simulated companies {SEEDS}, vectors of {SIZE}, {NEIGHBOURS} neighbours\n")
    columns = _simulated()
    if directory is not None:
        columns |= _deskdrop(directory)
    print(f"{'':32}" + "".join(f"{name:>17}" for name in columns))
    for way in WAYS:
        cells = [_cell(agreement[way], agreement[SHIPPED]) for agreement in columns.values()]
        print(f"{way:<32}" + "".join(f"{cell:>17}" for cell in cells))
    print()
    for language in range(len(LANGUAGES)):
        for analyser in ("pairs", "sudachi"):
            _print_cost(language, analyser, n_texts=10_000)


Agreement = dict[str, Floats]
"""Way → a figure per tested content."""


def _cell(values: Floats, shipped: Floats) -> str:
    difference = values - shipped
    half_width = 1.96 * difference.std() / np.sqrt(len(difference))
    return f"{values.mean():.4f} ±{half_width:.4f}"


def _simulated() -> dict[str, Agreement]:
    found: dict[str, list[Agreement]] = {}
    for seed in SEEDS:
        contents = _company(seed)
        topic = contents["topics"].str.split(";").str[0].to_numpy()
        same = (topic[:, None] == topic[None, :]).astype(float)
        is_japanese = contents["title"].str.contains(f"[{JAPANESE}]").to_numpy()
        everything = contents["title"] + " " + contents["body"]
        for name, texts in {"titles": contents["title"], "texts": everything}.items():
            agreement = _agreement(texts.tolist(), same)
            for language, mask in {"ja": is_japanese, "en": ~is_japanese}.items():
                later = mask[-len(agreement[SHIPPED]) :]
                kept = {way: values[later] for way, values in agreement.items()}
                found.setdefault(f"{language} {name}", []).append(kept)
    return {
        column: {way: np.concatenate([run[way] for run in runs]) for way in WAYS}
        for column, runs in found.items()
    }


def _company(seed: int) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(employees=80, days=60, seed=seed)
        simulate_company(scenario, Path(folder, "data"), Path(folder, "truth"))
        contents = read_dataset(Path(folder, "data")).dataset["contents"]
    return contents.sort_values("published_at")


def _deskdrop(directory: Path) -> dict[str, Agreement]:
    dataset = read_dataset(directory).dataset
    contents = dataset["contents"].sort_values("published_at")
    author = contents["author_id"].to_numpy()
    pairs = dataset["events"][["employee_id", "content_id"]].drop_duplicates()
    row = pd.Index(contents["content_id"]).get_indexer(pd.Index(pairs["content_id"]))
    reader, _ = pd.factorize(pairs["employee_id"])
    known = row >= 0
    readers = _unit(sparse.csr_matrix((np.ones(known.sum()), (row[known], reader[known]))))
    titles = contents["title"].tolist()
    return {
        "Deskdrop author": _agreement(titles, (author[:, None] == author).astype(float)),
        "Deskdrop readers": _agreement(titles, (readers @ readers.T).toarray()),
    }


def _agreement(texts: list[str], same: Floats) -> Agreement:
    half = len(texts) // 2
    later = same[half:, half:]
    found: Agreement = {}
    for name, way in WAYS.items():
        vectors = way.vectors(texts[:half], texts[half:])
        near = vectors @ vectors.T
        np.fill_diagonal(near, -np.inf)
        nearest = np.argsort(-near, axis=1, kind="stable")[:, :NEIGHBOURS]
        found[name] = np.take_along_axis(later, nearest, axis=1).mean(axis=1)
    return found


def _print_cost(language: int, analyser: Analyser, n_texts: int) -> None:
    """Print seconds for texts of 2,000 characters, and milliseconds for one of several lengths."""
    texts = _long_texts(language, n_texts)
    began = process_time()
    model = TextModel.fit(texts, size=SIZE, seed=0, analyser=analyser)
    fitted = process_time()
    model.vectors(texts)
    remembered = process_time()
    fresh = replace(model, remembered=None)
    fresh.vectors(texts)
    anew = process_time()
    one = {length: _milliseconds(fresh, texts[:200], length) for length in (60, 500, 1_000, 2_000)}
    print(
        f"{LANGUAGES[language]} {analyser:<8} {n_texts:,} texts of 2,000 characters: "
        f"fit {fitted - began:.1f} s, load {remembered - fitted:.2f} s, "
        f"anew {anew - remembered:.1f} s; one text of "
        + ", ".join(f"{length:,}: {took:.2f} ms" for length, took in one.items())
    )


def _milliseconds(model: TextModel, texts: Sequence[str], length: int) -> float:
    took = []
    for text in texts:
        began = process_time()
        model.vectors([text[:length]])
        took.append(process_time() - began)
    return float(np.median(took)) * 1e3


def _long_texts(language: int, n_texts: int) -> list[str]:
    rng = np.random.default_rng(0)
    stories = [
        write_story(int(main), int(second), rng)
        for main, second in rng.integers(len(TOPICS), size=(2_000, 2))
    ]
    parts_of_texts = [f"{s.titles[language]} {s.bodies[language]} " for s in stories]
    picks = rng.integers(len(stories), size=(n_texts, 60))
    return ["".join(parts_of_texts[i] for i in pick)[:2_000] for pick in picks]


def _logarithm(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    damped = sparse.csr_matrix(counts, dtype=np.float64)
    damped.data = 1 + np.log(damped.data)
    return damped


def _unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = sparse.linalg.norm(matrix, axis=1)
    return sparse.csr_matrix(sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix)


if __name__ == "__main__":
    main()
