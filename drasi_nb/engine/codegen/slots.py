"""The slots of a walk, as the code under construction reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from drasi_nb.engine.codegen.leaf import Column, Columns, Place, Side
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.history import History
from drasi_nb.engine.timers import Timers
from drasi_nb.language import ast
from drasi_nb.language.labels import plain_types
from drasi_nb.plan.nodes import Match
from drasi_nb.store.graph import Graph
from drasi_nb.store.relations import RelationTable
from drasi_nb.values.graph import STAMP, Node, Relation

ALL = None
Kind = Literal["node", "relation"]


@dataclass(slots=True)
class View:
    """What of the graph a query sees.

    Attributes:
        graph: The shared store.
        sources: Numbers of the sources the query subscribes to.
        most_trails: How many trails a variable length may have from one node.
        timers: What waits for the clock.
        history: Kept versions of elements.
    """

    graph: Graph
    sources: frozenset[int]
    most_trails: int
    timers: Timers
    history: History


@dataclass(slots=True)
class Anchor:
    """The slot a walk starts from.

    Attributes:
        fused: Whether it sees both sides of a change.
        in_steps: Whether it is left off now and then, as a generator.
        changed: Of many nodes at once: the properties whose values it is given. None of one,
            with the old values of any in a dict.
    """

    kind: Kind | Literal["row"]
    slot: int
    fused: bool
    in_steps: bool = False
    changed: tuple[str, ...] | None = None


@dataclass(slots=True)
class Reads:
    """The properties a stage reads, per slot name; ALL of them where the element is a value."""

    by_slot: dict[str, set[str] | None] = field(default_factory=dict[str, Any])
    stamps: set[str] = field(default_factory=set[str])  # slots of which the stamp is read

    def one(self, slot: str, key: str) -> None:
        """Note the read of a property."""
        if key == STAMP:
            self.stamps.add(slot)
            return
        known = self.by_slot.setdefault(slot, set())
        if known is not None:
            known.add(key)

    def merge(self, other: Reads) -> None:
        """Note what others noted."""
        self.stamps |= other.stamps
        for slot, keys in other.by_slot.items():
            known = self.by_slot.setdefault(slot, set())
            self.by_slot[slot] = ALL if keys is None or known is None else known | keys

    def all(self, slot: str) -> None:
        """Note that an element is read whole."""
        self.by_slot[slot] = ALL


class BoundSlots:
    """Reads of the elements that a walk has bound, each written once.

    In the generated code node slot ``i`` is the handle ``h<i>`` on page ``p<i>`` at place
    ``q<i>``; relation slot ``i`` is row ``r<i>`` of table ``T<i>``, or of a table known by now.
    """

    def __init__(
        self, writer: Writer, view: View, match: Match, reads: Reads, anchor: Anchor
    ) -> None:
        self.writer, self.view, self.match = writer, view, match
        self.reads, self.anchor = reads, anchor
        self.nodes = {slot.name: i for i, slot in enumerate(match.nodes)}
        self.relations = {slot.name: i for i, slot in enumerate(match.relations)}
        self.loaded: list[dict[str, str]] = [{}]
        self.live: list[str] = []  # local names that a function apart must be given

    def is_anchor(self, slot: str) -> bool:
        """Return whether a slot is the one whose change is seen from both sides."""
        table = self.nodes if self.anchor.kind == "node" else self.relations
        return self.anchor.fused and table.get(slot) == self.anchor.slot

    def _local(self, key: str) -> str | None:
        return next((names[key] for names in reversed(self.loaded) if key in names), None)

    def _load(self, key: str, prefix: str, source: str) -> str:
        local = self._local(key)
        if local is None:
            local = self.writer.fresh(prefix)
            self.writer.line(f"{local} = {source}")
            self.loaded[-1][key] = local
            self.live.append(local)
        return local

    def property(self, slot: str, key: str, side: Side) -> str:
        """Write the read of a property, unless it was read; return its local name."""
        self.reads.one(slot, key)
        if slot in self.nodes:
            i = self.nodes[slot]
            pages = self.writer.bind(self.view.graph.nodes.column(key))
            source = f"{pages}[p{i}][q{i}]"
        else:
            i = self.relations[slot]
            table = self.single(i)
            if table is not None:
                pages = self.writer.bind(table.column(key))
            else:
                pages = f"T{i}.column({self.writer.bind(key)})"
            source = f"{pages}[r{i} >> 10][r{i} & 1023]"
        now = self._load(f"n {slot} {key}", "v", source)
        if side == "n" or not self.is_anchor(slot):
            return now
        if self.anchor.changed is not None:
            return self._local(f"o {slot} {key}") or now
        name = self.writer.bind(key)
        return self._load(f"o {slot} {key}", "u", f"old[{name}] if {name} in old else {now}")

    def value(self, slot: str, side: Side) -> str:
        """Return source for the whole element as a value."""
        self.reads.all(slot)
        graph = self.view.graph
        if slot in self.nodes:
            source = f"{self.writer.bind(graph.node, 'node')}(h{self.nodes[slot]})"
        else:
            i = self.relations[slot]
            source = f"{self.writer.bind(graph.relation, 'relation')}({self.table(i)}, r{i})"
        if side == "o" and self.is_anchor(slot):
            return f"{self.writer.bind(_before)}({source}, {self._old(slot)})"
        return source

    def _old(self, slot: str) -> str:
        """Return source for the old values of the anchor as a dict."""
        if self.anchor.changed is None:
            return "old"
        locals_ = [(key, self._local(f"o {slot} {key}")) for key in self.anchor.changed]
        return f"{{{', '.join(f'{self.writer.bind(key)}: {name}' for key, name in locals_)}}}"

    def identity(self, slot: str) -> str:
        """Return source for a hashable identity: the id, with its source where there are several."""
        if slot in self.nodes:
            i = self.nodes[slot]
            source, page = f"{self.writer.bind(self.view.graph.nodes.ids)}[p{i}][q{i}]", f"p{i}"
        else:
            i = self.relations[slot]
            table = self.single(i)
            ids = self.writer.bind(table.ids) if table is not None else f"T{i}.ids"
            source, page = f"{ids}[r{i} >> 10][r{i} & 1023]", f"{self.table(i)}.src[r{i}] >> 10"
        if len(self.view.sources) == 1:
            return source
        groups = self.writer.bind(self.view.graph.nodes.page_group)
        names = self.writer.bind(self.view.graph.source_ids)
        return f"({names}[{groups}[{page}].source], {source})"

    def label_test(self, slot: str, labels: ast.LabelExpr) -> str:
        """Return source for a label predicate."""
        if slot in self.nodes:
            mask = self.view.graph.nodes.mask(labels, self.view.sources)
            return f"{self.writer.bind(mask)}[p{self.nodes[slot]}]"
        i = self.relations[slot]
        return f"{self.table(i)}.is_of({self.writer.bind(labels)})"

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Forget, at its end, the reads that were written inside."""
        self.loaded.append({})
        live = len(self.live)
        yield
        self.loaded.pop()
        del self.live[live:]

    def single(self, i: int) -> RelationTable | None:
        """Return the table of a relation slot that has exactly one type."""
        names = plain_types(self.match.relations[i].types)
        if names is None or len(names) != 1:
            return None
        return self.view.graph.type_table(next(iter(names)))

    def table(self, i: int) -> str:
        """Return source for the table of a relation slot."""
        table = self.single(i)
        return f"T{i}" if table is None else self.writer.bind(table)

    def columns(self) -> Columns:
        """Return the slots as columns."""
        names = (*self.nodes, *self.relations)
        return {name: Column(name, "", self.is_anchor(name)) for name in names}

    def place(self, side: Side) -> Place:
        """Return this point of the walk for one side."""
        return Place(self.writer, self, self.columns(), side)


def _before(element: Node | Relation, old: dict[str, Any]) -> Node | Relation:
    """Return an element, just made, as it was before a change of properties."""
    properties = element.properties
    for name, value in old.items():
        if name == STAMP:
            element.stamp = value
        elif value is None:
            properties.pop(name, None)
        else:
            properties[name] = value
    return element
