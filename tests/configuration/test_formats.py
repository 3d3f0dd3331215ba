"""Files of each format: read into a runtime that works, written, and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import drasi_nb as dnb

NATIVE = """
apiVersion: drasi_nb/v1
clock: {kind: virtual, start: 1000}
config:
  lateness_ms: 500
  overflow: reject
sources:
- id: orders
  kind: push
  settings: {on_error: keep_good}
- {id: quiet, kind: push, auto_start: false}
queries:
- id: over          # stands before what it reads
  query: MATCH (n:late) RETURN n.id AS id
  sources: ["query:late"]
- id: late
  query: |
    MATCH (o:Order)-[:BY]->(c:Customer)
    WHERE o.age > $least AND o.day < $day
    RETURN o.id AS id, c.name AS name
  language: Cypher
  sources: [{id: orders, pipeline: [names]}, quiet]
  parameters:
    least: ${LEAST:-3}
    day: {$temporal: date, text: "2024-02-01"}
  joins:
  - {id: BY, keys: [{label: Order, property: customer}, {label: Customer, property: id}]}
  middleware:
  - {kind: relabel, name: names, labelMappings: {Bestellung: Order}}
- {id: idle, query: "MATCH (n) RETURN n.id AS id", language: gql, sources: [quiet], auto_start: false}
reactions:
- {id: bell, kind: bell, queries: [late, over], settings: {times: 2}}
"""
SERVER = """
apiVersion: drasi.io/v1
id: "${SERVER_ID:-shop}"
host: 0.0.0.0
port: ${PORT:-8080}
sources:
- kind: postgres
  id: shop-db
  autoStart: true
  host: ${DB_HOST}
  password: {kind: Secret, name: db-password}
  tables: [public.orders]
  bootstrapProvider: {kind: postgres}
- {kind: mock, id: sensors, autoStart: false, intervalMs: 500}
queries:
- id: halves
  query: |
    MATCH (o:Order) WHERE o.total / 2 > 10
    RETURN o.id AS id
  queryLanguage: Cypher
  autoStart: true
  enableBootstrap: true
  sources:
  - {sourceId: shop-db, nodes: [Order], pipeline: [up]}
  middleware:
  - {kind: promote, name: up, config: {mappings: [{path: $.a.total, target_name: total}], on_error: skip}}
- id: pairs
  query: MATCH (o:Order)-[:OF]->(s:Sensor) RETURN o.id AS id, s.id AS sensor
  sources: [{sourceId: shop-db}, {sourceId: sensors}]
  joins:
  - {id: OF, keys: [{label: Order, property: sensor}, {label: Sensor, property: id}]}
reactions:
- kind: log
  id: log-it
  queries: [halves]
  autoStart: true
  routes: {halves: {added: {template: "{{after}}"}}}
"""
PLATFORM = """
apiVersion: v1
kind: ConfigMap
metadata: {name: of-kubernetes}
data: {}
---
apiVersion: v1
kind: ContinuousQuery
name: items
spec:
  mode: query
  container: default
  sources:
    subscriptions:
    - id: retail
      nodes: [{sourceLabel: Item}]
      pipeline: [names]
    joins:
    - {id: IN, keys: [{label: Item, property: category}, {label: Category, property: id}]}
    middleware:
    - {kind: relabel, name: names, labelMappings: {items: Item}}
  query: |
    MATCH (i:Item)-[:IN]->(c:Category)
    RETURN i.id AS id, c.name AS category
---
apiVersion: v1
kind: Source
name: retail
spec:
  kind: PostgreSQL
  properties: {host: db, password: {kind: Secret, name: creds, key: password}}
---
apiVersion: v1
kind: Reaction
name: debug
spec:
  kind: Debug
  queries: {items: "{name}"}
---
apiVersion: v1
kind: QueryContainer
name: default
spec: {results: {}}
"""


class Bell:
    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.heard: list[Any] = []

    def __call__(self, delta: dnb.Delta) -> None:
        self.heard += delta.rows() * self.times


def file(folder: Path, text: str, name: str = "runtime.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def node(id_: str, label: str, **properties: Any) -> dict[str, Any]:
    return {
        "op": "insert",
        "id": id_,
        "labels": [label],
        "properties": {"id": id_, **properties},
    }


def messages(rt: dnb.Runtime, id_: str) -> str:
    return "\n".join(e["message"] for e in rt.events().to_dicts() if e["id"] == id_)


def test_our_own(tmp_path: Path) -> None:
    rt = dnb.Runtime.from_config(file(tmp_path, NATIVE), kinds={"bell": Bell})
    assert rt.clock.now_ms() == 1_000 and rt.config.lateness_ms == 500
    assert rt.sources["orders"].on_error == "keep_good"
    assert {c.id: c.status for c in rt.component_list()} == {
        "orders": "Running", "quiet": "Stopped", "late": "Running", "over": "Running",
        "idle": "Added", "bell": "Running",
    }  # fmt: skip
    late = rt.queries["late"].definition
    assert late.parameters == {"least": 3, "day": dnb.temporal("date", "2024-02-01")}
    day = dnb.temporal("date", "2024-01-01")
    rt.sources["orders"].push(
        [
            node("o1", "Bestellung", customer="c1", age=4, day=day),
            node("c1", "Customer", name="Ada"),
        ]
    )
    rt.clock.advance("1s")
    assert rt.queries["late"].rows() == [{"id": "o1", "name": "Ada"}]
    assert rt.queries["over"].rows() == [{"id": "o1"}]
    assert len(rt.reactions["bell"].heard) == 4


@pytest.mark.parametrize("as_file", [True, False])
def test_our_own_is_written_and_read_back(tmp_path: Path, *, as_file: bool) -> None:
    rt = dnb.Runtime.from_config(file(tmp_path, NATIVE), kinds={"bell": Bell})
    path = tmp_path / "written.yaml"
    config = rt.to_config(path)
    again = dnb.Runtime.from_config(path if as_file else config, kinds={"reaction/bell": Bell})
    assert again.to_config() == config
    assert {q.id: q.definition for q in again.queries.values()} == {
        q.id: q.definition for q in rt.queries.values()
    }
    assert again.config == rt.config and again.reactions["bell"].times == 2


def test_drasi_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DB_HOST", raising=False)  # a source that is not made needs it not
    rt = dnb.Runtime.from_config(file(tmp_path, SERVER))
    assert isinstance(rt.sources["shop-db"], dnb.PushSource)
    assert "stands for a source of kind 'postgres'" in messages(rt, "shop-db")
    assert "stands for a reaction of kind 'log'" in messages(rt, "log-it")
    assert rt.component("log-it").status == "Stopped"
    assert rt.component("sensors").status == "Stopped"
    assert "not used here: host, port" in messages(rt, "")
    assert "not used here: sources.nodes" in messages(rt, "halves")
    assert "not used here: enableBootstrap" in messages(rt, "halves")
    assert "not as in Drasi:\nline 1, column 23: the quotient" in messages(rt, "halves")
    order = node("o1", "Order", a={"total": 30}, sensor="x")
    rt.sources["shop-db"].push(order)
    rt.start("sensors")
    rt.sources["sensors"].push(node("x", "Sensor"))
    rt.flush()
    assert rt.queries["halves"].rows() == [{"id": "o1"}]
    assert rt.queries["pairs"].rows() == [{"id": "o1", "sensor": "x"}]


def test_what_stands_for_drasis_is_written_back(tmp_path: Path) -> None:
    rt = dnb.Runtime.from_config(file(tmp_path, SERVER))
    out = rt.to_config(format="drasi-server")
    (document,) = out.documents
    postgres, mock = document["sources"]
    assert postgres["kind"] == "postgres" and postgres["host"] == "${DB_HOST}"
    assert postgres["password"] == {"kind": "Secret", "name": "db-password"}
    assert mock == {"kind": "mock", "id": "sensors", "autoStart": False, "intervalMs": 500}
    assert document["reactions"][0]["routes"] == {
        "halves": {"added": {"template": "{{after}}"}}
    }
    assert document["reactions"][0]["autoStart"] is True
    assert all(query["queryLanguage"] == "Cypher" for query in document["queries"])
    assert {f.component for f in out.lint} == {"halves", "pairs"}, "all the rest is Drasi's own"
    again = dnb.Runtime.from_config(file(tmp_path, out.text, "again.yml"))
    assert again.to_config(format="drasi-server").documents == out.documents
    ours = dnb.Runtime.from_config(rt.to_config())
    assert ours.to_config(format="drasi-server").documents == out.documents
    assert ours.to_config() == rt.to_config()


def test_drasi_platform(tmp_path: Path) -> None:
    rt = dnb.Runtime.from_config(file(tmp_path, PLATFORM))
    assert "ConfigMap of Kubernetes" in messages(rt, "")
    assert "QueryContainer 'default'" in messages(rt, "")
    assert "not used here: container" in messages(rt, "items")
    rt.sources["retail"].push(
        [node("i", "items", category="c"), node("c", "Category", name="tools")]
    )
    rt.flush()
    assert rt.queries["items"].rows() == [{"id": "i", "category": "tools"}]
    out = rt.to_config(tmp_path / "out.yaml", format="drasi-platform")
    assert [d["kind"] for d in out.documents] == ["Source", "ContinuousQuery", "Reaction"]
    source, query, reaction = out.documents
    assert source["spec"]["properties"]["password"] == {
        "kind": "Secret", "name": "creds", "key": "password",
    }  # fmt: skip
    assert query["spec"]["queryLanguage"] == "Cypher" and query["spec"]["mode"] == "query"
    assert query["spec"]["sources"]["middleware"] == [
        {"kind": "relabel", "name": "names", "labelMappings": {"items": "Item"}}
    ]
    assert reaction["spec"]["queries"] == {"items": "{name}"}
    again = dnb.Runtime.from_config(tmp_path / "out.yaml")
    assert again.to_config(format="drasi-platform").documents == out.documents
    assert dnb.Runtime.from_config(rt.to_config()).to_config() == rt.to_config()
    server = rt.to_config(format="drasi-server")
    source = server.documents[0]["sources"][0]
    assert source["host"] == "db" and "properties" not in source
    assert [f.component for f in server.lint if f.code == "kind-origin"] == ["retail", "debug"]


def test_platform_queries_whose_sources_are_in_other_files() -> None:
    query = {
        "kind": "ContinuousQuery",
        "name": "risky",
        "spec": {
            "mode": "query",
            "sources": {"subscriptions": [{"id": "k8s"}, {"id": "devops"}]},
            "query": "MATCH (p:Pod) RETURN p.name AS pod",
        },
    }
    rt = dnb.Runtime.from_config(query)
    rt.sources["k8s"].push(node("p", "Pod", name="web"))
    rt.flush()
    assert rt.queries["risky"].rows() == [{"pod": "web"}]
    assert "stands for a source of kind 'unknown'" in messages(rt, "devops")
    lint = rt.to_config(format="drasi-platform").lint
    assert [(f.component, f.code) for f in lint] == [
        ("k8s", "source-kind"), ("devops", "source-kind"),
    ]  # fmt: skip


def test_json_as_drasi_server_takes_it(tmp_path: Path) -> None:
    config = {
        "sources": [{"kind": "http", "id": "in", "port": 9000}],
        "queries": [
            {"id": "q", "query": "MATCH (n:A) RETURN n.x AS x", "sources": [{"sourceId": "in"}]}
        ],
    }
    path = file(tmp_path, json.dumps(config, indent="\t"), "server.json")
    rt = dnb.Runtime.from_config(path)
    assert rt.to_config() == dnb.Runtime.from_config(config).to_config()
    assert list(rt.queries) == ["q"]


def test_instances_are_runtimes_of_their_own() -> None:
    def instance(id_: str, source: str) -> dict[str, Any]:
        return {"id": id_, "persistIndex": True, "sources": [{"kind": "mock", "id": source}]}

    config = {"instances": [instance("a", "x"), instance("b", "y")], "sources": []}
    rt = dnb.Runtime.from_config(config, instance="b")
    assert list(rt.sources) == ["y"]
    assert "not used here: sources, persistIndex" in messages(rt, "")
    with pytest.raises(dnb.ConfigError, match=r"2 instances .*instance='a'"):
        dnb.Runtime.from_config(config)
    with pytest.raises(dnb.ConfigError, match="unknown instance 'c'"):
        dnb.Runtime.from_config(config, instance="c")


def test_kinds_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    @dnb.kind("source/ticking")
    class Ticking(dnb.PushSource):
        def __init__(self, interval_ms: int = 10, password: str = "") -> None:
            super().__init__()
            self.interval_ms, self.password = interval_ms, password

        def settings(self) -> dict[str, Any]:
            return {"interval_ms": self.interval_ms}

    monkeypatch.setenv("TICK_PASSWORD", "hidden")
    config = {
        "sources": [
            {"kind": "ticking", "id": "t", "intervalMs": 5, "password": "${TICK_PASSWORD}"}
        ],
        "reactions": [],
    }
    rt = dnb.Runtime.from_config(config)
    ticking = rt.sources["t"]
    assert isinstance(ticking, Ticking)
    assert (ticking.interval_ms, ticking.password) == (5, "hidden")
    assert "hidden" not in str(rt.to_config()), "a variable stays a variable"
    by_hand = dnb.Runtime()
    by_hand.add_source("t", Ticking(7))
    (written,) = by_hand.to_config()["sources"]
    assert written == {"id": "t", "kind": "ticking", "settings": {"interval_ms": 7}}
    (finding,) = by_hand.to_config(format="drasi-server").lint
    assert finding.code == "source-kind" and "'t': {'kind': 'http'" in (finding.hint or "")


def test_a_replay_is_made_of_its_file(tmp_path: Path) -> None:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    path = str(tmp_path / "day.jsonl")
    with rt.record(path):
        source.push(node("a", "A"))
        rt.flush()
    config = {
        "apiVersion": "drasi_nb/v1",
        "clock": {"kind": "virtual", "start": 0},
        "sources": [
            {
                "id": "r",
                "kind": "replay",
                "settings": {"path": path, "speed": 2.0},
            }
        ],
        "queries": [{"id": "q", "query": "MATCH (n:A) RETURN n.id AS id", "sources": ["r"]}],
    }
    again = dnb.Runtime.from_config(config)
    again.clock.advance("1ms")
    assert again.queries["q"].rows() == [{"id": "a"}]
    assert again.to_config()["sources"] == config["sources"]
    rt.add_source("played", dnb.ReplaySource.from_file(path, source="s"))
    assert rt.to_config()["sources"][1]["settings"] == {"path": path, "source": "s"}
    codes = [f.code for f in again.to_config(format="drasi-server").lint if f.component == "r"]
    assert codes == ["source-kind", "replay-source"]


def test_a_function_needs_a_name_to_be_written() -> None:
    def ring(delta: dnb.Delta) -> None:
        """Ring."""

    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    rt.add_query("q", "MATCH (n:A) RETURN n", sources=["s"])
    rt.add_reaction("r", ["q"], ring)
    with pytest.raises(dnb.ConfigError, match=r"'r' \(ring\).*to_config\(kinds="):
        rt.to_config()
    named = rt.to_config(kinds={"r": {"kind": "ring", "loud": True}})
    assert named["reactions"] == [
        {"id": "r", "kind": "ring", "queries": ["q"], "settings": {"loud": True}}
    ]
    again = dnb.Runtime.from_config(named, kinds={"ring": lambda loud: ring})
    assert again.reactions["r"] is ring and again.to_config() == named
    assert rt.to_config(skip=["r"])["reactions"] == []
    (finding,) = [f for f in again.to_config(format="drasi-server").lint if f.component == "r"]
    assert finding.code == "reaction-kind"


def test_a_function_as_middleware_is_never_lost() -> None:
    def double(change: dnb.Change) -> dnb.Change:
        return change

    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    up = {"kind": "relabel", "name": "up", "labelMappings": {"a": "A"}}
    rt.add_query("q", "MATCH (n:A) RETURN n", sources=["s"], middleware=[double, up])
    rt.add_query("over", "MATCH (n:q) RETURN n", sources=["query:q"])
    with pytest.raises(dnb.ConfigError, match=r"middleware\[0\] of query 'q'.*'double'.*skip="):
        rt.to_config()
    with pytest.raises(dnb.ConfigError, match="'over' needs 'q'"):
        rt.to_config(skip=["q"])
    assert rt.to_config(skip=["q", "over"])["queries"] == []
    (query, _) = rt.to_config(format="drasi-server").documents[0]["queries"]
    assert query["sources"] == [{"sourceId": "s", "pipeline": ["up"]}]
    assert [one["name"] for one in query["middleware"]] == ["up"]


def test_parameters_become_values(tmp_path: Path) -> None:
    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    text = "MATCH (n:A) WHERE n.x IN $list AND n.d = $day AND n.y = $`odd name` RETURN n.m = $map AS m"
    day = dnb.temporal("date", "2024-01-31")
    values = {"list": [1, 2.5, None], "day": day, "odd name": "it's", "map": {"a": [True]}}
    rt.add_query("q", text, sources=["s"], parameters=values)
    out = rt.to_config(tmp_path / "s.yaml", format="drasi-server")
    assert out.documents[0]["queries"][0]["query"] == (
        "MATCH (n:A) WHERE n.x IN [1, 2.5, null] AND n.d = date('2024-01-31')"
        r" AND n.y = 'it\'s' RETURN n.m = {a: [true]} AS m"
    )
    assert [f.code for f in out.lint].count("parameter") == 4
    again = dnb.Runtime.from_config(tmp_path / "s.yaml")
    assert again.queries["q"].text == out.documents[0]["queries"][0]["query"]


def test_a_value_without_a_spelling_stays_a_parameter_and_is_named() -> None:
    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    rt.add_query(
        "q",
        "MATCH (n:A) WHERE n.x < $x RETURN n",
        sources=["s"],
        parameters={"x": float("inf")},
    )
    out = rt.to_config(format="drasi-server")
    assert out.documents[0]["queries"][0]["query"].count("$x") == 1
    assert [f.code for f in out.lint if f.effect == "refused"] == [
        "source-kind",
        "parameter-value",
    ]


def test_the_report_is_a_frame() -> None:
    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    rt.add_query("q", "MATCH (n:A) RETURN n.x / 2 AS x LIMIT 3", sources=["s"])
    out = rt.to_config(format="drasi-server", kinds={"s": {"kind": "http", "port": 9000}})
    assert out.documents[0]["sources"] == [
        {"kind": "http", "id": "s", "autoStart": True, "port": 9000}
    ]
    frame = out.lint_frame()
    assert frame.columns == [
        "component", "line", "column", "code", "effect", "message", "hint",
    ]  # fmt: skip
    assert frame.select("component", "line", "column", "code", "effect").rows() == [
        ("q", 1, 20, "integer-division", "may differ"),
        ("q", 1, 39, "limit", "refused"),
    ]
    nothing = dnb.Runtime().to_config(format="drasi-platform")
    assert nothing.lint_frame().shape == (0, 7) and nothing.documents == []


def test_keys_are_spelled_as_drasi_does() -> None:
    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    up = {"kind": "relabel", "name": "up", "labelMappings": {"a": "A"}}
    join = {
        "ID": "J",
        "Keys": [{"LABEL": "A", "property": "x"}, {"label": "B", "property": "y"}],
    }
    rt.add_query(
        "q",
        "MATCH (n:A)-[:J]->(m:B) RETURN m.x AS x",
        sources=[{"ID": "s", "Pipeline": ("up",)}],
        middleware=[up],
        joins=[join],
    )
    (query,) = rt.to_config(format="drasi-server").documents[0]["queries"]
    assert query["sources"] == [{"sourceId": "s", "pipeline": ["up"]}]
    assert query["joins"] == [
        {"id": "J", "keys": [{"label": "A", "property": "x"}, {"label": "B", "property": "y"}]}
    ]
    again = dnb.Runtime.from_config(rt.to_config())
    assert again.to_config() == rt.to_config()


def test_a_replaced_stand_in_is_the_users_own() -> None:
    query = {"id": "q", "query": "MATCH (n:A) RETURN n.x AS x", "sources": [{"sourceId": "s"}]}
    config = {
        "sources": [{"kind": "mock", "id": "s"}],
        "queries": [query],
        "reactions": [{"kind": "log", "id": "r", "queries": ["q"]}],
    }
    rt = dnb.Runtime.from_config(config)
    rt.add_reaction("r", ["q"], print)
    with pytest.raises(dnb.ConfigError, match=r"'r' \(print\)"):
        rt.to_config()


def test_a_closed_runtime_is_written_as_one_that_runs() -> None:
    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    rt.close()
    assert rt.to_config()["sources"] == [{"id": "s", "kind": "push"}]
