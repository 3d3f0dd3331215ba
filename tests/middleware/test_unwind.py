"""``unwind``: the children are the items of the list, whatever happened before."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import Pipeline, build
from drasi_nb.values.change import Change

ORDER = [{"selector": "$.items[*]", "label": "Item", "key": "$.k", "relation": "HAS"}]
PLAIN = [{"selector": "$.items[*]", "label": "Item"}]
CHILD = "$unwind-$.items[*]-o-"


def _items(*items: Any) -> dict[str, Any]:
    return {"items": list(items)}


def test_children_come_before_the_parent(step: Any) -> None:
    made = step({"kind": "unwind", "Order": ORDER})(
        "insert", "o", "Order", _items({"k": "a", "n": 1})
    )
    assert made == [
        ("insert", f"{CHILD}a", "Item", {"k": "a", "n": 1}),
        ("insert", f"{CHILD}a$rel", "HAS", {}, "o", f"{CHILD}a"),
        ("insert", "o", "Order", {"items": [{"k": "a", "n": 1}]}),
    ]


FIRST = _items({"k": "a", "n": 1}, {"k": "b", "n": 2})
AFTER: list[tuple[str, tuple[Any, ...], list[tuple[Any, ...]]]] = [
    ("an item changes", ("update", "o", "Order", _items({"k": "a", "n": 5}, {"k": "b", "n": 2})),
     [("update", "a", "Item", {"k": "a", "n": 5})]),
    ("an item loses a property", ("update", "o", None, _items({"k": "a"}, {"k": "b", "n": 2})),
     [("update", "a", "Item", {"k": "a", "n": None})]),
    ("an item goes, one comes", ("update", "o", None, _items({"k": "b", "n": 2}, {"k": "c"})),
     [("delete", "a$rel", "HAS", {}), ("delete", "a", "Item", {}), ("insert", "c", "Item", {"k": "c"}),
      ("insert", "c$rel", "HAS", {}, "o", "c")]),
    ("the order changes", ("update", "o", None, _items({"k": "b", "n": 2}, {"k": "a", "n": 1})), []),
    ("an integer becomes a float", ("update", "o", None, _items({"k": "a", "n": 1.0}, {"k": "b", "n": 2})),
     [("update", "a", "Item", {"k": "a", "n": 1.0})]),
    ("the list is not mentioned", ("update", "o", None, {"other": 1}), []),
    ("the list is removed", ("update", "o", None, {"items": None}),
     [("delete", "a$rel", "HAS", {}), ("delete", "a", "Item", {}), ("delete", "b$rel", "HAS", {}), ("delete", "b", "Item", {})]),
    ("the label goes", ("update", "o", "Archive", {}),
     [("delete", "a$rel", "HAS", {}), ("delete", "a", "Item", {}), ("delete", "b$rel", "HAS", {}), ("delete", "b", "Item", {})]),
    ("the parent goes, without labels", ("delete", "o"),
     [("delete", "a$rel", "HAS", {}), ("delete", "a", "Item", {}), ("delete", "b$rel", "HAS", {}), ("delete", "b", "Item", {})]),
    ("the parent is inserted again", ("insert", "o", "Order", _items({"k": "b", "n": 3})),
     [("delete", "a$rel", "HAS", {}), ("delete", "a", "Item", {}), ("update", "b", "Item", {"k": "b", "n": 3})]),
    ("another parent goes", ("delete", "p", "Order"), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_what", "second", "expected"), AFTER, ids=[case[0] for case in AFTER]
)
def test_the_second_change(step: Any, _what: str, second: Any, expected: Any) -> None:
    unwound = step({"kind": "unwind", "Order": ORDER})
    unwound("insert", "o", "Order", FIRST)
    *children, parent = unwound(*second)
    assert [
        tuple(part.removeprefix(CHILD) if isinstance(part, str) else part for part in child)
        for child in children
    ] == expected
    assert parent[:2] == second[:2]


ITEMS: list[tuple[str, Any, list[tuple[str, dict[str, Any]]]]] = [
    ("without a key the position", [{"a": 1}, {"a": 2}], [("0", {"a": 1}), ("1", {"a": 2})]),
    ("a text key", [{"k": "x"}], [("x", {"k": "x"})]),
    ("an integer key", [{"k": 7}], [("7", {"k": 7})]),
    ("no key for a boolean", [{"k": True}], [("0", {"k": True})]),
    ("of two with one key the last", [{"k": "x", "a": 1}, {"k": "x", "a": 2}], [("x", {"k": "x", "a": 2})]),
    ("a scalar", ["red", None, 3], [("0", {"value": "red"}), ("1", {}), ("2", {"value": 3})]),
    ("an inner list", [[1, 2]], [("0", {"value": [1, 2]})]),
    ("an empty list", [], []),
    ("no list", 5, []),
    ("a map gives its values", {"p": {"k": "y"}}, [("y", {"k": "y"})]),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "items", "expected"), ITEMS, ids=[case[0] for case in ITEMS])
def test_items(step: Any, _what: str, items: Any, expected: Any) -> None:
    rule = {"selector": "$.items[*]", "label": "Item", "key": "$.k"}
    *made, _ = step({"kind": "unwind", "Order": [rule]})(
        "insert", "o", "Order", {"items": items}
    )
    assert [(one[1].removeprefix(CHILD), one[3]) for one in made] == expected


def test_other_elements_pass(step: Any) -> None:
    unwound = step({"kind": "unwind", "Order": ORDER})
    for change in (
        ("insert", "x", "Room", FIRST),
        ("update", "y", None, FIRST),
        ("delete", "z", None),
    ):
        assert [made[:2] for made in unwound(*change)] == [change[:2]]


def test_a_condition_that_turns_false_takes_the_children_away(step: Any) -> None:
    rule = {**PLAIN[0], "condition": "$[?(@.open == true)]"}
    unwound = step({"kind": "unwind", "Order": [rule]})
    assert len(unwound("insert", "o", "Order", {**_items({}), "open": True})) == 2
    assert unwound("update", "o", None, {"open": False})[0][0] == "delete"
    assert unwound("update", "o", None, {"open": True})[0] == (
        "insert",
        f"{CHILD}0",
        "Item",
        {},
    )


def test_a_removed_property_is_no_longer_selected(step: Any) -> None:
    unwound = step({"kind": "unwind", "Order": [{**PLAIN[0], "condition": "$.open"}]})
    assert len(unwound("insert", "o", "Order", {**_items({}), "open": False})) == 2
    assert unwound("update", "o", None, {"open": None})[0][0] == "delete"


def test_a_label_that_changes_moves_the_children(step: Any) -> None:
    other = {**ORDER[0], "label": "Old", "relation": "HAD"}
    unwound = step({"kind": "unwind", "Order": ORDER, "Archive": [other]})
    unwound("insert", "o", "Order", _items({"k": "a"}))
    assert unwound("update", "o", "Archive")[:-1] == [
        ("delete", f"{CHILD}a$rel", "HAS", {}),
        ("update", f"{CHILD}a", "Old", {"k": "a"}),
        ("insert", f"{CHILD}a$rel", "HAD", {}, "o", f"{CHILD}a"),
    ]


def test_the_time_of_the_children_is_that_of_the_change() -> None:
    _, unwound = build({"kind": "unwind", "name": "u", "Order": ORDER}, place="m")
    made = unwound(Change("insert", "o", ("Order",), FIRST, effective_from=5))
    assert {change.effective_from for change in made} == {5}


@pytest.mark.parametrize(
    ("rules", "changes", "reason"),
    [
        ({"A": PLAIN, "B": PLAIN}, [("insert", "o", "A|B", _items({}))], "two rules make the child"),
        ({"A": [{**PLAIN[0], "key": "$.k"}]},
         [("insert", "o", "A", _items({"k": "1-x"})), ("insert", "o-1", "A", _items({"k": "x"}))],
         "is one of 'o' already"),
        ({"R": ORDER}, [("insert", "r", "R", _items({}), "a", "b")], "a relation cannot be the start of 'HAS'"),
    ],
)  # fmt: skip
def test_what_cannot_be_unwound_is_refused(
    step: Any, rules: Any, changes: Any, reason: str
) -> None:
    unwound = step({"kind": "unwind", **rules})
    for change in changes[:-1]:
        unwound(*change)
    with pytest.raises(ChangeError, match=f"middleware 'm': .*{reason}"):
        unwound(*changes[-1])
    assert unwound("insert", "fresh", "Room") == [("insert", "fresh", "Room", {})]


class Graph:
    """What a store makes of changes: inserts replace, updates merge, null removes."""

    def __init__(self) -> None:
        self.elements: dict[Any, tuple[tuple[str, ...], dict[str, Any], Any]] = {}

    def apply(self, change: Change) -> None:
        known = self.elements.get(change.id)
        if change.op == "delete":
            self.elements.pop(change.id, None)
            return
        labels, properties = tuple(change.labels or ()), dict(change.properties)
        ends = (change.start_id, change.end_id)
        if change.op == "update" and known is not None:
            labels = known[0] if change.labels is None else labels
            properties = {**known[1], **properties}
            ends = known[2] if change.start_id is None else ends
        kept = {name: value for name, value in properties.items() if value is not None}
        self.elements[change.id] = (labels, kept, ends)

    def children(self) -> dict[Any, Any]:
        return {
            key: one for key, one in self.elements.items() if str(key).startswith("$unwind")
        }

    def expected(self) -> dict[Any, Any]:
        """The children that the parents' lists ask for, worked out anew."""
        out: dict[Any, Any] = {}
        for key, (labels, properties, _) in self.elements.items():
            if "Order" in labels and not str(key).startswith("$unwind"):
                for item in properties.get("items", []):
                    child = f"$unwind-$.items[*]-{key}-{item['k']}"
                    kept = {name: value for name, value in item.items() if value is not None}
                    out[child] = (("Item",), kept, (None, None))
                    out[f"{child}$rel"] = (("HAS",), {}, (key, child))
        return out


items = st.lists(
    st.fixed_dictionaries(
        {"k": st.sampled_from("abc")}, optional={"n": st.sampled_from([1, 1.0, 2, None, True])}
    ),
    max_size=3,
)
properties = st.fixed_dictionaries(
    {}, optional={"items": st.none() | items, "other": st.integers(0, 1)}
)
changes = st.builds(
    Change,
    st.sampled_from(["insert", "update", "update", "delete"]),
    st.sampled_from(["o", "p"]),
    st.sampled_from([("Order",), ("Order",), ("Room",), None]),
    properties,
)


def _refuse_some(change: Change) -> Change:
    if change.properties.get("n") is True:
        raise ValueError("true is refused")
    return change


@given(history=st.lists(changes, max_size=12), refuses=st.booleans())
def test_children_are_the_items_after_every_change(
    history: list[Change], refuses: bool
) -> None:
    """Inserts, updates, deletes in any order, also where a later step refuses some."""
    steps = [build({"kind": "unwind", "name": "u", "Order": ORDER}, place="m")]
    if refuses:
        steps.append(build(_refuse_some, place="m"))
    pipeline, graph = Pipeline(steps), Graph()
    for change in history:
        own = copy.deepcopy(change)
        try:
            made = pipeline(own)
        except ChangeError:
            assert refuses
            continue
        for one in made:
            graph.apply(one)

        assert graph.children() == graph.expected()
        assert own == change
