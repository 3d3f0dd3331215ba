"""Which rows a change may touch: from the changed element back to what the rows bind.

The slots of all patterns in an applied chain are one map. From each slot the shortest way on
it to a slot that the row binds is a *route*; walking it over the graph, conditions aside,
gives every row whose answer may be another one. A slot without a route touches all rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from drasi_nb.engine.handlers import Handler
from drasi_nb.engine.trails import Trails
from drasi_nb.language import ast
from drasi_nb.plan.nodes import (
    STEP,
    Aggregate,
    Apply,
    Match,
    NodeSlot,
    Operator,
    Project,
    RelationSlot,
    Union,
)
from drasi_nb.store.relations import RelationTable

Mark = Callable[[set[int] | None], None]  # the handles reached; None is every row


@dataclass(frozen=True, slots=True)
class Step:
    """One relation slot on a route, and whether it is walked from its end to its start."""

    slot: RelationSlot
    reverse: bool


@dataclass(slots=True)
class SlotMap:
    """Slots by name, the relation slots between them, and what is read of each."""

    bound: set[str]
    nodes: dict[str, list[NodeSlot]] = field(default_factory=dict[str, Any])
    relations: list[tuple[RelationSlot, str, str]] = field(default_factory=list[Any])
    reads: dict[str, set[str] | None] = field(default_factory=dict[str, Any])  # None: all

    def add_chain(self, operators: Iterable[Operator], alive: dict[str, str]) -> None:
        """Add the patterns of a chain; ``alive`` maps names to slots, where they are slots."""
        for operator in operators:
            for e in _expressions(operator):
                self.note(e, alive)
            match operator:
                case Match():
                    self._add_match(operator, alive)
                case Project(items=items):
                    self._rename(items, alive)
                case Aggregate(keys=keys):
                    self._rename(keys, alive)
                case Apply(inner=inner, kind=kind, adds=adds):
                    below = dict(alive)
                    self.add_chain(inner, below)
                    if kind in ("join", "optional"):
                        alive |= {name: below[name] for name in adds if name in below}
                        self.read_whole(adds, alive)
                    elif kind == "collect":
                        self.read_whole(below, below)
                case Union(branches=branches):
                    for branch in branches:
                        self.add_chain(branch, dict(alive))
                case _:
                    pass

    def _add_match(self, match: Match, alive: dict[str, str]) -> None:
        for slot in match.nodes:
            name = (
                alive.setdefault(slot.name, slot.name)
                if slot.name in match.imports
                else slot.name
            )
            alive[slot.name] = name
            self.nodes.setdefault(name, []).append(slot)
        for relation in match.relations:
            alive[relation.name] = relation.name
            ends = (match.nodes[relation.start].name, match.nodes[relation.end].name)
            self.relations.append((relation, alive[ends[0]], alive[ends[1]]))
        for e in match.filters:
            self.note(e, alive)

    def _rename(self, items: Iterable[tuple[str, ast.Expr]], alive: dict[str, str]) -> None:
        after = {
            name: alive[e.name]
            for name, e in items
            if isinstance(e, ast.Variable) and e.name in alive
        }
        alive.clear()
        alive.update(after)

    def read_whole(self, names: Iterable[str], alive: dict[str, str]) -> None:
        """Note that elements are handed on as values."""
        for name in names:
            if name in alive:
                self.reads[alive[name]] = None

    def note(self, e: ast.Expr, alive: dict[str, str]) -> None:
        """Note what an expression reads of which slot."""
        match e:
            case ast.Property(base=ast.Variable(name=name), key=key):
                known = self.reads.setdefault(alive.get(name, name), set())
                if known is not None:
                    known.add(key)
            case ast.HasLabels(base=ast.Variable()):
                pass
            case ast.Variable(name=name):
                self.reads[alive.get(name, name)] = None
            case _:
                for item in fields(e):
                    self._note_all(getattr(e, item.name), alive)

    def _note_all(self, value: Any, alive: dict[str, str]) -> None:
        if isinstance(value, ast.Expr):
            self.note(value, alive)
        elif isinstance(value, tuple):
            for part in value:
                self._note_all(part, alive)

    def route(self, start: str) -> list[Step] | None:
        """Return the shortest way from a slot to one that the row binds."""
        seen = {start}
        queue: deque[tuple[str, list[Step]]] = deque([(start, [])])
        while queue:
            at, steps = queue.popleft()
            if at in self.bound:
                return steps
            for slot, a, b in self.relations:
                for near, far, reverse in ((a, b, False), (b, a, True)):
                    if near == at and far not in seen:
                        seen.add(far)
                        queue.append((far, [*steps, Step(slot, reverse)]))
        return None


def _expressions(operator: Operator) -> Iterable[ast.Expr]:
    match operator:
        case Project(items=items):
            # a column that only hands an element on is read where it is used
            return [e for _, e in items if not isinstance(e, ast.Variable)]
        case Aggregate(keys=keys, aggregates=calls):
            arguments = [call.argument for _, call in calls if call.argument is not None]
            return [e for _, e in keys] + arguments
        case Match() | Apply() | Union():
            return ()
        case _:
            out = list[ast.Expr]()
            for item in fields(operator):
                value = getattr(operator, item.name)
                parts: Any = value if isinstance(value, tuple) else (value,)
                for part in parts:
                    part = part[0] if isinstance(part, tuple) else part
                    if isinstance(part, ast.Expr):
                        out.append(part)
            return out


def watch(
    operators: tuple[Operator, ...],
    bound: Iterable[str],
    hands_on: Iterable[str],
    trails: Trails,
    mark: Mark,
) -> list[Handler]:
    """Return handlers that mark the rows a change may touch.

    Args:
        operators: What is applied to each row.
        bound: Columns of the row.
        hands_on: Columns of the chain that become values of the result.
        trails: Walks the graph.
        mark: Told the handles of the row that were reached.
    """
    slots = SlotMap(set(bound))
    alive = {name: name for name in slots.bound}
    slots.add_chain(operators, alive)
    slots.read_whole(hands_on, alive)
    handlers = list[Handler]()
    for name, same in slots.nodes.items():
        if name in slots.bound:
            continue  # the row itself brings its changes
        labels = same[0].labels if len(same) == 1 else None
        reads = slots.reads.get(name, set())
        walk = _walk(slots.route(name), trails, mark)

        def node(handle: int, _how: Any, walk: Callable[[set[int]], None] = walk) -> None:
            walk({handle})

        kept = None if reads is None else frozenset(reads)
        handlers.append(Handler("node", labels, kept, node, node))
    for slot, start, _ in slots.relations:
        if slot.name in slots.bound:
            continue
        handlers.append(_relation_handler(slots, slot, start, trails, mark))
        if slot.length is not None:
            handlers.append(_between_handler(slots, slot, start, trails, mark))
    return handlers


def _between_handler(
    slots: SlotMap, slot: RelationSlot, start: str, trails: Trails, mark: Mark
) -> Handler:
    """Return the handler of nodes between the relations of a variable length: they must exist."""
    walk = _walk(slots.route(start), trails, mark)

    def node(handle: int, _how: Any) -> None:
        walk(_spread(trails, {handle}, Step(slot, reverse=True), _before_last(slot)))

    return Handler("node", None, frozenset(), node, node)


def _before_last(slot: RelationSlot) -> int | None:
    assert slot.length is not None
    most = slot.length[1]
    return None if most is None else max(most - 1, 0)


def _relation_handler(
    slots: SlotMap, slot: RelationSlot, start: str, trails: Trails, mark: Mark
) -> Handler:
    reads = slots.reads.get(slot.name, set())
    if slot.step is not None:
        step = SlotMap(set())
        step.reads[STEP] = set()
        step.note(slot.step, {})
        more = step.reads[STEP]
        reads = None if reads is None or more is None else reads | more
    walk = _walk(slots.route(start), trails, mark)

    def relation(table: RelationTable, row: int, _how: Any) -> None:
        ends = {table.src[row], table.dst[row]}
        if slot.directed:
            ends = {table.dst[row] if slot.backward else table.src[row]}
        if slot.length is not None:  # the relation may stand anywhere on the trail
            ends = _spread(trails, ends, Step(slot, reverse=True), _before_last(slot))
        walk(ends)

    kept = None if reads is None else frozenset(reads)
    return Handler("relation", slot.types, kept, relation, relation)


def _walk(route: list[Step] | None, trails: Trails, mark: Mark) -> Callable[[set[int]], None]:
    if route is None:
        return lambda _handles: mark(None)

    def walk(handles: set[int]) -> None:
        for step in route:
            slot = step.slot
            if slot.length is None:
                out, into = trails.directions(slot, step.reverse)
                handles = {
                    node
                    for handle in handles
                    for _, node in trails.neighbours(handle, slot.types, out, into)
                }
            else:
                handles = _spread(trails, handles, step, slot.length[1])
        mark(handles)

    return walk


def _spread(trails: Trails, handles: set[int], step: Step, most: int | None) -> set[int]:
    """Return what a step reaches within ``most`` relations of some handles, these included."""
    slot, reached, level, depth = step.slot, set(handles), set(handles), 0
    out, into = trails.directions(slot, step.reverse)
    while level and (most is None or depth < most):
        depth += 1
        level = {
            node
            for handle in level
            for _, node in trails.neighbours(handle, slot.types, out, into)
        } - reached
        reached |= level
    return reached
