"""The walk: from a changed element outward through every slot it can fill.

For each slot there are two functions. ``enum(element, w)`` feeds every match with the
element in that slot to the leaf with weight ``w``; lower slots must not hold the element, so
that each match is counted once. ``upd(element, old)`` does both sides of a change of
properties in one walk; it is used only where no other slot can hold the element.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from drasi_nb.engine.codegen.leaf import Column, Columns, Leaf, Place, Side
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.language import ast
from drasi_nb.language.labels import disjoint_types, holds, plain_types
from drasi_nb.plan.expressions import cannot_fail
from drasi_nb.plan.nodes import Match, free_variables
from drasi_nb.store.graph import Graph, RelationTable
from drasi_nb.values.graph import Node, Relation

LOOPS_PER_FUNCTION = 6  # Python allows 20 nested blocks and 100 levels of indentation
ALL = None
Kind = Literal["node", "relation"]


@dataclass(slots=True)
class View:
    """What of the graph a query sees.

    Attributes:
        graph: The shared store.
        sources: Numbers of the sources the query subscribes to.
    """

    graph: Graph
    sources: frozenset[int]


@dataclass(slots=True)
class Anchor:
    """The slot a walk starts from; ``fused`` walks see both sides of a change."""

    kind: Kind
    slot: int
    fused: bool


@dataclass(slots=True)
class Reads:
    """The properties a stage reads, per slot name; ALL of them where the element is a value."""

    by_slot: dict[str, set[str] | None] = field(default_factory=dict[str, Any])

    def one(self, slot: str, key: str) -> None:
        """Note the read of a property."""
        known = self.by_slot.setdefault(slot, set())
        if known is not None:
            known.add(key)

    def all(self, slot: str) -> None:
        """Note that an element is read whole."""
        self.by_slot[slot] = ALL


class Walk:
    """Writes the function of one anchor."""

    def __init__(
        self, writer: Writer, view: View, match: Match, leaf: Leaf, reads: Reads, anchor: Anchor
    ) -> None:
        self.writer, self.view, self.match, self.leaf = writer, view, match, leaf
        self.reads, self.anchor = reads, anchor
        self.nodes = {slot.name: i for i, slot in enumerate(match.nodes)}
        self.relations = {slot.name: i for i, slot in enumerate(match.relations)}
        self.bound_nodes: set[int] = set()
        self.bound_relations: set[int] = set()
        self.loaded: list[dict[str, str]] = [{}]
        self.live: list[str] = []
        self.flags = ("True", "True")
        self.waiting: list[ast.Expr] = []
        names = frozenset((*self.nodes, *self.relations))
        self.slot_names = names
        self.early = [e for e in match.filters if cannot_fail(e, names)]
        self.late = [e for e in match.filters if not cannot_fail(e, names)]

    # -- what the leaf reads ------------------------------------------------------------

    def _is_anchor(self, slot: str) -> bool:
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
            table = self._single(i)
            if table is not None:
                pages = self.writer.bind(table.column(key))
            else:
                pages = f"T{i}.column({self.writer.bind(key)})"
            source = f"{pages}[r{i} >> 10][r{i} & 1023]"
        now = self._load(f"n {slot} {key}", "v", source)
        if side == "n" or not self._is_anchor(slot):
            return now
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
            source = f"{self.writer.bind(graph.relation, 'relation')}({self._table(i)}, r{i})"
        if side == "o" and self._is_anchor(slot):
            return f"{self.writer.bind(_before)}({source}, old)"
        return source

    def identity(self, slot: str) -> str:
        """Return source for a hashable identity: the id, with its source where there are several."""
        if slot in self.nodes:
            i = self.nodes[slot]
            source, page = f"{self.writer.bind(self.view.graph.nodes.ids)}[h{i}]", f"p{i}"
        else:
            i = self.relations[slot]
            table = self._single(i)
            ids = self.writer.bind(table.ids) if table is not None else f"T{i}.ids"
            source, page = f"{ids}[r{i}]", f"{self._table(i)}.src[r{i}] >> 10"
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
        return f"{self.writer.bind(_type_holds)}({self.writer.bind(labels)}, {self._table(i)})"

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Forget, at its end, the reads that were written inside."""
        self.loaded.append({})
        live = len(self.live)
        yield
        self.loaded.pop()
        del self.live[live:]

    def _single(self, i: int) -> RelationTable | None:
        """Return the table of a relation slot that has exactly one type."""
        names = plain_types(self.match.relations[i].types)
        if names is None or len(names) != 1:
            return None
        return self.view.graph.type_table(next(iter(names)))

    def _table(self, i: int) -> str:
        table = self._single(i)
        return f"T{i}" if table is None else self.writer.bind(table)

    # -- the function -------------------------------------------------------------------

    def columns(self) -> Columns:
        """Return the slots as columns."""
        names = (*self.nodes, *self.relations)
        return {name: Column(name, "", self._is_anchor(name)) for name in names}

    def place(self, side: Side) -> Place:
        """Return this point of the walk for one side."""
        return Place(self.writer, self, self.columns(), side)

    def write(self, name: str) -> None:
        """Write the whole function."""
        i = self.anchor.slot
        self.waiting = list(self.early)
        last = "old" if self.anchor.fused else "w"
        if self.anchor.kind == "node":
            self.live = [f"h{i}", last]
            with self.writer.block(f"def {name}(h{i}, {last}):"):
                self.writer.line(f"a = h{i}")
                self.live.append("a")
                self._bind_node(i)
                self._filters(lambda: self._step(0))
            return
        self.live = [f"T{i}", f"r{i}", last]
        with self.writer.block(f"def {name}(T{i}, r{i}, {last}):"):
            self.writer.line(f"a = r{i}; A = T{i}")
            self.live += ["a", "A"]
            slot = self.match.relations[i]
            self.writer.line(f"s = T{i}.src[a]; d = T{i}.dst[a]")
            self.bound_relations.add(i)
            if slot.start == slot.end:
                with self._block("if s == d:"):
                    self.writer.line(f"h{slot.start} = s")
                    self._check_node(slot.start, lambda: self._step(0))
                return
            ways = "((s, d),)" if slot.directed else "((s, d), (d, s)) if s != d else ((s, d),)"
            with self._block(f"for h{slot.start}, h{slot.end} in {ways}:"):
                self.live += [f"h{slot.start}", f"h{slot.end}"]
                self._check_node(
                    slot.start, lambda: self._check_node(slot.end, lambda: self._step(0))
                )

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        with self.writer.block(head), self.scope():
            yield

    def _bind_node(self, i: int) -> None:
        self.bound_nodes.add(i)
        self.writer.line(f"p{i} = h{i} >> 10; q{i} = h{i} & 1023")
        self.live += [f"p{i}", f"q{i}"]

    def _check_node(self, i: int, body: Any) -> None:
        """Write the tests of a node that was just reached, then the body."""
        if f"h{i}" not in self.live:
            self.live.append(f"h{i}")
        bound = i in self.bound_nodes
        self._bind_node(i)
        mask = self.view.graph.nodes.mask(self.match.nodes[i].labels, self.view.sources)
        test = f"{self.writer.bind(mask)}[p{i}]"
        if self.anchor.kind == "node" and i < self.anchor.slot and not self.anchor.fused:
            test += f" and h{i} != a"
        with self._block(f"if {test}:"):
            self._filters(body)
        if not bound:
            self.bound_nodes.discard(i)

    def _filters(self, body: Any) -> None:
        """Write the early filters whose variables are bound by now, then the body."""
        have = {name for name, i in self.nodes.items() if i in self.bound_nodes}
        have |= {name for name, i in self.relations.items() if i in self.bound_relations}
        ready = [e for e in self.waiting if free_variables(e) <= have]
        if not ready:
            body()
            return
        kept, flags = self.waiting, self.flags
        self.waiting = [e for e in kept if e is not ready[0]]
        now = self.place("n")
        if self.anchor.fused and now.changes(ready[0]):
            before, after = self.place("o").test(ready[0]), now.test(ready[0])
            o, n = self.writer.fresh("f"), self.writer.fresh("f")
            self.writer.line(
                f"{o} = {'' if flags[0] == 'True' else flags[0] + ' and '}{before}"
            )
            self.writer.line(f"{n} = {'' if flags[1] == 'True' else flags[1] + ' and '}{after}")
            self.live += [o, n]
            self.flags = (o, n)
            head = f"if {o} or {n}:"
        else:
            head = f"if {now.test(ready[0])}:"
        with self._block(head):
            self._filters(body)
        self.waiting, self.flags = kept, flags

    def _step(self, loops: int) -> None:
        """Write the next relation or node to reach, or the leaf."""
        if loops >= LOOPS_PER_FUNCTION:
            self._continue_apart()
            return
        todo = [i for i in range(len(self.match.relations)) if i not in self.bound_relations]
        ends = {i: (self.match.relations[i].start, self.match.relations[i].end) for i in todo}
        closing = [i for i in todo if all(end in self.bound_nodes for end in ends[i])]
        reachable = [i for i in todo if any(end in self.bound_nodes for end in ends[i])]
        if closing or reachable:
            self._relation((closing or reachable)[0], loops)
            return
        free = [i for i in range(len(self.match.nodes)) if i not in self.bound_nodes]
        if free:
            self._scan(free[0], loops)
            return
        self._leaf()

    def _continue_apart(self) -> None:
        name = self.writer.fresh("walk")
        names = list(dict.fromkeys(self.live))
        self.writer.line(f"{name}({', '.join(names)})")
        with (
            self.writer.top_level() as lines,
            self.writer.block(f"def {name}({', '.join(names)}):"),
        ):
            self._step(0)
        self.writer.apart.append(lines)

    def _scan(self, i: int, loops: int) -> None:
        nodes = self.view.graph.nodes
        ids, mask = (
            self.writer.bind(nodes.ids),
            self.writer.bind(nodes.mask(self.match.nodes[i].labels, self.view.sources)),
        )
        scan = self.writer.bind(scan_pages)
        with self._block(f"for h{i} in {scan}({mask}, {ids}):"):
            self._check_node(i, lambda: self._step(loops + 1))

    def _relation(self, i: int, loops: int) -> None:
        slot = self.match.relations[i]
        forward = slot.start in self.bound_nodes
        near, far = (slot.start, slot.end) if forward else (slot.end, slot.start)
        table, used = self._single(i), loops
        if table is None:
            tables = self.writer.bind(RelationTables(self.view.graph, slot.types))
            with self._block(f"for T{i} in {tables}:"):
                self.live.append(f"T{i}")
                self._directions(i, near, far, forward, used + 1)
        else:
            self._directions(i, near, far, forward, used)

    def _directions(self, i: int, near: int, far: int, forward: bool, loops: int) -> None:
        slot = self.match.relations[i]
        out, into = self._chain(i, True), self._chain(i, False)
        if slot.directed or near == far:
            self._chase(i, near, far, out if forward else into, "", loops)
            return
        both = f"(({', '.join(out)}, False), ({', '.join(into)}, True))"
        with self._block(f"for H{i}, N{i}, E{i}, b{i} in {both}:"):
            # a self-loop is in both chains and is one match
            self.live += [f"N{i}", f"E{i}", f"b{i}"]
            again = f"not (b{i} and E{i}[r{i}] == h{near})"
            self._chase(i, near, far, (f"H{i}", f"N{i}", f"E{i}"), again, loops + 1)

    def _chain(self, i: int, out: bool) -> tuple[str, str, str]:
        """Return sources for the heads, the links and the far ends of a chain."""
        table, bind = self._single(i), self.writer.bind
        if table is None:
            name = f"T{i}"
            if out:
                return f"{name}.first_out", f"{name}.next_out", f"{name}.dst"
            return f"{name}.first_in", f"{name}.next_in", f"{name}.src"
        if out:
            return bind(table.first_out), bind(table.next_out), bind(table.dst)
        return bind(table.first_in), bind(table.next_in), bind(table.src)

    def _chase(
        self, i: int, near: int, far: int, chain: tuple[str, str, str], test: str, loops: int
    ) -> None:
        heads, links, ends = chain
        closing = far in self.bound_nodes
        tests = [test] if test else []
        tests += [f"{ends}[r{i}] == h{far}"] if closing else []
        tests += self._other_relations(i)
        self.writer.line(f"r{i} = {heads}[p{near}][q{near}]")
        self.live.append(f"r{i}")
        self.bound_relations.add(i)
        with self._block(f"while r{i} >= 0:"):
            if tests:
                with self._block(f"if {' and '.join(tests)}:"):
                    self._arrive(i, far, ends, closing, loops + 1)
            else:
                self._arrive(i, far, ends, closing, loops + 1)
            self.writer.line(f"r{i} = {links}[r{i}]")
        self.bound_relations.discard(i)

    def _arrive(self, i: int, far: int, ends: str, closing: bool, loops: int) -> None:
        if closing:
            self._filters(lambda: self._step(loops))
            return
        self.writer.line(f"h{far} = {ends}[r{i}]")
        self._check_node(far, lambda: self._step(loops))

    def _other_relations(self, i: int) -> list[str]:
        """Return tests that keep relation ``i`` apart from those bound before it."""
        out = list[str]()
        for a, b in self.match.unique:
            other = b if a == i else a if b == i else None
            if other is None or other not in self.bound_relations:
                continue
            same_table = f"{self._table(i)} is {self._table(other)}"
            out.append(f"not (r{i} == r{other} and {same_table})")
        anchor = self.anchor
        if anchor.kind == "relation" and not anchor.fused and i < anchor.slot:
            mine, theirs = (
                self.match.relations[i].types,
                self.match.relations[anchor.slot].types,
            )
            pair = (i, anchor.slot)
            if pair not in self.match.unique and not disjoint_types(mine, theirs):
                out.append(f"not (r{i} == a and {self._table(i)} is A)")
        return out

    def _leaf(self) -> None:
        parts = [*self.nodes, *self.relations]
        key = f"({', '.join(self.identity(name) for name in parts)},)"
        if self.leaf.needs_key():
            self.writer.line(f"key = {key}")
            key = "key"
        if self.anchor.fused:
            self.leaf.sides(self.place("o"), self.place("n"), key, self.slot_names, self.flags)
        else:
            self.leaf.weighted(self.place("n"), key, self.slot_names)


class RelationTables:
    """The tables whose type satisfies an expression, those to come included."""

    def __init__(self, graph: Graph, types: ast.LabelExpr | None) -> None:
        self.graph, self.types = graph, types
        self.seen = 0
        self.tables: list[RelationTable] = []

    def __iter__(self) -> Iterator[RelationTable]:
        new = self.graph.tables[self.seen :]
        if new:
            self.tables.extend(table for table in new if _type_holds(self.types, table))
            self.seen += len(new)
        return iter(self.tables)


def _type_holds(types: ast.LabelExpr | None, table: RelationTable) -> bool:
    return holds(types, (table.name,))


def scan_pages(mask: list[bool], ids: list[Any]) -> Iterator[int]:
    """Yield the handles of all nodes on the pages of a mask."""
    for page, matches in enumerate(mask):
        if matches:
            base = page << 10
            for place, element_id in enumerate(ids[base : base + 1024]):
                if element_id is not None:
                    yield base + place


def _before(element: Node | Relation, old: dict[str, Any]) -> Node | Relation:
    """Return an element, just made, as it was before a change of properties."""
    properties = element.properties
    for name, value in old.items():
        if value is None:
            properties.pop(name, None)
        else:
            properties[name] = value
    return element
