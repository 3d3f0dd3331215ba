"""A query made ready to run: generated walks, group stages, the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from drasi_nb.engine.codegen.leaf import Column, Leaf, Place
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.sinks import GroupSink, ResultSink
from drasi_nb.engine.codegen.slots import Anchor, Kind, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.failures import FailureLog
from drasi_nb.engine.groups import GroupStage
from drasi_nb.engine.result import ResultStage, RowChange
from drasi_nb.language import ast
from drasi_nb.plan.expressions import cannot_fail
from drasi_nb.plan.nodes import Aggregate, Filter, Match, Plan, Project
from drasi_nb.store.indexes import scan_pages

Tail = tuple[Filter | Project, ...]


@dataclass(frozen=True, slots=True)
class Handler:
    """What to call when an element that fits one slot changes.

    Attributes:
        labels: Condition on the node's labels or the relation's type.
        reads: Properties whose change matters; None is all.
        enum: ``enum(element, weight)``; a relation is passed as (table, row).
        upd: ``upd(element, old values)``, right only where no other slot fits the element.
    """

    kind: Kind
    labels: ast.LabelExpr | None
    reads: frozenset[str] | None
    enum: Callable[..., None]
    upd: Callable[..., None]


class CompiledQuery:
    """One query over the shared graph.

    Args:
        plan: What to keep right.
        view: What it sees.
        mark: Called when a tick first touches the query.
    """

    def __init__(self, plan: Plan, view: View, mark: Callable[[CompiledQuery], None]) -> None:
        self.plan, self.view = plan, view
        self.log = FailureLog()
        self.is_touched = False
        self._mark_with = mark
        self.groups: list[GroupStage] = []
        self.handlers: list[Handler] = []
        self.sources: list[str] = []
        self.result = ResultStage(self._mark)
        self._scan: Callable[[int, int], None] = lambda _handle, _weight: None
        match, *rest = plan.operators
        assert isinstance(match, Match)
        tail, aggregate, later = _split(rest)
        self._compile_match(match, tail, aggregate)
        while aggregate is not None:
            tail, following, later = _split(later)
            self._compile_pipe(self.groups[-1], aggregate, tail, following)
            aggregate = following

    def _mark(self) -> None:
        if not self.is_touched:
            self.is_touched = True
            self._mark_with(self)

    def _sink(self, writer: Writer, aggregate: Aggregate | None) -> ResultSink | GroupSink:
        if aggregate is None:
            return ResultSink(writer, self.result, self.plan.columns)
        stage = GroupStage(aggregate, self._mark, self.log, len(self.groups) + 1)
        self.groups.append(stage)
        return GroupSink(writer, stage, aggregate)

    def _fail(self, writer: Writer, stage: int) -> str:
        def fail(weight: int, key: Any, error: Any) -> None:
            self.log.record(stage, weight, key, error)
            self._mark()

        return writer.bind(fail, "fail")

    def _compile_match(self, match: Match, tail: Tail, aggregate: Aggregate | None) -> None:
        writer, reads = Writer(), Reads()
        names = frozenset((*(s.name for s in match.nodes), *(s.name for s in match.relations)))
        late = tuple(e for e in match.filters if not cannot_fail(e, names))
        operators = (Filter(late), *tail) if late else tail
        sink = self._sink(writer, aggregate)
        leaf = Leaf(writer, operators, sink, self._fail(writer, 0))
        slots = [("node", i, s.name, s.labels) for i, s in enumerate(match.nodes)]
        slots += [("relation", i, s.name, s.types) for i, s in enumerate(match.relations)]
        for kind, i, _, _ in slots:
            for fused in (False, True):
                anchor = Anchor(cast(Kind, kind), i, fused)
                name = f"{'upd' if fused else 'enum'}_{kind}_{i}"
                Walk(writer, self.view, match, leaf, reads, anchor).write(name)
        namespace = writer.load()
        self.sources.append(writer.source())
        for kind, i, name, labels in slots:
            known = reads.by_slot.get(name, set[str]())
            self.handlers.append(
                Handler(
                    cast(Kind, kind),
                    labels,
                    None if known is None else frozenset(known),
                    namespace[f"enum_{kind}_{i}"],
                    namespace[f"upd_{kind}_{i}"],
                )
            )
        self._scan = namespace["enum_node_0"]
        self._scan_labels = match.nodes[0].labels

    def _compile_pipe(
        self, stage: GroupStage, aggregate: Aggregate, tail: Tail, following: Aggregate | None
    ) -> None:
        writer = Writer()
        leaf = Leaf(
            writer, tail, self._sink(writer, following), self._fail(writer, -stage.number)
        )
        names = [name for name, _ in (*aggregate.keys, *aggregate.aggregates)]
        with writer.block("def pipe(key, o, n):"):
            before, after = (
                Place(
                    writer,
                    None,
                    {name: Column(None, f"{side}[{i}]", True) for i, name in enumerate(names)},
                    side,
                )
                for side in ("o", "n")
            )
            flags = ("o is not None", "n is not None")
            leaf.sides(before, after, "key", frozenset(), flags)
        stage.next = writer.load()["pipe"]
        self.sources.append(writer.source())

    def bootstrap(self) -> None:
        """Evaluate from the store: the same walk over every node of the first slot."""
        for stage in self.groups:
            stage.open()
        nodes, scan = self.view.graph.nodes, self._scan
        for handle in scan_pages(nodes.mask(self._scan_labels, self.view.sources), nodes.ids):
            scan(handle, 1)

    def flush(self) -> list[RowChange]:
        """End a tick: run the stages in order; return what it changed in the result."""
        for stage in self.groups:
            stage.flush()
        self.is_touched = False
        return self.result.take()


def _split(operators: list[Any]) -> tuple[Tail, Aggregate | None, list[Any]]:
    """Cut a chain at its first Aggregate."""
    for place, operator in enumerate(operators):
        if isinstance(operator, Aggregate):
            return tuple(operators[:place]), operator, operators[place + 1 :]
    return tuple(operators), None, []
