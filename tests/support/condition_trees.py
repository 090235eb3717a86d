"""Random trees of conditions and random facts, for whoever must agree on what they come to."""

from typing import Any

from hypothesis import strategies as st

from gantry_formats.conditions import tree as trees

OPTIONS = ("a", "b", "toString", "__proto__", "élan")
PARAMETERS = ("wavelength", "Emission wavelength", "constructor")
FACTS = ("files.count", "files.size", "array.axes")
SLOTS = ("stack", "psf")
DIMENSIONS = ("", "length", "time", "bytes")
TEXTS = ("", "a", "it's", "2026-11-30", "2026-11-31x", "2025-01-01", "𝔘", "\u202e", "__proto__", "é")

numbers = st.one_of(
    st.sampled_from([0, 1, -1, 2, 0.5, -0.5, 1e-9, 1e300, -1e300, 4.88e-07, 488e-9, 0.1 + 0.2, 0.3, 2**53, -0.0]),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100),
)
sizes = st.builds(
    lambda number, dimension: {"number": number, "dimension": dimension}, numbers, st.sampled_from(DIMENSIONS)
)
plain = st.one_of(st.none(), st.booleans(), st.sampled_from(TEXTS), numbers, sizes)
values = st.one_of(plain, st.lists(plain, max_size=3), st.builds(dict, number=st.just("x")))


def _named(op: str, names: tuple[str, ...], *slots: str) -> st.SearchStrategy[dict[str, Any]]:
    name = st.sampled_from(names)
    if not slots:
        return name.map(lambda one: {"op": op, "name": one})
    return st.builds(lambda one, slot: {"op": op, "slot": slot, "name": one}, name, st.sampled_from(slots))


leaves = st.one_of(
    plain.map(lambda value: {"op": "value", "value": value}),
    _named("option", OPTIONS),
    _named("parameter", PARAMETERS, *SLOTS),
    _named("fact", FACTS, *SLOTS),
)


def _more(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def of(op: str) -> st.SearchStrategy[dict[str, Any]]:
        least, most = (0, 4) if op == "list" else trees.OPERATORS[op]
        return st.lists(parts, min_size=least, max_size=min(most, 4)).map(lambda them: {"op": op, "of": them})

    return st.sampled_from(["list", *trees.OPERATORS]).flatmap(of)


any_tree = st.recursive(leaves, _more, max_leaves=14)
any_facts = st.fixed_dictionaries(
    {
        "options": st.dictionaries(st.sampled_from(OPTIONS), values, max_size=4),
        "parameters": st.dictionaries(
            st.sampled_from(SLOTS), st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=3)
        ),
        "facts": st.dictionaries(
            st.sampled_from(SLOTS), st.dictionaries(st.sampled_from(FACTS), values, max_size=3)
        ),
    }
)
