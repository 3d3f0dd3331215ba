"""The forms of saved notebooks: aligned, escaped, the same for the same result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drasi_nb.frames.ipc import SAFE_INT, cell_text, column_series, json_cell
from drasi_nb.values.graph import Node, Relation
from drasi_nb.values.graph import Path as GraphPath
from drasi_nb.views.numbers import number_text
from drasi_nb.views.static_form import query_html, query_text, runtime_html, runtime_text

from .conftest import Stage, room

CASES = Path(__file__).parents[2] / "widgets" / "tests" / "number_cases.json"


def test_text_is_an_aligned_table(stage: Stage) -> None:
    stage.push(room(1, 21.5), room(2, None), room(30, 19.25))
    query = stage.query()

    assert query_text(query).splitlines() == [
        "rooms · Running · 3 rows",
        "room     temperature",
        "───────  ───────────",
        "Room 1         21.50",
        "Room 2          null",
        "Room 30        19.25",
    ]


def test_long_results_are_cut(stage: Stage) -> None:
    stage.push(*[room(n) for n in range(25)])
    query = stage.query()

    assert query_text(query).splitlines()[-1] == "… 5 more rows"
    assert query_html(query).count("<tr>") == 1 + 20 + 1
    assert "… 24 more rows" in query_text(query, limit=1)


def test_html_is_escaped(stage: Stage) -> None:
    bad = "<img src=x onerror=alert(1)>"
    stage.push({"op": "insert", "id": 1, "labels": ["Room"], "properties": {"name": bad}})
    query = stage.query(text="MATCH (r:Room) RETURN r.name AS `<b>`, r AS node")

    html = query_html(query)

    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;img" in html


def test_empty_stopped_dropped(stage: Stage) -> None:
    query = stage.query()
    assert query_text(query).startswith("rooms · Running · 0 rows\n")
    assert "<i>no rows</i>" in query_html(query)
    stage.runtime.stop("rooms")
    assert query_text(query).startswith("rooms · Stopped · 0 rows")
    stage.runtime.remove("rooms")
    assert query_text(query).startswith("rooms · ")


def test_forms_do_not_depend_on_when_they_are_made(stage: Stage) -> None:
    stage.push(room(1))
    query = stage.query()
    first = query_text(query), query_html(query), runtime_text(stage.runtime)

    stage.clock.advance("10m")
    stage.push(room(1, 21.0, "update"), room(1, 20.0, "update"))

    assert (query_text(query), query_html(query), runtime_text(stage.runtime)) == first
    assert "0x" not in repr(query)


def test_runtime_forms(stage: Stage) -> None:
    stage.query()

    assert runtime_text(stage.runtime).splitlines() == [
        "Runtime · 1 source · 1 query · 0 reactions",
        "kind    id        status   rows  error",
        "──────  ────────  ───────  ────  ─────",
        "source  building  Running",
        "query   rooms     Running     0",
    ]
    assert "<td>building</td>" in runtime_html(stage.runtime)


@pytest.mark.parametrize(("value", "decimals", "text"), json.loads(CASES.read_text()))
def test_numbers_are_shown_as_in_the_browser(value: float, decimals: int, text: str) -> None:
    assert number_text(value, decimals) == text


def test_values_as_text() -> None:
    node = Node(1, ["Room"], {"name": 'a"b', "tags": [1, None]})
    other = Node(2, ["Floor"], {})
    relation = Relation(3, "PART_OF", 1, 2, {})

    assert cell_text(node) == '(:Room {name: "a\\"b", tags: [1, null]})'
    assert cell_text(relation) == "[:PART_OF]"
    assert cell_text(GraphPath([other, node], [relation])).startswith(
        "(:Floor)<-[:PART_OF]-(:Room"
    )
    assert cell_text({"a": [True, {"b": "x"}]}) == '{a: [true, {b: "x"}]}'
    assert len(cell_text("x" * 1000, limit=10)) == 10


def test_columns_keep_what_arrow_can_hold() -> None:
    kinds = {
        "Int64": [1, None],
        "Float64": [1, 2.5],
        "Boolean": [True, None],
        "String": [None, None],
    }
    for kind, values in kinds.items():
        assert str(column_series("c", values).dtype) == kind
    assert column_series("c", [1, "x", True]).to_list() == ["1", "x", "true"]
    assert column_series("c", [SAFE_INT + 1]).to_list() == [str(SAFE_INT + 1)]
    assert json_cell(float("inf")) == "inf"


SCRIPT = """
import drasi_nb as dnb
rt = dnb.Runtime()
source = rt.add_source("s", dnb.PushSource())
source.push([{"op": "insert", "id": 1, "labels": ["A"], "properties": {"x": 1}}])
q = rt.add_query("q", "MATCH (a:A) RETURN a.x AS x", sources=["s"])
data, metadata = q._repr_mimebundle_()
assert set(data) == {"text/plain", "text/html"}, data
assert metadata == {}
assert set(q._repr_mimebundle_(include=["text/plain"])[0]) == {"text/plain"}
view = q.view()
assert repr(view).startswith("q · Running · 1 row")
source.push([{"op": "insert", "id": 2, "labels": ["A"], "properties": {"x": 2}}])
rt.flush()
assert repr(view).startswith("q · Running · 2 rows")
assert rt._repr_mimebundle_()[0]["text/plain"].startswith("Runtime · 1 source")
"""


def test_a_plain_script_without_kernel_works_and_prints_nothing() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
