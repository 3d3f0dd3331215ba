"""``promote``: copies, conflicts, and paths that do not select one value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import build
from drasi_nb.values.change import Change

DEEP = {"user": {"name": "Ann", "tags": ["a", "b"], "none": None}, "x": 1}
COPIED: list[tuple[dict[str, Any], str, Any]] = [
    ({}, "$.user.name", "Ann"),
    ({}, "$.user.tags", ["a", "b"]),
    ({}, "$.user.tags[1]", "b"),
    ({}, "$.user.none", None),
    ({}, "$.user[?(@.name == 'Ann')].tags[0]", "a"),
]


def _config(path: str, target: str = "t", **keys: Any) -> dict[str, Any]:
    return {"kind": "promote", "mappings": [{"path": path, "target_name": target}], **keys}


@pytest.mark.parametrize(("keys", "path", "value"), COPIED)
@pytest.mark.parametrize("op", ["insert", "update"])
def test_one_value_is_copied(step: Any, op: str, keys: Any, path: str, value: Any) -> None:
    made = step(_config(path, **keys))(op, "n", "N", DEEP)
    assert made == [(op, "n", "N", {**DEEP, "t": value})]


def test_a_relation_and_a_delete(step: Any) -> None:
    promote = step(_config("$.user.name"))
    assert promote("insert", "r", "R", DEEP, "a", "b")[0][3]["t"] == "Ann"
    assert promote("delete", "r", "R") == [("delete", "r", "R", {})]


@pytest.mark.parametrize(
    ("path", "number"), [("$.missing", 0), ("$.user.tags[*]", 2), ("$..nowhere", 0)]
)
def test_not_one_value(step: Any, path: str, number: int) -> None:
    with pytest.raises(ChangeError, match=f"selects {number} values, not one"):
        step(_config(path))("insert", "n", "N", DEEP)
    made = step(_config(path, on_error="skip"))("insert", "n", "N", DEEP)
    assert made == [("insert", "n", "N", DEEP)]


@pytest.mark.parametrize(
    ("policy", "expected"), [("overwrite", "Ann"), ("skip", 1), (None, "Ann"), ("fail", None)]
)
def test_a_name_that_is_taken(step: Any, policy: str | None, expected: Any) -> None:
    promote = step(_config("$.user.name", "x", on_conflict=policy))
    if expected is None:
        with pytest.raises(ChangeError, match="'x' has a value already"):
            promote("insert", "n", "N", DEEP)
    else:
        assert promote("insert", "n", "N", DEEP)[0][3]["x"] == expected


def test_a_null_is_not_a_value(step: Any) -> None:
    promote = step(_config("$.user.name", "x", on_conflict="fail"))
    assert promote("insert", "n", "N", {**DEEP, "x": None})[0][3]["x"] == "Ann"


UPDATES: list[tuple[str, str, dict[str, Any], dict[str, Any] | None]] = [
    ("says nothing of it", "$.user.name", {"x": 2}, {"x": 2}),
    ("removes it", "$.user.name", {"user": None}, {"user": None, "t": None}),
    ("has it without the value", "$.user.name", {"user": {}}, None),
    ("may say nothing of it", "$..name", {"x": 2}, {"x": 2}),
    ("has it twice", "$.user.tags[*]", {"user": {"tags": [1, 2]}}, None),
]


@pytest.mark.parametrize(
    ("_what", "path", "update", "expected"), UPDATES, ids=[case[0] for case in UPDATES]
)
def test_an_update_that(step: Any, _what: str, path: str, update: Any, expected: Any) -> None:
    promote = step(_config(path))
    if expected is None:
        with pytest.raises(ChangeError, match="not one"):
            promote("update", "n", "N", update)
    else:
        assert promote("update", "n", "N", update) == [("update", "n", "N", expected)]


def test_all_paths_read_the_change_as_it_came(step: Any) -> None:
    mappings = [{"path": "$.a", "target_name": "b"}, {"path": "$.b", "target_name": "a"}]
    promote = step({"kind": "promote", "mappings": mappings})
    assert promote("insert", "n", "N", {"a": 1, "b": 2})[0][3] == {"a": 2, "b": 1}


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from("abc"), values), st.sampled_from("abc"), st.booleans())
def test_laws(properties: dict[str, Any], name: str, is_insert: bool) -> None:
    """To itself it changes nothing; twice is once; all else stays."""
    change = Change("insert" if is_insert else "update", "n", ("N",), properties)

    def once(target: str, change: Change) -> Change:
        config = {"name": "p", **_config(f"$['{name}']", target, on_error="skip")}
        (made,) = build(config, place="m")[1](change)
        return made

    assert once(name, change) == change
    made = once("t", change)
    assert once("t", made) == made
    assert {key: made.properties[key] for key in properties} == properties
    assert set(made.properties) == {*properties, *({"t"} if name in properties else ())}
