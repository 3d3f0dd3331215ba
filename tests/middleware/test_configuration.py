"""Configurations: the ways to write one, and how each malformed one is answered."""

from __future__ import annotations

import asyncio
import functools
import sys
from typing import Any

import pytest

from drasi_nb.errors import ConfigError
from drasi_nb.middleware import Pipeline, build
from drasi_nb.values.change import Change

P = "middleware[0]"


def _map(**rule: Any) -> dict[str, Any]:
    return {"kind": "map", "name": "m", "mappings": {"T": {"insert": [{"id": "$.a"}, rule]}}}


def _jq(**rule: Any) -> dict[str, Any]:
    return {"kind": "jq", "name": "m", "T": {"insert": [{"query": ".", **rule}]}}


def _unwind(**rule: Any) -> dict[str, Any]:
    rule = {"selector": "$.i[*]", "label": "I", **rule}
    return {"kind": "unwind", "name": "m", "T": [{k: v for k, v in rule.items() if v != "-"}]}


def _promote(**keys: Any) -> dict[str, Any]:
    mappings = [{"path": "$.a.b", "target_name": "b"}]
    return {"kind": "promote", "name": "m", "mappings": mappings, **keys}


def _relabel(mappings: Any) -> dict[str, Any]:
    return {"kind": "relabel", "name": "m", "labelMappings": mappings}


def _decoder(**keys: Any) -> dict[str, Any]:
    return {
        "kind": "decoder",
        "name": "m",
        "encoding_type": "hex",
        "target_property": "p",
        **keys,
    }


def _parse(**keys: Any) -> dict[str, Any]:
    return {"kind": "parse_json", "name": "m", "config": {"target_property": "p", **keys}}


def nothing() -> None:
    """Takes no change."""


async def later(change: Change) -> Change:
    return change


async def stream(change: Change) -> Any:
    yield change


class Lazy:
    async def __call__(self, change: Change) -> Change:
        return change


RULE = f"{P}.mappings.T.insert[1]"
MALFORMED: list[tuple[Any, str, str]] = [
    # the head
    (5, P, "expected a mapping with kind and name, or a function, got int 5"),
    (None, P, "got NoneType None"),
    ([], P, "got list []"),
    ({}, P, "the key 'kind' is missing"),
    ({"kind": "map"}, P, "the key 'name' is missing"),
    ({"kind": "mapp", "name": "m"}, f"{P}.kind", "unknown kind of middleware 'mapp'; did you mean 'map'?"),
    ({"kind": "parseJson", "name": "m"}, f"{P}.kind", "did you mean 'parse_json'?"),
    ({"kind": "xyz", "name": "m"}, f"{P}.kind", "use 'map', 'unwind', 'promote', 'relabel', 'decoder', 'parse_json' or 'jq'"),
    ({"kind": 1, "name": "m"}, f"{P}.kind", "expected text, got int 1"),
    ({"kind": "relabel", "name": "", "labelMappings": {"A": "B"}}, f"{P}.name", "must not be empty"),
    ({"kind": "relabel", "name": None, "labelMappings": {"A": "B"}}, f"{P}.name", "expected text, got NoneType None"),
    ({"kind": "relabel", "name": "m", 7: 1}, P, "a key must be text, got int 7"),
    ({"kind": "relabel", "name": "m", "config": None}, f"{P}.config", "expected a mapping"),
    ({"kind": "relabel", "name": "m", "config": {"labelMappings": {"A": "B"}}, "extra": 1}, f"{P}.extra", "unknown key 'extra'"),
    # functions
    (nothing, P, "'nothing' must take one argument, the change"),
    (lambda a, b: None, P, "'<lambda>' must take one argument"),
    (later, P, "'later' is asynchronous"),
    (stream, P, "'stream' is asynchronous"),
    (functools.partial(later), P, "is asynchronous"),
    (Lazy(), P, "'Lazy' is asynchronous"),
    (Lazy, P, "the class 'Lazy' is no middleware"),
    # map
    ({"kind": "map", "name": "m"}, P, "at least one label is needed"),
    ({"kind": "map", "name": "m", "mappings": {}}, f"{P}.mappings", "at least one label is needed"),
    ({"kind": "map", "name": "m", "mappings": []}, f"{P}.mappings", "expected a mapping, got list []"),
    ({"kind": "map", "name": "m", "T": []}, f"{P}.T", "expected a mapping"),
    ({"kind": "map", "name": "m", "T": {}}, f"{P}.T", "at least one of insert, update, delete"),
    ({"kind": "map", "name": "m", "T": {"inserts": []}}, f"{P}.T.inserts", "unknown key 'inserts'; did you mean 'insert'"),
    ({"kind": "map", "name": "m", "T": {"insert": {}}}, f"{P}.T.insert", "expected a list, got dict {}"),
    ({"kind": "map", "name": "m", "a b": {"insert": [1]}}, f"{P}['a b'].insert[0]", "expected a mapping, got int 1"),
    ({"kind": "map", "name": "m", "config": {"T": {"update": [{"id": 1}]}}}, f"{P}.config.T.update[0].id", "expected text"),
    (_map(selecter="$"), f"{RULE}.selecter", "unknown key 'selecter'; did you mean 'selector'"),
    (_map(selector="a.b"), f"{RULE}.selector", "not a JSONPath: 'a.b' does not begin with $"),
    (_map(selector="x$.a"), f"{RULE}.selector", "does not begin with $"),
    (_map(selector="$.a["), f"{RULE}.selector", "not a JSONPath"),
    (_map(selector=""), f"{RULE}.selector", "must not be empty"),
    (_map(selector=["$"]), f"{RULE}.selector", "expected text, got list ['$']"),
    (_map(condition="$[?(@.x ~= 'y')]"), f"{RULE}.condition", "write @.name =~ /.../"),
    (_map(id="$selected.id"), f"{RULE}.id", "write $['$selected']"),
    (_map(id="$.$selected.id"), f"{RULE}.id", "write $['$selected']"),
    (_map(op="Upsert"), f"{RULE}.op", "unknown op 'Upsert'; did you mean 'insert'"),
    (_map(op=1), f"{RULE}.op", "expected text"),
    (_map(label=["A"]), f"{RULE}.label", "expected text, got list ['A']"),
    (_map(elementType="Edge"), f"{RULE}.elementType", "unknown element type 'Edge'; use 'node'"),
    (_map(elementType="Relation"), f"{RULE}.elementType", "a relation needs its ends; write {'Relation'"),
    (_map(elementType={"Relation": {"inNodeId": "$.a"}}), f"{RULE}.elementType.Relation", "the key 'outNodeId' is missing"),
    (_map(elementType={"Node": {}}), f"{RULE}.elementType.Node", "unknown key 'Node'; use 'Relation'"),
    (_map(elementType={"Relation": {"inNodeId": "$.a", "outNodeId": "a"}}), f"{RULE}.elementType.Relation.outNodeId", "not a JSONPath"),
    (_map(elementType={"Relation": {"inNodeId": "$.a", "in_node_id": "$.b", "outNodeId": "$.a"}}), f"{RULE}.elementType.Relation.in_node_id", "given twice"),
    (_map(elementType=3), f"{RULE}.elementType", "expected a mapping"),
    (_map(properties=["$.a"]), f"{RULE}.properties", "expected a mapping"),
    (_map(properties={"a": 1}), f"{RULE}.properties.a", "expected text, got int 1"),
    (_map(properties={"a b": "$["}), f"{RULE}.properties['a b']", "not a JSONPath"),
    # jq
    ({"kind": "jq", "name": "m", "T": {"insert": [{}]}}, f"{P}.T.insert[0]", "the key 'query' is missing"),
    (_jq(query=".a["), f"{P}.T.insert[0].query", "not a jq program: syntax error"),
    (_jq(query="nosuch(1)"), f"{P}.T.insert[0].query", "nosuch/1 is not defined"),
    (_jq(id=".["), f"{P}.T.insert[0].id", "not a jq program"),
    (_jq(label=3), f"{P}.T.insert[0].label", "expected text"),
    (_jq(haltOnError="no"), f"{P}.T.insert[0].haltOnError", "expected true or false, got str 'no'"),
    (_jq(haltOnErr=True), f"{P}.T.insert[0].haltOnErr", "did you mean 'haltOnError'"),
    (_jq(properties={}), f"{P}.T.insert[0].properties", "unknown key"),
    (_jq(elementType={"Relation": {"inNodeId": ".", "outNodeId": "|"}}), f"{P}.T.insert[0].elementType.Relation.outNodeId", "not a jq program"),
    # unwind
    ({"kind": "unwind", "name": "m"}, P, "at least one label is needed"),
    ({"kind": "unwind", "name": "m", "T": {}}, f"{P}.T", "expected a list, got dict {}"),
    ({"kind": "unwind", "name": "m", "T": []}, f"{P}.T", "at least one mapping is needed"),
    (_unwind(selector="-"), f"{P}.T[0]", "the key 'selector' is missing"),
    (_unwind(label="-"), f"{P}.T[0]", "the key 'label' is missing"),
    (_unwind(selector="$.i[*"), f"{P}.T[0].selector", "not a JSONPath"),
    (_unwind(key="id"), f"{P}.T[0].key", "does not begin with $"),
    (_unwind(label=""), f"{P}.T[0].label", "must not be empty"),
    (_unwind(relation=True), f"{P}.T[0].relation", "expected text, got bool True"),
    (_unwind(relations="R"), f"{P}.T[0].relations", "did you mean 'relation'"),
    (_unwind(condition=1), f"{P}.T[0].condition", "expected text"),
    # promote
    ({"kind": "promote", "name": "m"}, P, "the key 'mappings' is missing"),
    (_promote(mappings=[]), f"{P}.mappings", "at least one mapping is needed"),
    (_promote(mappings={}), f"{P}.mappings", "expected a list"),
    (_promote(mappings=[{"path": "$.a"}]), f"{P}.mappings[0]", "the key 'target_name' is missing"),
    (_promote(mappings=[{"path": "", "target_name": "a"}]), f"{P}.mappings[0].path", "must not be empty"),
    (_promote(mappings=[{"path": "$.a", "target_name": " "}]), f"{P}.mappings[0].target_name", "must not be empty"),
    (_promote(mappings=[{"path": "$.a", "target": "a"}]), f"{P}.mappings[0].target", "did you mean 'target_name'"),
    (_promote(on_conflict="replace"), f"{P}.on_conflict", "unknown policy 'replace'; use 'overwrite', 'skip' or 'fail'"),
    (_promote(on_error="ignore"), f"{P}.on_error", "use 'skip' or 'fail'"),
    (_promote(on_errors="skip"), f"{P}.on_errors", "did you mean 'on_error'"),
    # relabel
    ({"kind": "relabel", "name": "m"}, P, "the key 'labelMappings' is missing"),
    ({"kind": "relabel", "name": "m", "labels": {}}, f"{P}.labels", "unknown key 'labels'"),
    (_relabel({}), f"{P}.labelMappings", "at least one label is needed"),
    (_relabel([]), f"{P}.labelMappings", "expected a mapping"),
    (_relabel({"A": ""}), f"{P}.labelMappings.A", "must not be empty"),
    (_relabel({"A": 1}), f"{P}.labelMappings.A", "expected text"),
    (_relabel({"": "A"}), f"{P}.labelMappings", "a key must be text, got str ''"),
    # decoder
    ({"kind": "decoder", "name": "m"}, P, "the key 'encoding_type' is missing"),
    ({"kind": "decoder", "name": "m", "encoding_type": "hex"}, P, "the key 'target_property' is missing"),
    (_decoder(encoding_type="base46"), f"{P}.encoding_type", "did you mean 'base64'"),
    (_decoder(target_property=""), f"{P}.target_property", "must not be empty"),
    (_decoder(output_property=""), f"{P}.output_property", "must not be empty"),
    (_decoder(strip_quotes="yes"), f"{P}.strip_quotes", "expected true or false"),
    (_decoder(max_size_bytes=0), f"{P}.max_size_bytes", "must be at least 1, got 0"),
    (_decoder(max_size_bytes=1.5), f"{P}.max_size_bytes", "expected an integer, got float 1.5"),
    (_decoder(parse_json=True), f"{P}.parse_json", "unknown key 'parse_json'"),
    (_decoder(on_error="skip it"), f"{P}.on_error", "unknown policy 'skip it'"),
    # parse_json
    (_parse(target_property=None), f"{P}.config.target_property", "expected text"),
    (_parse(max_json_size=-1), f"{P}.config.max_json_size", "must be at least 1"),
    (_parse(max_json_size=True), f"{P}.config.max_json_size", "expected an integer, got bool True"),
    (_parse(max_nesting_depth="20"), f"{P}.config.max_nesting_depth", "expected an integer, got str '20'"),
    (_parse(max_depth=20), f"{P}.config.max_depth", "unknown key 'max_depth'"),
    (_parse(output_property=3), f"{P}.config.output_property", "expected text"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "place", "fault"), MALFORMED, ids=[fault[:50] for _, _, fault in MALFORMED]
)
def test_a_malformed_configuration_names_the_place_and_the_fault(
    config: Any, place: str, fault: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build(config, place=P)
    where, _, what = str(caught.value).partition(": ")
    assert where == place
    assert fault in what


RULES = {"T": {"insert": [{"id": "$.a"}]}}


@pytest.mark.parametrize(
    "config",
    [
        RULES,
        {"mappings": RULES},
        {"config": RULES},
        {"config": {"mappings": RULES}},
        {"mappings": {"T": {"insert": [{"id": "$.a", "selector": None}]}}},
    ],
    ids=str,
)
def test_rules_may_stand_beside_the_kind_or_under_config(config: dict[str, Any]) -> None:
    name, middleware = build({"kind": "map", "name": "m", **config}, place=P)
    assert name == "m"
    (made,) = middleware(Change("insert", "x", ("T",), {"a": "y"}))
    assert made.id == "y"


@pytest.mark.parametrize(
    ("kind", "rules"),
    [("map", {"insert": [{"id": "$.a"}]}), ("unwind", [{"selector": "$.i", "label": "I"}])],
)
def test_a_label_may_be_called_mappings(kind: str, rules: Any) -> None:
    _, middleware = build({"kind": kind, "name": "m", "mappings": rules}, place=P)
    assert list(middleware(Change("insert", "x", ("mappings",), {"a": "y", "i": {}})))


@pytest.mark.parametrize("keys", [("inNodeId", "outNodeId"), ("in_node_id", "out_node_id")])
@pytest.mark.parametrize("kind_key", ["elementType", "element_type"])
def test_keys_may_be_written_in_both_ways(keys: tuple[str, str], kind_key: str) -> None:
    rule = {kind_key: {"relation": dict.fromkeys(keys, "$.a")}, "op": "INSERT"}
    _, middleware = build({"kind": "map", "name": "m", "T": {"insert": [rule]}}, place=P)
    (made,) = middleware(Change("insert", "x", ("T",), {"a": "y"}))
    assert (made.start_id, made.end_id) == ("y", "y")


def test_a_missing_jq_package_is_answered_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jq", None)
    with pytest.raises(ConfigError, match=r"middleware\[0\]: .*pip install 'drasi-nb\[jq\]'"):
        build(_jq(), place=P)


RELABEL = {"kind": "relabel", "name": "a", "labelMappings": {"A": "B"}}


@pytest.mark.parametrize(
    ("configs", "names", "message"),
    [
        ([RELABEL, RELABEL], ["a"], "middleware[1].name: 'a' is the name of middleware[0] too"),
        ([RELABEL], ["b"], "pipeline[0]: unknown middleware 'b'; use 'a'"),
        ([RELABEL], ["a", "aa"], "pipeline[1]: unknown middleware 'aa'; did you mean 'a'?"),
        ([], ["a"], "pipeline[0]: unknown middleware 'a'; there is none"),
        ([RELABEL], "a", "pipeline: expected a list, got str 'a'"),
        ([RELABEL], [1], "pipeline[0]: expected text, got int 1"),
        ([RELABEL, {}], None, "middleware[1]: the key 'kind' is missing"),
    ],
)
def test_a_wrong_name_in_a_pipeline(configs: Any, names: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Pipeline.of(configs, names)
    assert str(caught.value) == message


def test_an_asynchronous_function_was_never_called() -> None:
    assert asyncio.iscoroutinefunction(later)
    assert len(MALFORMED) >= 60
