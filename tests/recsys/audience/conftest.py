"""Random rules, and people to ask about."""

from typing import Any

from hypothesis import strategies as st

VALUES: dict[str, list[str]] = {
    "department": ["sales", "plant", "it"],
    "departments": ["sales", "sales;plant", "it;sales"],
    "hire_month": ["2023-11", "2024-04", "2025-01"],
    "grade_band": ["2", "10", "10.5", "m1"],
    "has_pc": ["true", "false"],
    "floor": ["3", "12", "-1", "G"],
}
"""What people of the tests have, or have not; ``floor`` is a column of the company's own."""

SEGMENTS = ("deep_reader", "watcher")

_TEXT = st.sampled_from(sorted({p for vs in VALUES.values() for v in vs for p in v.split(";")}))
_VALUE = _TEXT | st.integers(-2, 13) | st.sampled_from([3.0, 10.5])
_NAME = st.sampled_from([name for name in VALUES if name != "has_pc"] + ["unheard of"])
_RANGE = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), _VALUE, min_size=1)


def _comparisons(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    segment = st.sampled_from(names)
    short = st.dictionaries(_NAME, _VALUE | st.lists(_VALUE, max_size=3) | _RANGE, max_size=2)
    return st.one_of(
        short,
        st.fixed_dictionaries({"eq": st.dictionaries(_NAME, _VALUE, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"in": st.dictionaries(_NAME, st.lists(_VALUE), min_size=1)}),
        st.fixed_dictionaries({"range": st.dictionaries(_NAME, _RANGE, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"has_pc": st.sampled_from([True, False, "true", ["false"]])}),
        st.fixed_dictionaries({"segment": segment | st.lists(segment, max_size=2)}),
        st.fixed_dictionaries({"eq": st.fixed_dictionaries({"segment": segment})}),
    )


def rules(names: tuple[str, ...] = SEGMENTS) -> st.SearchStrategy[Any]:
    """Return a strategy of well-formed rules that mention segments of these names."""
    return st.recursive(
        _comparisons(names),
        lambda parts: st.one_of(
            st.fixed_dictionaries({"all": st.lists(parts, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(parts, max_size=3)}),
            st.fixed_dictionaries({"not": parts}),
        ),
        max_leaves=8,
    )


PEOPLE: st.SearchStrategy[list[dict[str, str]]] = st.lists(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
    ),
    min_size=1,
    max_size=12,
)
