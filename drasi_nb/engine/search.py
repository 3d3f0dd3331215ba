"""Matches of a pattern from a row on, over the store: what a chain applied to a row needs.

The search walks from the slots the row binds, relation by relation, and scans a label only
where nothing leads to a slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.trails import Edge, Trails
from drasi_nb.errors import EvaluationError
from drasi_nb.plan.evaluation import Env
from drasi_nb.plan.nodes import Match, RelationSlot, middle
from drasi_nb.store.indexes import scan_pages
from drasi_nb.store.paging import SHIFT
from drasi_nb.values.graph import Node, Relation
from drasi_nb.values.logic import type_name

Found = dict[int, tuple[list[Edge], list[int]]]  # relation slot -> its relations, nodes between


class StoreMatcher:
    """Finds the matches of a pattern in what a query sees.

    Args:
        view: What the query sees.
        read: By the id of a Match, which of its slots are made values; all of an unknown one.
    """

    def __init__(self, view: View, read: Mapping[int, frozenset[str]]) -> None:
        self.view, self.graph, self._read = view, view.graph, read
        self.trails = Trails(view)
        self.is_single_source = len(view.sources) == 1

    def matches(self, match: Match, env: Env) -> Iterator[tuple[tuple[Any, ...], Env]]:
        """Yield (identities of what is not imported, slots) for every match, filters aside.

        Raises:
            EvaluationError: An imported value is no node or no relation.
        """
        nodes: dict[int, int] = {}
        for i, slot in enumerate(match.nodes):
            if slot.name in match.imports:
                handle = self.handle_of(env[slot.name])
                if handle is None or not self.fits(match, i, handle):
                    return
                nodes[i] = handle
        yield from (self.row(match, *found) for found in self._search(match, nodes, {}, env))

    # -- from values to the store -------------------------------------------------------

    def handle_of(self, value: Any) -> int | None:
        """Return the handle of a node value; None of null and of a node that is not there.

        Raises:
            EvaluationError: The value is no node.
        """
        if value is None:
            return None
        if type(value) is not Node:
            raise EvaluationError(f"{type_name(value)} is no node", code="type")
        number = self.graph.source_numbers.get(value.source or "")
        return None if number is None else self.graph.node_at[number].find(value.id)

    def _edge(self, value: Any) -> Edge | None:
        if value is None:
            return None
        if type(value) is not Relation:
            raise EvaluationError(f"{type_name(value)} is no relation", code="type")
        number = self.graph.source_numbers.get(value.source or "")
        return None if number is None else self.graph.relation_place(number, value.id)

    def fits(self, match: Match, i: int, handle: int) -> bool:
        """Return whether a node has the labels of a slot."""
        return self.graph.nodes.mask(match.nodes[i].labels, self.view.sources)[handle >> SHIFT]

    # -- the search ---------------------------------------------------------------------

    def _search(
        self, match: Match, nodes: dict[int, int], found: Found, env: Env
    ) -> Iterator[tuple[dict[int, int], Found]]:
        todo = [i for i in range(len(match.relations)) if i not in found]
        if not todo:
            free = next((i for i in range(len(match.nodes)) if i not in nodes), None)
            if free is None:
                yield nodes, found
                return
            for handle in self._scan(match, free):
                yield from self._search(match, {**nodes, free: handle}, found, env)
            return
        i = min(todo, key=lambda i: _preference(match, i, nodes))
        slot = match.relations[i]
        if _preference(match, i, nodes) == _UNREACHED:
            for handle in self._scan(match, slot.start):
                yield from self._search(match, {**nodes, slot.start: handle}, found, env)
            return
        for start, end, edges, between in self._ways(match, slot, nodes, env):
            if not self._is_new(match, i, edges, found):
                continue
            after = nodes
            if slot.start not in nodes or slot.end not in nodes:
                after = {**nodes, slot.start: start}
                if after.setdefault(slot.end, end) != end:
                    continue
                fresh = {slot.start, slot.end} - nodes.keys()
                if not all(self.fits(match, place, after[place]) for place in fresh):
                    continue
            yield from self._search(match, after, {**found, i: (edges, between)}, env)

    def _scan(self, match: Match, i: int) -> Iterator[int]:
        nodes = self.graph.nodes
        return scan_pages(nodes.mask(match.nodes[i].labels, self.view.sources), nodes.ids)

    def _ways(
        self, match: Match, slot: RelationSlot, nodes: dict[int, int], env: Env
    ) -> Iterator[tuple[int, int, list[Edge], list[int]]]:
        """Yield (start, end, relations, nodes between) of everything that may fill a slot."""
        start, end = nodes.get(slot.start), nodes.get(slot.end)
        if slot.name not in match.imports:
            yield from self.trails.between(slot, start, end, env)
            return
        value = env[slot.name]
        if value is None:
            return
        given = [self._edge(part) for part in (value if slot.length else [value])]
        if None in given:
            return
        edges = [edge for edge in given if edge is not None]
        for nodes_on in self.trails.along(slot, edges):
            if start in (None, nodes_on[0]) and end in (None, nodes_on[-1]):
                yield nodes_on[0], nodes_on[-1], edges, nodes_on[1:-1]

    def _is_new(self, match: Match, i: int, edges: list[Edge], found: Found) -> bool:
        for a, b in match.unique:
            other = b if a == i else a if b == i else -1
            if other in found and any(edge in found[other][0] for edge in edges):
                return False
        return True

    # -- back to values -----------------------------------------------------------------

    def row(
        self, match: Match, nodes: dict[int, int], found: Found
    ) -> tuple[tuple[Any, ...], Env]:
        """Return (identities of what is not imported, slots) of a match."""
        graph = self.graph
        read = self._read.get(id(match))
        slots: Env = {}
        key = list[Any]()
        for i, slot in enumerate(match.nodes):
            if slot.name in match.imports:
                continue
            key.append(self._node_identity(nodes[i]))
            if read is None or slot.name in read:
                slots[slot.name] = graph.node(nodes[i])
        for i, relation in enumerate(match.relations):
            edges, between = found[i]
            name, is_long = relation.name, relation.length is not None
            if is_long and (read is None or middle(name) in read):
                slots[middle(name)] = [graph.node(handle) for handle in between]
            if name in match.imports:
                continue
            identities = tuple(map(self._edge_identity, edges))
            key.append(identities if is_long else identities[0])
            if read is None or name in read:
                values = [graph.relation(*edge) for edge in edges]
                slots[name] = values if is_long else values[0]
        return tuple(key), slots

    def _node_identity(self, handle: int) -> Any:
        nodes = self.graph.nodes
        if self.is_single_source:
            return nodes.id_of(handle)
        return (
            self.graph.source_ids[nodes.page_group[handle >> SHIFT].source],
            nodes.id_of(handle),
        )

    def _edge_identity(self, edge: Edge) -> Any:
        table, row = edge
        if self.is_single_source:
            return table.id_of(row)
        group = self.graph.nodes.page_group[table.src[row] >> SHIFT]
        return (self.graph.source_ids[group.source], table.id_of(row))


_UNREACHED = 3


def _preference(match: Match, i: int, nodes: dict[int, int]) -> int:
    """Return how soon to take a relation: closing first, then reached, then imported."""
    slot = match.relations[i]
    bound = (slot.start in nodes) + (slot.end in nodes)
    if slot.name in match.imports:
        return 0
    if slot.length is not None:
        return 2 if bound else _UNREACHED
    return 0 if bound == 2 else 1 if bound else _UNREACHED
