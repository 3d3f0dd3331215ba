"""``map``: what each key of a rule does."""

from __future__ import annotations

from typing import Any

import pytest

from drasi_nb.errors import ChangeError

SENSORS = [
    {"name": "door", "value": "4.5"},
    {"name": "window", "value": "21"},
]
EVENT = {
    "sensors": SENSORS,
    "extra": {"place": "roof"},
    "roomId": "r1",
    "n": 3,
    "none": None,
}
MADE: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    ("nothing said", {}, [("insert", "t", "T", {})]),
    ("op", {"op": "Update"}, [("update", "t", "T", {})]),
    ("op delete", {"op": "Delete", "properties": {"a": "$.n"}}, [("delete", "t", "T", {})]),
    ("label", {"label": "V"}, [("insert", "t", "V", {})]),
    ("id", {"id": "$.roomId"}, [("insert", "r1", "T", {})]),
    ("an integer id stays one", {"id": "$.n"}, [("insert", 3, "T", {})]),
    ("no id, no change", {"id": "$.missing"}, []),
    ("a null id, no change", {"id": "$.none"}, []),
    ("properties", {"properties": {"a": "$.n", "b": "$.missing", "c": "$.extra", "d": "$.none"}},
     [("insert", "t", "T", {"a": 3, "c": {"place": "roof"}, "d": None})]),
    ("the first match", {"properties": {"a": "$.sensors[*].value"}}, [("insert", "t", "T", {"a": "4.5"})]),
    ("a filter on the element tests it", {"selector": "$[?(@.extra.place == 'roof')]"},
     [("insert", "t", "T", {})]),
    ("a filter that fails", {"selector": "$[?(@.extra.place == 'else')]"}, []),
    ("one for each selected", {"selector": "$.sensors[*]", "id": "$['$selected'].name",
      "properties": {"v": "$['$selected'].value", "of": "$.roomId"}},
     [("insert", "door", "T", {"v": "4.5", "of": "r1"}),
      ("insert", "window", "T", {"v": "21", "of": "r1"})]),
    ("selected is the element by default", {"properties": {"n": "$['$selected'].n"}},
     [("insert", "t", "T", {"n": 3})]),
    ("condition", {"condition": "$[?(@.n > 2)]"}, [("insert", "t", "T", {})]),
    ("condition fails", {"condition": "$[?(@.n > 3)]"}, []),
    ("condition on the selected", {"selector": "$.sensors[*]", "condition": "$['$selected'][?(@.value == '21')]",
      "id": "$['$selected'].value"}, [("insert", "21", "T", {})]),
    ("a null is selected", {"condition": "$.none"}, [("insert", "t", "T", {})]),
    ("relation", {"elementType": {"Relation": {"inNodeId": "$.roomId", "outNodeId": "$.n"}}, "label": "R"},
     [("insert", "t", "R", {}, "r1", 3)]),
    ("no end, no change", {"elementType": {"Relation": {"inNodeId": "$.roomId", "outNodeId": "$.x"}}}, []),
    ("metadata", {"properties": {"id": "$['$metadata'].elementId", "l": "$['$metadata'].labels[0]"}},
     [("insert", "t", "T", {"id": "t", "l": "T"})]),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "rule", "expected"), MADE, ids=[case[0] for case in MADE])
def test_a_rule(step: Any, _what: str, rule: dict[str, Any], expected: Any) -> None:
    assert step({"kind": "map", "T": {"insert": [rule]}})("insert", "t", "T", EVENT) == expected


def test_rules_go_by_label_and_op(step: Any) -> None:
    rules = {
        "A": {"insert": [{"label": "X"}, {"label": "Y"}], "update": []},
        "B": {"insert": [{"label": "Z"}], "delete": [{"label": "Z"}]},
    }
    mapped = step({"kind": "map", "mappings": rules})
    assert [made[2] for made in mapped("insert", "1", "A")] == ["X", "Y"]
    assert [made[2] for made in mapped("insert", "2", "C|B|A")] == ["Z", "X", "Y"]
    assert mapped("insert", "3", "C") == []
    assert mapped("update", "1", "A") == []
    assert mapped("delete", "1", "A") == []
    assert mapped("delete", "2", "B") == [("delete", "2", "Z", {})]


EACH_OP = {"id": "$.to", "label": "X", "properties": {"v": "$.v"}}
RULES = {"T": {"insert": [EACH_OP], "update": [EACH_OP], "delete": [EACH_OP]}}


def test_a_delete_is_seen_with_the_element_as_it_was(step: Any) -> None:
    mapped = step({"kind": "map", **RULES})
    mapped("insert", "t", "T", {"to": "x", "v": 1})
    mapped("update", "t", "T", {"to": "y"})
    assert mapped("delete", "t") == [("delete", "y", "X", {})]
    assert mapped("delete", "t") == []
    assert mapped("delete", "unknown", "T") == []


def test_an_update_has_the_labels_of_its_element_and_its_own_properties(step: Any) -> None:
    mapped = step({"kind": "map", **RULES})
    mapped("insert", "t", "T", {"to": "x", "v": 1})
    assert mapped("update", "t", None, {"to": "y"}) == [("update", "y", "X", {})]
    assert mapped("update", "t", None, {"v": 2}) == []
    assert mapped("update", "t", "U", {"to": "y"}) == []
    assert mapped("update", "t", None, {"to": "y"}) == []


def test_a_relation_keeps_its_ends_and_shows_them(step: Any) -> None:
    rule = {"properties": {"a": "$['$in_node']", "b": "$['$out_node']"}}
    mapped = step({"kind": "map", "R": {"insert": [rule], "update": [rule], "delete": [rule]}})
    ends = {"a": "s", "b": "e"}
    assert mapped("insert", "r", "R", {}, "s", "e") == [("insert", "r", "R", ends, "s", "e")]
    assert mapped("update", "r", None, {"w": 1}) == [("update", "r", "R", ends, "s", "e")]
    assert mapped("update", "r", None, {}, "s", "f")[0][4:] == ("s", "f")
    assert mapped("delete", "r") == [("delete", "r", "R", {})]
    node = step({"kind": "map", "R": {"insert": [{"elementType": "Node"}]}})
    assert node("insert", "r", "R", {}, "s", "e") == [("insert", "r", "R", {})]


def test_an_update_that_makes_a_relation_of_a_node_replaces_it(step: Any) -> None:
    mapped = step({"kind": "map", **RULES})
    mapped("insert", "t", "T", {"to": "x"})
    mapped("update", "t", "T", {}, "s", "e")
    assert mapped("delete", "t") == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7.0, 7), (True, "true"), (1.5, "1.5"), ("7", "7"), (float("nan"), None)],
)
def test_ids_of_other_types(step: Any, value: Any, expected: Any) -> None:
    mapped = step({"kind": "map", "T": {"insert": [{"id": "$.a"}]}})
    made = mapped("insert", "t", "T", {"a": value})
    assert [(type(one[1]), one[1]) for one in made] == (
        [] if expected is None else [(type(expected), expected)]
    )


@pytest.mark.parametrize(
    ("value", "rule", "reason"),
    [
        ([1], {"id": "$.a"}, "id: a list is no id"),
        ({}, {"elementType": {"Relation": {"inNodeId": "$.a", "outNodeId": "$.a"}}}, "inNodeId: a map is no id"),
        ("x", {"elementType": {"Relation": {"inNodeId": "$.a", "outNodeId": "$.a"}}}, "a relation has one type"),
    ],
)  # fmt: skip
def test_what_is_no_change_is_refused(step: Any, value: Any, rule: Any, reason: str) -> None:
    mapped = step({"kind": "map", "T": {"insert": [rule]}})
    with pytest.raises(ChangeError, match=f"middleware 'm': {reason}"):
        mapped("insert", "t", "T|U", {"a": value})
