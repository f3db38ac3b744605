"""Results of analyses as DESIGN §8 has them, by hand and at random."""

from typing import Any

from hypothesis import strategies as st

Entry = dict[str, Any]

NUMBERS = (
    "control_mean", "treatment_mean", "effect", "se", "effect_ci", "p_value", "rel_effect",
    "rel_effect_ci", "adjusted_p_value", "n_clusters", "permutation_p_value", "decision_p_value",
    "decision_ci",
)  # fmt: skip


def entry(metric: str, variant: str, control: float, low: float, high: float, p: float) -> Entry:
    """Return a computable entry whose effect lies in the middle of its interval."""
    effect = (low + high) / 2
    relative = effect / control if control else None
    return {
        "metric": metric, "variant": variant, "control_mean": control,
        "treatment_mean": control + effect, "effect": effect, "se": (high - low) / 3.92,
        "effect_ci": [low, high], "p_value": p, "rel_effect": relative, "rel_effect_ci": None,
        "method": "welch", "adjusted_p_value": p, "n_clusters": None, "permutation_p_value": None,
        "decision_p_value": p, "decision_ci": [low, high], "computable": True, "reason": None,
    }  # fmt: skip


def silent(metric: str, variant: str, reason: str | None) -> Entry:
    """Return an entry that could not be computed."""
    blank: Entry = dict.fromkeys(NUMBERS)
    named = {"metric": metric, "variant": variant, "method": "welch"}
    return blank | named | {"computable": False, "reason": reason}


def result(*entries: Entry, flag: bool = False, **more: object) -> dict[str, Any]:
    """Return a result over a control ``a`` and the variants of ``entries``."""
    arms = dict.fromkeys(["a", *(e["variant"] for e in entries)], 200)
    p_value = 1e-9 if flag else 0.7
    return {
        "n_units": arms, "randomisation_unit": "employee_id",
        "srm": {"p_value": p_value, "flag": flag, "unit": "employee_id"},
        "metrics": list(entries), "excluded": [], "warnings": [],
    } | more  # fmt: skip


hostile = st.one_of(
    st.sampled_from(
        ["<script>alert(1)</script>", "\u202egpj.exe", "{variant}{0}", "%s%n", '"><img src=x>', "",
         "x" * 500, "مرحبا", "日本語", "a&b;", "]]>", "{{ 7 * 7 }}"]
    ),
    st.text(max_size=20),
)  # fmt: skip
numbers = st.floats(allow_nan=False, allow_infinity=False)
shares = st.none() | st.floats(0, 1)
ends = st.none() | numbers
intervals = st.none() | st.tuples(ends, ends).map(
    lambda pair: sorted(pair) if None not in pair else list(pair)  # type: ignore[type-var]
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Draw any entry: also numbers that cannot belong together."""
    if not draw(st.booleans()):
        return silent(draw(hostile), draw(hostile), draw(st.none() | hostile))
    drawn = entry(draw(hostile), draw(hostile), draw(numbers), 0.0, 1.0, 0.5)
    drawn |= {
        "effect": draw(numbers), "rel_effect": draw(ends), "decision_ci": draw(intervals),
        "decision_p_value": draw(shares), "adjusted_p_value": draw(shares),
        "n_clusters": draw(st.none() | st.integers(0, 10**6)), "method": draw(hostile),
    }  # fmt: skip
    return drawn


results = st.builds(
    lambda metrics, arms, srm, excluded, warnings: {
        "n_units": arms, "randomisation_unit": "id", "srm": srm, "metrics": metrics,
        "excluded": excluded, "warnings": warnings,
    },
    st.lists(entries(), max_size=5),
    st.dictionaries(hostile, st.integers(0, 10**7), max_size=4),
    st.fixed_dictionaries({"p_value": shares, "flag": st.booleans(), "unit": hostile}),
    st.lists(hostile | st.dictionaries(st.sampled_from(["cause", "count", "column"]), hostile)),
    st.lists(hostile, max_size=3),
)  # fmt: skip
