"""One relation more or less in the graph of a variable length: the trails through it, alone.

A trail holds a relation once, so those through it are an arm back from its one end, the
relation, and an arm on from the other. Rows of these trails come or go; no row is asked anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from drasi_nb.engine.interpreter import Interpreter
from drasi_nb.engine.search import StoreMatcher
from drasi_nb.engine.trails import Edge
from drasi_nb.plan.evaluation import Env
from drasi_nb.plan.nodes import Apply, Filter, Match, Project, RelationSlot
from drasi_nb.store.relations import RelationTable

Trail = tuple[list[Edge], list[int]]  # relations, and the nodes with both ends
Arm = tuple[tuple[Edge, ...], tuple[int, ...]]
Change = Callable[
    [Any, Any, list[Any] | None], None
]  # row key, what it grows by, added columns


class ThroughTrails:
    """Changes the rows of one Apply by the trails through a changed relation.

    Args:
        operator: Its chain is one variable length from a node that the row binds.
        matcher: Makes rows of trails.
        rows_at: Returns (row key, columns) of the rows that bind a node.
        change: Told what a row's answer gains (added columns) or loses (None).
        give_up: Told the key of a row that must be asked anew: an expression fails.
    """

    def __init__(
        self,
        operator: Apply,
        matcher: StoreMatcher,
        rows_at: Callable[[int], Iterable[tuple[Any, Env]]],
        change: Change,
        give_up: Callable[[Any], None],
    ) -> None:
        match = operator.inner[0]
        assert isinstance(match, Match)
        self.match, self.slot = match, match.relations[0]
        self._rest, self._adds = operator.inner[1:], operator.adds
        self._matcher, self._interpreter = matcher, Interpreter(matcher)
        self._rows_at, self._change, self._give_up = rows_at, change, give_up
        self._imported = [
            (i, slot.name) for i, slot in enumerate(match.nodes) if slot.name in match.imports
        ]

    def enum(self, table: RelationTable, row: int, weight: int) -> None:
        """Take a relation in (1), after it was written, or out (-1), before."""
        slot, matcher = self.slot, self._matcher
        if slot.backward:
            ends = [(table.dst[row], table.src[row])]
        else:
            ends = [(table.src[row], table.dst[row])]
            if not slot.directed and table.src[row] != table.dst[row]:
                ends.append((table.dst[row], table.src[row]))
        seen = matcher.trails.is_seen
        for tail, head in ends:
            if seen(tail) and seen(head):
                for edges, nodes in self._through((table, row), tail, head):
                    self._trail(edges, nodes, weight)

    def _through(self, edge: Edge, tail: int, head: int) -> Iterator[Trail]:
        least, most = self.slot.length or (1, 1)
        room = None if most is None else most - 1
        after = list(self._arms(head, edge, room, reverse=False))
        for back, before in self._arms(tail, edge, room, reverse=True):
            for on, behind in after:
                length = len(back) + 1 + len(on)
                if length < least or (most is not None and length > most):
                    continue
                if back and on and not set(back).isdisjoint(on):
                    continue
                yield [*reversed(back), edge, *on], [*reversed(before), *behind]

    def _arms(self, node: int, edge: Edge, room: int | None, *, reverse: bool) -> Iterator[Arm]:
        """Yield (relations, nodes from ``node`` on) of all trails without the relation."""
        trails, slot = self._matcher.trails, self.slot
        out, into = trails.directions(slot, reverse)
        level: list[Arm] = [((), (node,))]
        count = 0
        while level:
            yield from level
            count += len(level)
            trails.check_count(slot, count)
            if room is not None and len(level[0][0]) >= room:
                return
            level = [
                ((*edges, step), (*nodes, after))
                for edges, nodes in level
                for step, after in trails.neighbours(nodes[-1], slot.types, out, into)
                if step != edge and step not in edges and trails.is_seen(after)
            ]

    def _trail(self, edges: list[Edge], nodes: list[int], weight: int) -> None:
        match, matcher, slot = self.match, self._matcher, self.slot
        if slot.start == slot.end and nodes[0] != nodes[-1]:
            return
        ends = {slot.start: nodes[0], slot.end: nodes[-1]}
        if not all(matcher.fits(match, i, handle) for i, handle in ends.items()):
            return
        made: tuple[Any, Env] | None = None
        for key, env in self._rows_at(ends[self._imported[0][0]]):
            if any(matcher.handle_of(env[name]) != ends[i] for i, name in self._imported[1:]):
                continue
            if made is None:
                made = matcher.row(match, ends, {0: (edges, nodes[1:-1])})
            if weight < 0:
                self._change(key, made[0], None)
            elif all(matcher.trails.passes(slot, edge, env) for edge in edges):
                self._enter(key, made[0], {**env, **made[1]})

    def _enter(self, key: Any, more: Any, env: Env) -> None:
        interpreter = self._interpreter
        interpreter.dropped.clear()
        rows = interpreter.run((Filter(self.match.filters), *self._rest), [(more, env)])
        if interpreter.dropped:
            self._give_up(key)
        for _, columns in rows:
            self._change(key, more, [columns[name] for name in self._adds])


def is_through(operator: Apply) -> bool:
    """Return whether an Apply is one variable length from a node that its rows bind."""
    match operator.inner:
        case (
            Match(relations=(RelationSlot(length=length, shortest=None) as slot,)) as first,
            *rest,
        ):
            bound = {node.name for node in first.nodes} & first.imports
            return (
                operator.kind == "join"
                and length is not None
                and slot.name not in first.imports
                and len(first.nodes) == len({slot.start, slot.end})
                and bool(bound)
                and all(isinstance(later, Filter | Project) for later in rest)
            )
        case _:
            return False
