"""Pipelines: order, names, failures, and what a failure leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import Pipeline, build
from drasi_nb.values.change import Change

CONFIGS: list[Any] = [
    {"kind": "decoder", "name": "decode", "encoding_type": "base64", "target_property": "body"},
    {"kind": "parse_json", "name": "parse", "target_property": "body"},
    {"kind": "unwind", "name": "items",
     "Order": [{"selector": "$.body.items[*]", "label": "Item", "relation": "HAS"}]},
    {"kind": "relabel", "name": "names", "labelMappings": {"Item": "Line"}},
]  # fmt: skip
BODY = "eyJpdGVtcyI6IFt7ImEiOiAxfV19"  # {"items": [{"a": 1}]}


def test_each_step_is_applied_to_all_that_the_one_before_made() -> None:
    pipeline = Pipeline.of(CONFIGS)
    assert pipeline.names == ("decode", "parse", "items", "names")
    made = pipeline(Change("insert", "o", ("Order",), {"body": BODY}))
    assert [(change.id, change.labels) for change in made] == [
        ("$unwind-$.body.items[*]-o-0", ("Line",)),
        ("$unwind-$.body.items[*]-o-0$rel", ("HAS",)),
        ("o", ("Order",)),
    ]
    assert made[0].properties == {"a": 1}


def test_names_choose_and_order() -> None:
    pipeline = Pipeline.of(CONFIGS, ["parse", "names"])
    assert pipeline.names == ("parse", "names")
    (made,) = pipeline(Change("insert", "o", ("Item",), {"body": "1"}))
    assert (made.labels, made.properties) == (("Line",), {"body": 1})


def test_an_empty_pipeline_is_the_identity() -> None:
    change = Change("insert", "o")
    assert Pipeline([])(change) == [change]
    assert Pipeline.of(CONFIGS, [])(change) == [change]


def test_each_pipeline_has_its_own_memory() -> None:
    first, second = Pipeline.of(CONFIGS, ["items"]), Pipeline.of(CONFIGS, ["items"])
    first(Change("insert", "o", ("Order",), {"body": {"items": [1]}}))
    assert len(second(Change("delete", "o"))) == 1
    assert len(first(Change("delete", "o"))) == 3


def test_a_failure_names_the_middleware_the_change_and_what_was_made_of_it() -> None:
    def refuse(change: Change) -> Change:
        if change.labels == ("Item",):
            raise KeyError("a")
        return change

    pipeline = Pipeline.of([CONFIGS[2], refuse])
    with pytest.raises(ChangeError) as caught:
        pipeline(Change("insert", "o", ("Order",), {"body": {"items": [1]}}))
    assert str(caught.value) == (
        "change (id 'o'): middleware 'refuse', at '$unwind-$.body.items[*]-o-0' made from this "
        "change: KeyError: 'a'"
    )
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_no_trace(failure: type[BaseException]) -> None:
    fails = [False]

    def sometimes(change: Change) -> Change:
        if fails[0]:
            raise failure
        return change

    delete = {"T": {"insert": [{}], "update": [{}], "delete": [{"id": "$.to"}]}}
    for config, labels, before, after in (
        (CONFIGS[2], ("Order",), {"body": {"items": [1]}}, {"body": {"items": []}}),
        ({"kind": "map", "name": "m", **delete}, ("T",), {"to": "x"}, {"to": "y"}),
    ):
        histories = []
        for interrupted in (False, True):
            pipeline = Pipeline([build(config, place="m"), build(sometimes, place="m")])
            change = Change("insert", "o", labels, before)
            out = [pipeline(change)]
            if interrupted:
                fails[0] = True
                for broken in (
                    Change("update", "o", None, after),
                    Change("insert", "new", labels, before),
                    Change("delete", "o"),
                ):
                    with pytest.raises((ChangeError, KeyboardInterrupt)):
                        pipeline(broken)
                fails[0] = False
            out.append(pipeline(replace(change, op="update", properties={"z": 1})))
            out.append(pipeline(Change("delete", "new")))
            out.append(pipeline(Change("delete", "o")))
            histories.append(out)
        assert histories[0] == histories[1]


def test_a_failure_takes_back_all_changes_of_one_element() -> None:
    fails = [False]

    def doubled(change: Change) -> list[Change]:
        return [change, replace(change, op="delete")] if fails[0] else [change]

    def refuse_deletes(change: Change) -> Change:
        if change.op == "delete" and fails[0]:
            raise ValueError("no")
        return change

    pipeline = Pipeline.of([doubled, CONFIGS[2], refuse_deletes])
    pipeline(Change("insert", "o", ("Order",), {"body": {"items": [1]}}))
    fails[0] = True
    with pytest.raises(ChangeError):
        pipeline(Change("update", "o", None, {"body": {"items": [1, 2, 3]}}))
    fails[0] = False
    assert [change.op for change in pipeline(Change("delete", "o"))] == ["delete"] * 3
