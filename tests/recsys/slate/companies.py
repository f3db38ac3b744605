"""Small companies made of rows, and engines over them that need no training."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np

from recsys.answers import FeedRequest, Slate
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.engine import DEFAULT_LATENESS, Engine
from recsys.features.matrix import FEATURE_NAMES
from recsys.model import Model
from recsys.ranker.calibration import Calibration
from recsys.ranker.ranker import Ranker
from recsys.state.live import LiveState
from recsys.text.vectors import TextModel
from recsys.times import NO_TIME, to_micros

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Row = dict[str, Any]

NO_RANKER = Model(None, TextModel.empty(), None, AT, version="none")
"""Without a ranker: contents are ordered by readers of the last hours, then newest first."""


def judging(**worth: float) -> Model:
    """Return a model whose score is the sum of the ``worth`` of features that are above 0.5."""
    names = list(FEATURE_NAMES)
    trees = [
        f"Tree={n}\nnum_leaves=2\nnum_cat=0\nsplit_feature={names.index(name)}\nthreshold=0.5\n"
        # Missing is NaN, and goes left.
        f"decision_type=10\nleft_child=-1\nright_child=-2\nleaf_value=0 {value}\nis_linear=0\n"
        "shrinkage=1\n\n\n"
        for n, (name, value) in enumerate(worth.items())
    ]
    head = {
        "version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0",
        "max_feature_idx": f"{len(names) - 1}", "objective": "regression",
        "feature_names": " ".join(names), "feature_infos": " ".join(["[-1:1]"] * len(names)),
        "tree_sizes": " ".join(str(len(tree)) for tree in trees),
    }  # fmt: skip
    text = "".join(f"{key}={value}\n" for key, value in head.items())
    calibration = Calibration(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]))
    ranker = Ranker(f"tree\n{text}\n{''.join(trees)}end of trees\n", calibration)
    return Model(ranker, TextModel.empty(), None, AT, version="hand-made")


def engine_of(*, model: Model = NO_RANKER, **tables: Sequence[Row]) -> Engine:
    """Return an engine at ``AT`` over rows that must all be good."""
    catalogue = Catalogue()
    frames = {name: checked_rows(name, rows) for name, rows in tables.items()}
    for name, (frame, rejects) in frames.items():
        assert not rejects, rejects
        if name != "events":
            catalogue.upsert(name, frame, valid_from=NO_TIME)
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    if "events" in frames:
        state.observe(catalogue.encode(frames["events"][0]))
    state.advance(to_micros(AT))
    return Engine(model, state, [])


def content(content_id: str, **columns: Any) -> Row:  # any column
    """Return a content of yesterday; ``columns`` replace what it has."""
    return {
        "content_id": content_id,
        "title": f"On {content_id}",
        "published_at": AT - DAY,
    } | columns


def aged(*content_ids: str, **columns: Any) -> list[Row]:  # any column
    """Return contents of yesterday, the first ones newest: the order of a feed without readers."""
    return [
        content(name, published_at=AT - DAY - timedelta(minutes=n), **columns)
        for n, name in enumerate(content_ids)
    ]


def event(kind: str, content_id: str, person: str = "e0", **columns: Any) -> Row:  # any column
    """Return an event of two hours ago, when showings count already; its id is made of it all."""
    row = {
        "event_type": kind, "employee_id": person, "content_id": content_id,
        "occurred_at": AT - 2 * HOUR,
    } | columns  # fmt: skip
    return {"event_id": blake2b(repr(sorted(row.items())).encode()).hexdigest()} | row


def shown(content_id: str, times: int, person: str = "e0") -> list[Row]:
    """Return as many showings, one an hour, the last one two hours ago."""
    return [
        event("impression", content_id, person, occurred_at=AT - (2 + n) * HOUR)
        for n in range(times)
    ]


def people(*employee_ids: str, **columns: Any) -> list[Row]:  # any column
    """Return employees who have been there since ever."""
    return [
        {"employee_id": name, "department": "plant", "valid_from": "2020-01-01"} | columns
        for name in employee_ids
    ]


def request(person: str = "e0", **more: Any) -> FeedRequest:  # any field
    """Return a request at ``AT``."""
    return FeedRequest(person, more.pop("at", AT), **more)


def feed(engine: Engine, person: str = "e0", **more: Any) -> Slate:  # any field of a request
    """Return a feed at ``AT``."""
    return engine.feed(request(person, **more))


def ids(slate: Slate) -> list[str]:
    """Return the contents of a slate in order."""
    return [item.content_id for item in slate.items]


def effect(engine: Engine, rule: str, content_id: str, person: str = "e0", **more: Any) -> float:
    """Return the factor a rule gave to a content, 1 if none that is worth a word."""
    found = engine.explain(request(person, **more), content_id)
    return next((e.factor for e in found.effects if e.rule == rule), 1.0)


def mandatory(content_ids: Iterable[str], **columns: Any) -> list[Row]:  # any column
    """Return must-reads that want to be acknowledged."""
    wish: Row = {"mandatory": True, "ack_required": True}
    return [content(name, **(wish | columns)) for name in content_ids]
