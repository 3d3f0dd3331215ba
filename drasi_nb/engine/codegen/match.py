"""The walk: from a changed element outward through every slot it can fill.

For each slot there are two functions. ``enum(element, w)`` feeds every match with the
element in that slot to the leaf with weight ``w``; lower slots must not hold the element, so
that each match is counted once. ``upd(element, old)`` does both sides of a change of
properties in one walk; it is used only where no other slot can hold the element.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from drasi_nb.engine.codegen.leaf import Leaf
from drasi_nb.engine.codegen.slots import Anchor, BoundSlots, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.language import ast
from drasi_nb.language.labels import disjoint_types
from drasi_nb.plan.expressions import is_safe
from drasi_nb.plan.nodes import Match, free_variables
from drasi_nb.store.indexes import RelationTables, scan_pages
from drasi_nb.values.graph import STAMP

STEP = 1_024  # relations between two places where a walk in steps is left off
LOOPS_PER_FUNCTION = 6  # Python allows 20 nested blocks and 100 levels of indentation


class Walk(BoundSlots):
    """Writes the function of one anchor."""

    def __init__(
        self, writer: Writer, view: View, match: Match, leaf: Leaf, reads: Reads, anchor: Anchor
    ) -> None:
        super().__init__(writer, view, match, reads, anchor)
        self.leaf = leaf
        self.bound_nodes: set[int] = set()
        self.bound_relations: set[int] = set()
        self.flags = ("True", "True")
        self.waiting: list[ast.Expr] = []
        self._is_apart = False
        self.slot_names = frozenset((*self.nodes, *self.relations))
        self.early = [e for e in match.filters if is_safe(e, self.slot_names)]

    def write(self, name: str) -> None:
        """Write the whole function."""
        i = self.anchor.slot
        self.waiting = list(self.early)
        last = "old" if self.anchor.fused else "w"
        if self.anchor.changed is not None:
            self._write_many(name, i, self.anchor.changed)
            return
        if self.anchor.kind == "node":
            self.live = [f"h{i}", last]
            with self.writer.block(f"def {name}(h{i}, {last}):"):
                self._begin()
                self._write_node(i)
            return
        self.live = [f"T{i}", f"r{i}", last]
        with self.writer.block(f"def {name}(T{i}, r{i}, {last}):"):
            self._begin()
            self.writer.line(f"a = r{i}; A = T{i}")
            self.live += ["a", "A"]
            slot = self.match.relations[i]
            self.writer.line(f"s = T{i}.src[a]; d = T{i}.dst[a]")
            self.bound_relations.add(i)
            if slot.start == slot.end:
                with self.block("if s == d:"):
                    self.writer.line(f"h{slot.start} = s")
                    self.check_node(slot.start, lambda: self.step(0))
                return
            ways = "((s, d),)" if slot.directed else "((s, d), (d, s)) if s != d else ((s, d),)"
            with self.block(f"for h{slot.start}, h{slot.end} in {ways}:"):
                self.live += [f"h{slot.start}", f"h{slot.end}"]
                self.check_node(
                    slot.start, lambda: self.check_node(slot.end, lambda: self.step(0))
                )

    def _write_node(self, i: int) -> None:
        self.writer.line(f"a = h{i}")
        self.live.append("a")
        self._bind_node(i)
        self.filters(lambda: self.step(0))

    def _write_many(self, name: str, i: int, changed: tuple[str, ...]) -> None:
        """Write the function of many nodes, which is given what changed as columns."""
        sides = [(side, key) for side in ("o", "n") for key in changed]
        columns = [self.writer.fresh(side.upper()) for side, _ in sides]
        locals_ = [self.writer.fresh(side) for side, _ in sides]
        self.live = ["rows", f"h{i}", *locals_]
        slot = self.match.nodes[i].name
        with (
            self.writer.block(f"def {name}(rows, handles, {', '.join(columns)}):"),
            self.block(
                f"for h{i}, {', '.join(locals_)} in zip(handles, {', '.join(columns)}):"
            ),
        ):
            for (side, key), local in zip(sides, locals_, strict=True):
                self.loaded[-1][f"{side} {slot} {key}"] = local
            self._write_node(i)

    def _begin(self) -> None:
        if self.anchor.in_steps:
            self.writer.line("steps = 0")
            self.writer.line("if False: yield")  # a generator, also where nothing is long

    def _leave_off(self) -> None:
        """Write what counts a relation passed, and leaves off after so many."""
        if self.anchor.in_steps and not self._is_apart:
            self.writer.line("steps += 1")
            self.writer.line(f"if not steps & {STEP - 1}: yield")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Indent; reads written inside are forgotten at the end."""
        with self.writer.block(head), self.scope():
            yield

    def _bind_node(self, i: int) -> None:
        self.bound_nodes.add(i)
        self.writer.line(f"p{i} = h{i} >> 10; q{i} = h{i} & 1023")
        self.live += [f"p{i}", f"q{i}"]

    def check_node(self, i: int, body: Any) -> None:
        """Write the tests of a node that was just reached, then the body."""
        if f"h{i}" not in self.live:
            self.live.append(f"h{i}")
        bound = i in self.bound_nodes
        self._bind_node(i)
        mask = self.view.graph.nodes.mask(self.match.nodes[i].labels, self.view.sources)
        test = f"{self.writer.bind(mask)}[p{i}]"
        if self.anchor.kind == "node" and i < self.anchor.slot and not self.anchor.fused:
            test += f" and h{i} != a"
        with self.block(f"if {test}:"):
            self.filters(body)
        if not bound:
            self.bound_nodes.discard(i)

    def filters(self, body: Any) -> None:
        """Write the early filters whose variables are bound by now, then the body."""
        have = self.bound_names()
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
        with self.block(head):
            self.filters(body)
        self.waiting, self.flags = kept, flags

    def step(self, loops: int) -> None:
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
        if not free:
            self.leaf_code()
            return
        for i in free:
            for e in self.waiting:
                probe = self._probe(i, e)
                if probe is not None:
                    self._scan(i, probe, loops)
                    return
        nodes = self.view.graph.nodes
        mask = self.writer.bind(nodes.mask(self.match.nodes[free[0]].labels, self.view.sources))
        every = f"{self.writer.bind(scan_pages)}({mask}, {self.writer.bind(nodes.ids)})"
        self._scan(free[0], every, loops)

    def _probe(self, i: int, e: ast.Expr) -> str | None:
        """Return source for the candidates of a node slot that an equality leaves, if it does."""
        if not isinstance(e, ast.Comparison) or len(e.rest) != 1 or e.rest[0][0] != "=":
            return None
        bound = self.bound_names()
        name = self.match.nodes[i].name
        for mine, other in ((e.first, e.rest[0][1]), (e.rest[0][1], e.first)):
            match mine:
                case ast.Property(base=ast.Variable(name=base), key=key) if base == name:
                    pass
                case _:
                    continue
            if not free_variables(other) <= bound:
                continue
            index = self.writer.bind(self.view.graph.nodes.index(key))
            now = self.place("n")
            if self.anchor.fused and now.changes(other):
                before = self.place("o").value(other)
                return f"{index}.probe_both({before}, {now.value(other)})"
            return f"{index}.probe({now.value(other)})"
        return None

    def bound_names(self) -> set[str]:
        """Return the slots that are bound here."""
        names = {name for name, i in self.nodes.items() if i in self.bound_nodes}
        return names | {name for name, i in self.relations.items() if i in self.bound_relations}

    def _continue_apart(self) -> None:
        name = self.writer.fresh("walk")
        names = list(dict.fromkeys(self.live))
        self.writer.line(f"{name}({', '.join(names)})")
        was_apart, self._is_apart = self._is_apart, True
        with (
            self.writer.top_level() as lines,
            self.writer.block(f"def {name}({', '.join(names)}):"),
        ):
            self.step(0)
        self._is_apart = was_apart
        self.writer.apart.append(lines)

    def _scan(self, i: int, candidates: str, loops: int) -> None:
        with self.block(f"for h{i} in {candidates}:"):
            self.check_node(i, lambda: self.step(loops + 1))

    def _relation(self, i: int, loops: int) -> None:
        slot = self.match.relations[i]
        forward = slot.start in self.bound_nodes
        near, far = (slot.start, slot.end) if forward else (slot.end, slot.start)
        table, used = self.single(i), loops
        if table is None:
            tables = self.writer.bind(RelationTables(self.view.graph, slot.types))
            with self.block(f"for T{i} in {tables}:"):
                self.live.append(f"T{i}")
                self._directions(i, near, far, forward, used + 1)
        else:
            self._directions(i, near, far, forward, used)

    def _directions(self, i: int, near: int, far: int, forward: bool, loops: int) -> None:
        slot = self.match.relations[i]
        if far in self.bound_nodes:
            self._close(i, loops)
            return
        out, into = self._chain(i, True), self._chain(i, False)
        if slot.directed:
            self._chase(i, near, far, out if forward else into, "", loops)
            return
        both = f"(({', '.join(out)}, False), ({', '.join(into)}, True))"
        with self.block(f"for H{i}, N{i}, E{i}, b{i} in {both}:"):
            # a self-loop is in both chains and is one match
            self.live += [f"N{i}", f"E{i}", f"b{i}"]
            again = f"not (b{i} and E{i}[r{i}] == h{near})"
            self._chase(i, near, far, (f"H{i}", f"N{i}", f"E{i}"), again, loops + 1)

    def _close(self, i: int, loops: int) -> None:
        """Write the probe for a relation between two nodes that are bound."""
        slot = self.match.relations[i]
        ends = f"h{slot.start}, h{slot.end}"
        table = self.single(i)
        pairs = f"T{i}.pairs()" if table is None else self.writer.bind(table.pairs())
        if slot.directed or slot.start == slot.end:
            self._probe_pair(i, f"{pairs}.between({ends})", loops)
            return
        ways = f"(({ends}), (h{slot.end}, h{slot.start}))"
        ways += f" if h{slot.start} != h{slot.end} else (({ends}),)"
        with self.block(f"for s{i}, d{i} in {ways}:"):
            self._probe_pair(i, f"{pairs}.between(s{i}, d{i})", loops + 1)

    def _probe_pair(self, i: int, rows: str, loops: int) -> None:
        self.bound_relations.add(i)
        with self.block(f"for r{i} in {rows}:"):
            self.live.append(f"r{i}")
            tests = self._other_relations(i)
            with self.block(f"if {' and '.join(tests) or 'True'}:"):
                self.filters(lambda: self.step(loops + 1))
        self.bound_relations.discard(i)

    def _chain(self, i: int, out: bool) -> tuple[str, str, str]:
        """Return sources for the heads, the links and the far ends of a chain."""
        table, bind = self.single(i), self.writer.bind
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
        tests = ([test] if test else []) + self._other_relations(i)
        self.writer.line(f"r{i} = {heads}[p{near}][q{near}]")
        self.live.append(f"r{i}")
        self.bound_relations.add(i)
        with self.block(f"while r{i} >= 0:"):
            with self.block(f"if {' and '.join(tests)}:") if tests else nullcontext():
                self.writer.line(f"h{far} = {ends}[r{i}]")
                self.check_node(far, lambda: self.step(loops + 1))
            self.writer.line(f"r{i} = {links}[r{i}]")
            self._leave_off()
        self.bound_relations.discard(i)

    def _other_relations(self, i: int) -> list[str]:
        """Return tests that keep relation ``i`` apart from those bound before it."""
        out = list[str]()
        for a, b in self.match.unique:
            other = b if a == i else a if b == i else None
            if other is None or other not in self.bound_relations:
                continue
            same_table = f"{self.table(i)} is {self.table(other)}"
            out.append(f"not (r{i} == r{other} and {same_table})")
        anchor = self.anchor
        if anchor.kind == "relation" and not anchor.fused and i < anchor.slot:
            mine, theirs = (
                self.match.relations[i].types,
                self.match.relations[anchor.slot].types,
            )
            pair = (i, anchor.slot)
            if pair not in self.match.unique and not disjoint_types(mine, theirs):
                out.append(f"not (r{i} == a and {self.table(i)} is A)")
        return out

    def leaf_code(self) -> set[str] | None:
        """Write what is done with a match; nothing, where no side can differ from the other.

        Returns which properties of the anchor it reads then; None is all.
        """
        if not self.anchor.fused:
            self._leaf()
            return None
        before, self.reads = self.reads, Reads()
        at = len(self.writer.lines)
        with self.block("if True:"):
            self._leaf()
        mine, self.reads = self.reads, before
        self.reads.merge(mine)
        slots = self.match.nodes if self.anchor.kind == "node" else self.match.relations
        name = slots[self.anchor.slot].name
        keys = mine.by_slot.get(name, set[str]())
        if keys is None:
            return None
        keys = keys | {STAMP} if name in mine.stamps else keys
        tests = [flag for flag in self.flags if flag != "True"]
        head = self.writer.lines[at]
        test = f"not ({' and '.join([*tests, self.untouched(keys)])})"
        self.writer.lines[at] = head.replace("True", test)
        return keys

    def untouched(self, keys: Iterable[str]) -> str:
        """Return source for whether none of these properties of the anchor changed."""
        if self.anchor.changed is not None:
            return repr(not {*keys}.intersection(self.anchor.changed))
        return f"{self.writer.bind_equal(frozenset(keys))}.isdisjoint(old)"

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
