"""Walks along relations: neighbours, trails of a variable length, shortest ones."""

from __future__ import annotations

from collections.abc import Iterator

from drasi_nb.engine.codegen.slots import View
from drasi_nb.errors import EvaluationError
from drasi_nb.language import ast
from drasi_nb.plan.evaluation import Env, evaluate
from drasi_nb.plan.nodes import STEP, RelationSlot
from drasi_nb.store.indexes import RelationTables
from drasi_nb.store.paging import LOW, NO_LINK, SHIFT
from drasi_nb.store.relations import RelationTable
from drasi_nb.values import logic

Edge = tuple[RelationTable, int]
Way = tuple[int, int, list[Edge], list[int]]  # start, end, relations, nodes between


class TooManyTrailsError(RuntimeError):
    """A variable length without a bound ran into the cap."""


class Trails:
    """Everything that may fill a relation slot, from the ends that are bound."""

    def __init__(self, view: View) -> None:
        self.view, self.graph = view, view.graph
        self._tables: dict[ast.LabelExpr | None, RelationTables] = {}
        self._seen = self.graph.nodes.mask(None, view.sources)

    def tables(self, types: ast.LabelExpr | None) -> RelationTables:
        """Return the tables of a type expression, those to come included."""
        tables = self._tables.get(types)
        if tables is None:
            tables = self._tables[types] = RelationTables(self.graph, types)
        return tables

    def neighbours(
        self, handle: int, types: ast.LabelExpr | None, out: bool, into: bool
    ) -> Iterator[tuple[Edge, int]]:
        """Yield (relation, node at its other end); a self-loop once."""
        page, place = handle >> SHIFT, handle & LOW
        for table in self.tables(types):
            if out:
                row = table.first_out[page][place]
                while row != NO_LINK:
                    yield (table, row), table.dst[row]
                    row = table.next_out[row]
            if into:
                row = table.first_in[page][place]
                while row != NO_LINK:
                    if not (out and table.src[row] == handle):
                        yield (table, row), table.src[row]
                    row = table.next_in[row]

    def between(
        self, slot: RelationSlot, start: int | None, end: int | None, env: Env
    ) -> Iterator[Way]:
        """Yield every way to fill a slot; at least one end is bound."""
        if slot.shortest is not None:
            if start is not None:
                yield from self._shortest(slot, start, end, env)
            elif end is not None:
                for a, b, edges, middle in self._shortest(slot, end, None, env, reverse=True):
                    yield b, a, edges[::-1], middle[::-1]
            return
        if start is not None and end is not None and slot.length is None:
            yield from self._closing(slot, start, end)
            return
        if start is not None:
            for edges, nodes in self._trails(slot, start, env, reverse=False):
                if end is None or nodes[-1] == end:
                    yield start, nodes[-1], edges, nodes[1:-1]
        elif end is not None:
            for edges, nodes in self._trails(slot, end, env, reverse=True):
                yield nodes[-1], end, edges[::-1], nodes[-2:0:-1]

    def _closing(self, slot: RelationSlot, start: int, end: int) -> Iterator[Way]:
        for table in self.tables(slot.types):
            for row in table.pairs().between(start, end):
                yield start, end, [(table, row)], []
            if not slot.directed and start != end:  # a self-loop was found already
                for row in table.pairs().between(end, start):
                    yield start, end, [(table, row)], []

    def along(self, slot: RelationSlot, edges: list[Edge]) -> Iterator[list[int]]:
        """Yield the nodes on a given list of relations, each way it may be walked."""
        least, most = slot.length or (1, 1)
        if len(edges) < least or (most is not None and len(edges) > most):
            return
        for table, _ in edges:
            if not table.is_of(slot.types):
                return
        out, into = not slot.backward, slot.backward or not slot.directed
        paths: list[list[int]] = []
        for place, (table, row) in enumerate(edges):
            src, dst = table.src[row], table.dst[row]
            steps = [(src, dst)] if out else []
            steps += [(dst, src)] if into and (src != dst or not out) else []
            if place == 0:
                paths = [[a, b] for a, b in steps]
            else:
                paths = [[*path, b] for path in paths for a, b in steps if path[-1] == a]
        yield from paths

    def directions(self, slot: RelationSlot, reverse: bool) -> tuple[bool, bool]:
        """Return whether a slot is walked along relations, and against them."""
        if not slot.directed:
            return True, True
        out = slot.backward == reverse
        return out, not out

    def _trails(
        self, slot: RelationSlot, first: int, env: Env, *, reverse: bool
    ) -> Iterator[tuple[list[Edge], list[int]]]:
        """Yield (relations, nodes with both ends) of every trail; none holds a relation twice."""
        least, most = slot.length or (1, 1)
        out, into = self.directions(slot, reverse)
        if least == 0:
            yield [], [first]
        if most == 0:
            return
        edges, nodes, count = list[Edge](), [first], 0
        stack = [self.neighbours(first, slot.types, out, into)]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                if edges:
                    edges.pop()
                    nodes.pop()
                continue
            edge, node = step
            if edge in edges or not self.is_seen(node) or not self.passes(slot, edge, env):
                continue
            edges.append(edge)
            nodes.append(node)
            if len(edges) >= least:
                count += 1
                self.check_count(slot, count)
                yield edges.copy(), nodes.copy()
            if most is None or len(edges) < most:
                stack.append(self.neighbours(node, slot.types, out, into))
            else:
                edges.pop()
                nodes.pop()

    def check_count(self, slot: RelationSlot, count: int) -> None:
        """Refuse more trails from one node than the cap.

        Raises:
            TooManyTrailsError: There are more.
        """
        if count > self.view.most_trails:
            raise TooManyTrailsError(
                f"{slot.written} has more than {self.view.most_trails:,} trails from one "
                "node; give it an upper bound, or raise RuntimeConfig.most_trails"
            )

    def is_seen(self, handle: int) -> bool:
        """Return whether a node is there, and of a source that the query sees."""
        return self._seen[handle >> SHIFT]

    def passes(self, slot: RelationSlot, edge: Edge, env: Env) -> bool:
        """Return whether a relation meets the condition on each step."""
        if slot.step is None:
            return True
        try:
            value = evaluate(slot.step, {**env, STEP: self.graph.relation(*edge)})
            return logic.as_boolean(value) is True
        except EvaluationError:
            return False

    def _shortest(
        self,
        slot: RelationSlot,
        start: int,
        end: int | None,
        env: Env,
        *,
        reverse: bool = False,
    ) -> Iterator[Way]:
        best: dict[int, list[Way]] = {}
        for edges, nodes in self._breadth_first(slot, start, end, env, reverse):
            ways = best.setdefault(nodes[-1], [])
            if not ways or len(ways[0][2]) == len(edges):
                ways.append((start, nodes[-1], edges, nodes[1:-1]))
        for ways in best.values():
            if slot.shortest == "all":
                yield from ways
            else:
                yield min(ways, key=lambda way: [self._text(edge) for edge in way[2]])

    def _text(self, edge: Edge) -> str:
        relation = self.graph.relation(*edge)
        return str((relation.source, relation.id))

    def _breadth_first(
        self, slot: RelationSlot, start: int, end: int | None, env: Env, reverse: bool
    ) -> Iterator[tuple[list[Edge], list[int]]]:
        """Yield trails by length; a node is left again only at its first level.

        A trail back to the start, or one that must be longer than the shortest, may pass a
        node twice; these are found among all trails.
        """
        least, most = slot.length or (1, 1)
        if least > 1 or (least == 1 and end == start):
            every = list(self._trails(slot, start, env, reverse=reverse))
            yield from sorted(every, key=lambda trail: len(trail[0]))
            return
        if least == 0:
            yield [], [start]
        out, into = self.directions(slot, reverse)
        level: list[tuple[list[Edge], list[int]]] = [([], [start])]
        reached, depth = {start}, 0
        while level and (most is None or depth < most):
            depth += 1
            further = list[tuple[list[Edge], list[int]]]()
            for edges, nodes in level:
                for edge, node in self.neighbours(nodes[-1], slot.types, out, into):
                    if node in reached or not self.is_seen(node):
                        continue
                    if self.passes(slot, edge, env):
                        further.append(([*edges, edge], [*nodes, node]))
            yield from further
            reached |= {nodes[-1] for _, nodes in further}
            if end is not None and end in reached:
                return
            level = further
        if least == 1 and end is None:  # cycles back to the start
            cycles = [
                t for t in self._trails(slot, start, env, reverse=reverse) if t[1][-1] == start
            ]
            yield from sorted(cycles, key=lambda trail: len(trail[0]))
