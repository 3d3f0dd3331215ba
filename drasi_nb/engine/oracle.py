"""The oracle's matcher: every assignment of elements to slots is tried.

Cost: the product of all elements over all slots, cut where a prefix cannot match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.language.labels import holds
from drasi_nb.plan.evaluation import Env, evaluate
from drasi_nb.plan.nodes import STEP, Match, RelationSlot, middle
from drasi_nb.values import logic
from drasi_nb.values.graph import Node, Relation

Trail = tuple[list[Relation], list[Node]]  # the relations, all nodes with both ends


@dataclass(frozen=True, slots=True)
class PlainGraph:
    """A graph as two lists; finds matches by trying."""

    nodes: list[Node]
    relations: list[Relation]

    def matches(self, match: Match, env: Env) -> Iterator[tuple[tuple[Any, ...], Env]]:
        """Yield (identities, slots) for every match, filters aside."""
        by_id = {(node.source, node.id): node for node in self.nodes}
        imported = {name: env[name] for name in match.imports}
        if None in imported.values():
            return
        start = {
            i: imported[slot.name]
            for i, slot in enumerate(match.nodes)
            if slot.name in imported
        }
        for chosen, ends in self._relations(match, 0, [], start, env, by_id):
            for filled in self._nodes(match, 0, ends):
                slots: Env = {slot.name: filled[i] for i, slot in enumerate(match.nodes)}
                key = [
                    _identity(filled[i])
                    for i, s in enumerate(match.nodes)
                    if s.name not in imported
                ]
                for slot, (relations, nodes) in zip(match.relations, chosen, strict=True):
                    if slot.length is None:
                        slots[slot.name] = relations[0]
                        own: Any = _identity(relations[0])
                    else:
                        slots[slot.name], slots[middle(slot.name)] = relations, nodes[1:-1]
                        own = tuple(map(_identity, relations))
                    if slot.name not in imported:
                        key.append(own)
                yield tuple(key), slots

    def _relations(
        self,
        match: Match,
        place: int,
        chosen: list[Trail],
        ends: dict[int, Node],
        env: Env,
        by_id: dict[Any, Node],
    ) -> Iterator[tuple[list[Trail], dict[int, Node]]]:
        if place == len(match.relations):
            yield chosen, ends
            return
        slot = match.relations[place]
        known = env[slot.name] if slot.name in match.imports else None
        starts = [ends[slot.start]] if slot.start in ends else self.nodes
        for start in starts:
            for trail in self._trails(slot, start, env, by_id):
                if known is not None and trail[0] != (known if slot.length else [known]):
                    continue
                end = trail[1][-1]
                after = {**ends, slot.start: start}
                if after.setdefault(slot.end, end) != end:
                    continue
                earlier = [chosen[a][0] for a, b in match.unique if b == place]
                if any(relation in other for other in earlier for relation in trail[0]):
                    continue
                if slot.shortest and not self._is_shortest(slot, trail, env, by_id):
                    continue
                yield from self._relations(
                    match, place + 1, [*chosen, trail], after, env, by_id
                )

    def _trails(
        self, slot: RelationSlot, start: Node, env: Env, by_id: dict[Any, Node]
    ) -> Iterator[Trail]:
        least, most = slot.length or (1, 1)

        def grow(relations: list[Relation], nodes: list[Node]) -> Iterator[Trail]:
            if len(relations) >= least:
                yield relations, nodes
            if most is not None and len(relations) >= most:
                return
            at = nodes[-1]
            for relation in self.relations:
                if relation in relations or not holds(slot.types, (relation.type,)):
                    continue
                if slot.step is not None and not _passes(slot, relation, env):
                    continue
                ways = [(relation.start, relation.end)]
                if slot.backward:
                    ways = [(relation.end, relation.start)]
                elif not slot.directed and relation.start != relation.end:
                    ways.append((relation.end, relation.start))
                for tail, head in ways:
                    if (relation.source, tail) == (at.source, at.id):
                        node = by_id.get((relation.source, head))
                        if node is not None:
                            yield from grow([*relations, relation], [*nodes, node])

        if (start.source, start.id) in by_id:
            yield from grow([], [start])

    def _is_shortest(
        self, slot: RelationSlot, trail: Trail, env: Env, by_id: dict[Any, Node]
    ) -> bool:
        rivals = [
            other
            for other in self._trails(slot, trail[1][0], env, by_id)
            if other[1][-1] == trail[1][-1]
        ]
        least = min(len(relations) for relations, _ in rivals)
        if len(trail[0]) > least:
            return False
        equal = [r for r, _ in rivals if len(r) == least]
        first = min(equal, key=lambda relations: [str(_identity(r)) for r in relations])
        return slot.shortest == "all" or trail[0] == first

    def _nodes(
        self, match: Match, place: int, ends: dict[int, Node]
    ) -> Iterator[dict[int, Node]]:
        if place == len(match.nodes):
            yield ends
            return
        choices = [ends[place]] if place in ends else self.nodes
        for node in choices:
            if holds(match.nodes[place].labels, node.labels):
                yield from self._nodes(match, place + 1, {**ends, place: node})


def _identity(element: Node | Relation) -> tuple[str | None, Any]:
    return element.source, element.id


def _passes(slot: RelationSlot, relation: Relation, env: Env) -> bool:
    assert slot.step is not None
    try:
        return logic.as_boolean(evaluate(slot.step, {**env, STEP: relation})) is True
    except EvaluationError:
        return False
