"""Who must hear of a change: by label set or type, and by property."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from drasi_nb.engine.handlers import Handler
from drasi_nb.engine.stages import CompiledQuery
from drasi_nb.language.labels import holds
from drasi_nb.store.graph import Group, RelationTable, admits

Call = Callable[..., None]
Calls = tuple[tuple[Call, ...], tuple[Call, ...]]  # (both ways by enum, fused)


class Route:
    """The handlers of one kind of element.

    A part of a query with a single handler here may take a change of properties in one walk; one with
    several needs the walk before and the walk after.
    """

    __slots__ = ("_parts", "calls", "enums")

    def __init__(self, parts: list[list[Handler]]) -> None:
        self._parts = [mine for mine in parts if mine]
        self.enums = tuple(handler.enum for mine in parts for handler in mine)
        # by the name of one property, or by the frozenset of several that changed at once
        self.calls: dict[Any, Calls] = {}

    def select(self, names: str | Collection[str]) -> Calls:
        """Return what to call when these properties changed, and remember it in ``calls``."""
        changed = frozenset((names,)) if isinstance(names, str) else frozenset(names)
        hit = [mine for mine in self._parts if any(handler.hears(changed) for handler in mine)]
        # with several slots all are walked: a match that holds the element twice is counted
        # at the lowest of its slots, whichever of them reads the property
        both = tuple(handler.enum for mine in hit if len(mine) > 1 for handler in mine)
        fused = tuple(mine[0].upd for mine in hit if len(mine) == 1)
        if len(self.calls) > 10_000:
            self.calls.clear()
        self.calls[changed] = both, fused
        if len(changed) == 1:
            self.calls[next(iter(changed))] = both, fused
        return both, fused

    def fused(self, changed: frozenset[str]) -> list[Handler] | None:
        """Return who takes changes of these properties in one walk each; None if not all do."""
        hit = [mine for mine in self._parts if any(handler.hears(changed) for handler in mine)]
        return None if any(len(mine) > 1 for mine in hit) else [mine[0] for mine in hit]


class Router:
    """Routes of all queries, made when an element first needs them."""

    def __init__(self) -> None:
        self.queries: list[CompiledQuery] = []
        self.by_group: dict[Group, Route] = {}
        self.by_table: dict[tuple[RelationTable, int], Route] = {}
        self.reads_stamps = False  # whether any query asks when an element changed

    def set_queries(self, queries: list[CompiledQuery]) -> None:
        """Route to these queries from now on."""
        self.queries = queries
        self.reads_stamps = any(
            handler.reads_stamp
            for query in queries
            for part in query.handlers
            for handler in part
        )
        self.by_group.clear()
        self.by_table.clear()

    def node(self, group: Group) -> Route:
        """Return the route of the nodes of a group."""
        route = self.by_group.get(group)
        if route is None:
            route = self.by_group[group] = Route(
                [
                    [
                        handler
                        for handler in part
                        if handler.kind == "node"
                        and admits(group, handler.labels, query.view.sources)
                    ]
                    for query in self.queries
                    for part in query.handlers
                ]
            )
        return route

    def relation(self, table: RelationTable, source: int) -> Route:
        """Return the route of the relations of a type from a source."""
        route = self.by_table.get((table, source))
        if route is None:
            route = self.by_table[(table, source)] = Route(
                [
                    [
                        handler
                        for handler in part
                        if handler.kind == "relation"
                        and source in query.view.sources
                        and holds(handler.labels, (table.name,))
                    ]
                    for query in self.queries
                    for part in query.handlers
                ]
            )
        return route
