"""JSONPath as Drasi reads it; the first cases were run through drasi-lib 0.3.0."""

from __future__ import annotations

from typing import Any

import pytest

from drasi_nb.middleware.paths import Path

TREE = {
    "src": "x", "n": 2,
    "arr": [{"id": "a1", "v": 1}, {"id": "a2", "v": 5}],
    "obj": {"id": "o", "v": 7, "sub": {"id": "sub", "v": 9}},
    "a b": 1, "none": None, "min": 3,
}  # fmt: skip
FOUND: list[tuple[str, list[Any]]] = [
    ("$", [TREE]),
    ("$[?(@.src == 'x')]", [TREE]),
    ("$[?(@.src == 'y')]", []),
    ("$.obj[?(@.v > 3)]", [TREE["obj"]]),
    ("$.obj[?(@.id == 'sub')]", []),
    ("$.arr[?(@.v > 3)]", [{"id": "a2", "v": 5}]),
    ("$.arr[?(@.v in [1, 2])]", [{"id": "a1", "v": 1}]),
    ("$.arr[?(@.id =~ /a./)].v", [1, 5]),
    ("$.arr[?(@.v > $.min)].id", ["a2"]),
    ("$.n[?(@ > 1)]", [2]),
    ("$.arr[-1:].id", ["a2"]),
    ("$.arr[0,1].id", ["a1", "a2"]),
    ("$.arr[*].id", ["a1", "a2"]),
    ("$['a b']", [1]),
    ("$.none", [None]),
    ("$.none.x", []),
    ("$.src.x", []),
    ("$.missing", []),
    ("$.obj[~?@ == 7]", ["v"]),
    ("$..v", [1, 5, 7, 9]),
    ("$..[?(@.v == 5)].id", ["a2"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), FOUND)
def test_found(text: str, found: list[Any]) -> None:
    path = Path(text)
    assert sorted(map(repr, path.all(TREE))) == sorted(map(repr, found))
    assert path.first(TREE) == (path.all(TREE)[0] if found else None)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("$.a", "a"),
        ("$.a.b[*]", "a"),
        ("$.a..b", "a"),
        ("$.a[?(@.x == 1)]", "a"),
        ("$['$in_node']", "$in_node"),
        ("$['$metadata'].labels[0]", "$metadata"),
        ("$", None),
        ("$.*", None),
        ("$..a", None),
        ("$['a', 'b']", None),
        ("$.a[?(@.x == $.b)]", None),
        ("$['$selected'].x", None),
        ("$.a | $.b", None),
    ],
)
def test_the_property_that_a_path_reads(text: str, root: str | None) -> None:
    assert Path(text).root == root


@pytest.mark.parametrize("value", ["text", '{"id": 1}', "[1", 5, None, True])
def test_an_item_need_not_be_a_tree(value: Any) -> None:
    assert Path("$").all(value) == [value]
    assert Path("$.id").all(value) == []
    assert Path("$[*]").all(value) == []
