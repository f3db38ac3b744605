"""The planted truth: written beside the dataset, read back to check what a model believes.

Files of a truth directory:

- ``truth.json``: seed, size, start and every coefficient of the world; axes of the arrays; the
  planted effect, if there is an experiment.
- ``traits.npy``, ``facts.npy``: one record per employee (:data:`~recsys.simulator.traits.TRAITS`)
  and per content (:data:`~recsys.simulator.catalogue.FACTS`), in the order of
  ``employee_ids.json`` and ``content_ids.json``.
- ``impressions.parquet``: ``event_id`` of every impression with ``p_looked``, ``p_open`` (looking
  included) and ``p_complete`` (given that it was opened) at that very moment.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from recsys.errors import DatasetError
from recsys.simulator.config import FORMATS_IN_USE, LANGUAGES, Policy, Response, Scenario
from recsys.simulator.phrases import TOPICS
from recsys.simulator.response import complete_utility, looked_at, open_utility, sigmoid
from recsys.simulator.traits import TYPES, Records

__all__ = ["IMPRESSION_SCHEMA", "Truth", "impression_table", "load_truth", "save_truth"]

IMPRESSION_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("p_looked", pa.float32()),
        ("p_open", pa.float32()),
        ("p_complete", pa.float32()),
    ]
)


@dataclass(frozen=True, slots=True)
class Truth:
    """Hidden records and coefficients; answers for any employee, content, format and position."""

    employee_ids: Sequence[str]
    content_ids: Sequence[str]
    traits: Records
    facts: Records
    response: Response
    policy: Policy
    about: Mapping[str, Any]
    """The rest of ``truth.json``."""

    def p_open(
        self,
        employee: int,
        content: int,
        form: str,
        *,
        position: int = 1,
        age_hours: float = 0.0,
        colleagues: float = 0.0,
    ) -> float:
        """Return P(open | impression), looking included; indices into the id lists.

        ``colleagues`` is the decayed number of reads in the own team (half-life
        ``response.colleagues_half_life_hours``).
        """
        utility = open_utility(
            self.response, self.traits[employee], self.facts[content],
            FORMATS_IN_USE.index(form), age_hours, colleagues,
        )  # fmt: skip
        return looked_at(self.response, position) * sigmoid(utility)

    def p_complete(self, employee: int, content: int, form: str, *, mobile: bool = False) -> float:
        """Return P(completed | opened); a format the content lacks is taken at usual length."""
        story = self.facts[content].copy()
        index = FORMATS_IN_USE.index(form)
        if (story["rendition"][:, index] < 0).all():
            story["log_length"][index] = 0.0
        return sigmoid(complete_utility(self.response, self.traits[employee], story, index, mobile))


def save_truth(
    directory: Path,
    scenario: Scenario,
    traits: Records,
    facts: Records,
    ids: Mapping[str, Sequence[str]],
    extra: Mapping[str, Any],
) -> None:
    """Write everything but the impressions; ``ids`` holds ``employees`` and ``contents``."""
    world = asdict(scenario.world)
    about = {
        "seed": scenario.seed,
        "employees": scenario.employees,
        "days": scenario.days,
        "start": scenario.start.isoformat(),
        "world": world | {
            "response": scenario.world.response._asdict(),
            "policy": scenario.world.policy._asdict(),
        },
        "axes": {"topics": TOPICS, "formats": FORMATS_IN_USE, "languages": LANGUAGES},
        "behavioural_types": TYPES,
    }  # fmt: skip
    _write_json(directory / "truth.json", about | dict(extra))
    _write_json(directory / "employee_ids.json", list(ids["employees"]))
    _write_json(directory / "content_ids.json", list(ids["contents"]))
    np.save(directory / "traits.npy", traits, allow_pickle=False)
    np.save(directory / "facts.npy", facts, allow_pickle=False)


def load_truth(directory: Path) -> Truth:
    """Read a truth directory; :class:`DatasetError` if it is none."""
    if not (directory / "truth.json").is_file():
        raise DatasetError(
            f"{directory} holds no truth.json; pass the directory beside a simulated dataset"
        )
    about = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    return Truth(
        employee_ids=json.loads((directory / "employee_ids.json").read_text(encoding="utf-8")),
        content_ids=json.loads((directory / "content_ids.json").read_text(encoding="utf-8")),
        traits=np.load(directory / "traits.npy", allow_pickle=False),
        facts=np.load(directory / "facts.npy", allow_pickle=False),
        response=Response(**about["world"]["response"]),
        policy=Policy(**about["world"]["policy"]),
        about=about,
    )


def impression_table(rows: Records, event_ids: pa.Array) -> pa.Table:
    """Return the true probabilities of the impressions among log rows."""
    shown = ~np.isnan(rows["p_open"])
    columns = {name: rows[name][shown] for name in ("p_looked", "p_open", "p_complete")}
    return pa.table({"event_id": event_ids.filter(pa.array(shown)), **columns}, IMPRESSION_SCHEMA)


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
