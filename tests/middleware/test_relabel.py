"""``relabel``: names of labels and types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.middleware import build
from drasi_nb.values.change import Change


@pytest.mark.parametrize("op", ["insert", "update", "delete"])
@pytest.mark.parametrize(
    ("names", "labels", "expected"),
    [
        ({"A": "B"}, "A", "B"),
        ({"A": "B"}, "C", "C"),
        ({"A": "B"}, "C|A", "C|B"),
        ({"A": "B", "B": "A"}, "A|B", "B|A"),
        ({"A": "B"}, "A|B", "B"),
        ({"A": "B", "B": "C"}, "A", "B"),
        ({"A": "B"}, None, None),
    ],
)
def test_labels(step: Any, op: str, names: Any, labels: str | None, expected: Any) -> None:
    made = step({"kind": "relabel", "labelMappings": names})(op, "n", labels, {"x": 1})
    assert made == [(op, "n", expected, {"x": 1})]


def test_a_relation_keeps_its_ends(step: Any) -> None:
    relabel = step({"kind": "relabel", "config": {"labelMappings": {"R": "S"}}})
    assert relabel("insert", "r", "R", {}, 1, 2) == [("insert", "r", "S", {}, 1, 2)]


names = st.sampled_from("ABCD")


@given(st.permutations("ABCD"), st.lists(names, unique=True))
def test_a_permutation_has_a_way_back(there: list[str], labels: list[str]) -> None:
    pairs = dict(zip("ABCD", there, strict=True))
    change = Change("insert", "n", tuple(labels))

    def applied(names: dict[str, str], change: Change) -> Change:
        config = {"kind": "relabel", "name": "r", "labelMappings": names}
        (made,) = build(config, place="m")[1](change)
        return made

    back = {new: old for old, new in pairs.items()}
    assert applied(back, applied(pairs, change)) == change
