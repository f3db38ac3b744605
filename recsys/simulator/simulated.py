"""A simulated dataset opened together with its truth, for checking what a model believes."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.simulator.truth import Truth, load_truth

__all__ = ["Simulated", "open_simulated"]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A dataset read back, with its truth."""

    directory: Path
    truth_directory: Path
    dataset: Dataset
    truth: Truth

    def impressions(self) -> pd.DataFrame:
        """Return every impression with what was true and what came of it.

        The canonical columns plus ``p_looked``, ``p_open``, ``p_complete`` (true probabilities),
        ``employee``, ``content`` (indices into the truth) and ``opened`` (bool).
        """
        events = self.dataset["events"]
        shown = events[events["event_type"] == "impression"]
        true = pd.read_parquet(self.truth_directory / "impressions.parquet")
        shown = shown.merge(true, on="event_id", validate="one_to_one")
        for name, ids in (
            ("employee", self.truth.employee_ids),
            ("content", self.truth.content_ids),
        ):
            index = {external: position for position, external in enumerate(ids)}
            shown[name] = shown[f"{name}_id"].map(index)
        slot = ["request_id", "content_id"]
        opens = pd.MultiIndex.from_frame(events.loc[events["event_type"] == "open", slot])
        shown["opened"] = pd.MultiIndex.from_frame(shown[slot]).isin(opens)
        return shown


def open_simulated(directory: Path, truth_directory: Path) -> Simulated:
    """Read a dataset and its truth; raises what reading either raises."""
    dataset = read_dataset(directory).dataset
    return Simulated(directory, truth_directory, dataset, load_truth(truth_directory))
