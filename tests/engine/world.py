"""What every query of a runtime must show: the interpreter over what its sources hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from histories import Model, same_rows

import drasi_nb as dnb
from drasi_nb.engine.interpreter import Past, evaluate_plan
from drasi_nb.engine.oracle import PlainGraph
from drasi_nb.values.awaiting import AWAITING
from drasi_nb.values.graph import Node, Relation
from drasi_nb.values.ordering import identical


class World:
    """The graph of each source of a runtime, as its changes say, kept without the store."""

    def __init__(self, rt: dnb.Runtime) -> None:
        self.rt = rt
        self.now_ms: int | None = None  # None: what the clock says
        self.models: defaultdict[str, Model] = defaultdict(Model)

    def apply(self, source: str, changes: Iterable[dict[str, Any]]) -> None:
        for change in changes:
            self.models[source].apply(change)

    def forget(self, source: str) -> None:
        self.models.pop(source, None)

    def check(self, q: dnb.Query) -> None:
        """Compare the rows of a query that runs with a fresh evaluation."""
        got, expected = [row for _, row in q.keyed_rows()], self.expected(q)
        assert same_rows(got, expected), (q.id, q.text, got, expected)

    def expected(self, q: dnb.Query) -> list[tuple[Any, ...]]:
        assert q.plan is not None and q.compiled is not None and q.registered is not None
        nodes, relations = list[Node](), list[Relation]()
        for subscription in q.registered.subscriptions:
            for element in self._elements(subscription.source, subscription.middleware):
                (nodes if isinstance(element, Node) else relations).append(element)
        plan = replace(q.plan, operators=q.compiled.operators)
        now_ms = self.rt.clock.now_ms() if self.now_ms is None else self.now_ms
        past = Past(now_ms=now_ms)
        return list(evaluate_plan(plan, PlainGraph(nodes, relations), past=past).values())

    def _elements(self, source: str, middleware: Iterable[Any]) -> Iterable[Any]:
        if source == "__components__":
            yield from self._components()
        elif source.startswith("query:"):
            q = self.rt.queries[source.removeprefix("query:")]
            for key, row in q.keyed_rows():
                cells = zip(q.columns, row, strict=True)
                properties = {k: v for k, v in cells if v is not None and v is not AWAITING}
                yield Node(repr(key), (q.id,), properties, source)
        else:
            for id_, e in self.models[source].elements.items():
                change = dnb.Change(
                    "insert", id_, e["labels"], e["properties"], e["start_id"], e["end_id"]
                )
                for function in middleware:
                    change = function(change)
                yield as_element(change, source)

    def _components(self) -> Iterable[Any]:
        ends = {
            q.id: [s.removeprefix("query:") for s in q.sources]
            for q in self.rt.queries.values()
        }
        for row in self.rt.components().to_dicts():
            properties = {"id": row["id"], "status": row["status"]}
            yield Node(row["id"], (row["kind"].capitalize(),), properties, "__components__")
            for end in ends.get(row["id"], ()):
                name = f"{row['id']} {end}"
                yield Relation(name, "SUBSCRIBES_TO", row["id"], end, {}, "__components__")


def as_element(change: dnb.Change, source: str) -> Node | Relation:
    properties = dict(sorted((k, v) for k, v in change.properties.items() if v is not None))
    if change.start_id is None:
        return Node(change.id, sorted(set(change.labels or ())), properties, source)
    type_ = (change.labels or ("",))[0]
    return Relation(change.id, type_, change.start_id, change.end_id, properties, source)


class Sum:
    """Adds up the deltas of a query; equals its result at every moment."""

    def __init__(self, q: dnb.Query) -> None:
        self.q, self.rows = q, dict(q.keyed_rows())
        self.unsubscribe = q.on_delta(self.take)
        self.wrong: list[str] = []

    def take(self, delta: dnb.Delta) -> None:
        for key, old, new in delta.changes:
            if (old is None) == (key in self.rows) or (
                old is not None and not identical(self.rows[key], old)
            ):
                self.wrong.append(f"{key}: {old} -> {new}, was {self.rows.get(key)}")
            if new is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = new

    def check(self) -> None:
        assert not self.wrong, (self.q.id, self.wrong)
        rows = dict(self.q.keyed_rows())
        assert rows.keys() == self.rows.keys(), (self.q.id, rows, self.rows)
        assert all(identical(rows[key], self.rows[key]) for key in rows)
