"""``jq``: what a program gives, and what becomes of its errors."""

from __future__ import annotations

from typing import Any

import pytest

from drasi_nb.errors import ChangeError
from drasi_nb.values.temporal.types import Date

pytest.importorskip("jq")

EVENT = {"n": 2, "list": [{"k": "a"}, {"k": "b"}], "name": "Ann"}
MADE: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    ("an object", {"query": "{n}"}, [("insert", "t", "T", {"n": 2})]),
    ("one for each item", {"query": ".list", "id": ".k"},
     [("insert", "a", "T", {"k": "a"}), ("insert", "b", "T", {"k": "b"})]),
    ("one for each output", {"query": ".list[]", "id": ".k", "op": "Update"},
     [("update", "a", "T", {"k": "a"}), ("update", "b", "T", {"k": "b"})]),
    ("nothing", {"query": "empty"}, []),
    ("an empty list", {"query": "[]"}, []),
    ("label", {"query": "{l: .name}", "label": ".l"}, [("insert", "t", "Ann", {"l": "Ann"})]),
    ("a constant label", {"query": "{n}", "label": '"V"'}, [("insert", "t", "V", {"n": 2})]),
    ("an integer id", {"query": "{n}", "id": ".n"}, [("insert", 2, "T", {"n": 2})]),
    ("a computed id", {"query": "{n}", "id": '"x\\(.n)"'}, [("insert", "x2", "T", {"n": 2})]),
    ("relation", {"query": "{n, name}", "elementType": {"Relation": {"inNodeId": ".n", "outNodeId": ".name"}}},
     [("insert", "t", "T", {"n": 2, "name": "Ann"}, 2, "Ann")]),
    ("delete", {"query": "{n}", "op": "Delete"}, [("delete", "t", "T", {})]),
    ("metadata", {"query": '{id: ."$metadata".elementId}'}, [("insert", "t", "T", {"id": "t"})]),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "rule", "expected"), MADE, ids=[case[0] for case in MADE])
def test_a_rule(step: Any, _what: str, rule: dict[str, Any], expected: Any) -> None:
    assert step({"kind": "jq", "T": {"insert": [rule]}})("insert", "t", "T", EVENT) == expected


def test_an_element_without_a_rule_is_dropped(step: Any) -> None:
    run = step({"kind": "jq", "T": {"insert": [{"query": "."}]}})
    assert run("insert", "t", "U", EVENT) == run("update", "t", "T", EVENT) == []


def test_a_delete_is_seen_with_the_element_as_it_was(step: Any) -> None:
    rule = {"query": "{to: .to}", "id": ".to"}
    run = step({"kind": "jq", "T": {"insert": [rule], "delete": [rule]}})
    run("insert", "t", "T", {"to": "x"})
    assert run("delete", "t") == [("delete", "x", "T", {})]


FAILING: list[tuple[str, dict[str, Any], str]] = [
    ("error", {"query": 'error("no way")'}, "no way"),
    ("type", {"query": ".n.x"}, "Cannot index number"),
    ("scalar", {"query": ".n"}, "query gave 2; it must give objects"),
    ("null", {"query": "null"}, "or empty for none"),
    ("null id", {"query": "{n}", "id": ".x"}, "id: '.x' gave null"),
    ("two ids", {"query": "{n}", "id": ".n, .n"}, "gave 2 values, not one"),
    ("no id", {"query": "{n}", "id": "empty"}, "gave 0 values"),
    ("label", {"query": "{n}", "label": ".n"}, "label: 2 is no label"),
    ("list id", {"query": "{n}", "id": "[.n]"}, "id: a list is no id"),
]


@pytest.mark.parametrize(
    ("_what", "rule", "reason"), FAILING, ids=[case[0] for case in FAILING]
)
def test_a_failing_program(step: Any, _what: str, rule: Any, reason: str) -> None:
    with pytest.raises(ChangeError) as caught:
        step({"kind": "jq", "T": {"insert": [rule]}})("insert", "t", "T", EVENT)
    assert "middleware 'm': " in str(caught.value) and reason in str(caught.value)
    passing = {"query": "{n}"}
    quiet = step({"kind": "jq", "T": {"insert": [{**rule, "haltOnError": False}, passing]}})
    assert quiet("insert", "t", "T", EVENT) == [("insert", "t", "T", {"n": 2})]


VALUES: list[tuple[Any, Any]] = [
    (float("nan"), None),
    (float("inf"), None),
    (2**53, 2**53),
    (1.5, 1.5),
    (True, True),
    (Date(0), "1970-01-01"),
    ({"a": [1, None]}, {"a": [1, None]}),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=str)
def test_values_on_the_way_through(step: Any, value: Any, expected: Any) -> None:
    run = step({"kind": "jq", "T": {"insert": [{"query": "{v}"}]}})
    ((_, _, _, properties),) = run("insert", "t", "T", {"v": value})
    assert properties == {"v": expected}


def test_an_integer_that_jq_would_round_is_refused(step: Any) -> None:
    run = step({"kind": "jq", "T": {"insert": [{"query": "{n}"}]}})
    with pytest.raises(ChangeError, match=r"property 'v': jq cannot hold 9007199254740993"):
        run("insert", "t", "T", {"v": [2**53 + 1]})
