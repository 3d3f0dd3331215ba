"""Who must hear of a change: by label set or type, and by property."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from drasi_nb.engine.codegen.shared import shared
from drasi_nb.engine.codegen.slots import Anchor
from drasi_nb.engine.handlers import Handler
from drasi_nb.engine.stages import CompiledQuery
from drasi_nb.language.labels import holds
from drasi_nb.store.graph import Group, admits
from drasi_nb.store.relations import RelationTable

Call = Callable[..., None]
Calls = tuple[tuple[Call, ...], tuple[Call, ...]]  # (both ways by enum, fused)


class Together:
    """Functions that do what several handlers do, one of each of several queries."""

    def __init__(self) -> None:
        self._calls: dict[Any, Call] = {}
        self._members: dict[Call, tuple[list[Handler], list[int]]] = {}

    def calls(
        self, handlers: Iterable[Handler], *, fused: bool, in_steps: bool = False
    ) -> tuple[Call, ...]:
        """Return what to call, once for handlers of the same slot in patterns that are alike.

        In steps, those of handlers with a part are generators.
        """
        alike: dict[Any, list[Handler]] = {}
        for handler in handlers:
            part = handler.part
            kind: Any = (
                handler if part is None else (part.likeness(), handler.kind, handler.slot)
            )
            alike.setdefault(kind, []).append(handler)
        return tuple(self._call(group, fused, in_steps) for group in alike.values())

    def _call(self, handlers: list[Handler], fused: bool, in_steps: bool) -> Call:
        if len(handlers) == 1 and not (in_steps and handlers[0].part):
            return handlers[0].upd if fused else handlers[0].enum
        name = (fused, in_steps, *map(id, handlers))
        call = self._calls.get(name)
        if call is None:
            at = [0]
            parts = [handler.part for handler in handlers if handler.part is not None]
            anchor = Anchor(handlers[0].kind, handlers[0].slot, fused, in_steps)
            call = self._calls[name] = shared(parts, anchor, at)
            self._members[call] = (handlers, at)
        return call

    def members(self, call: Call) -> tuple[list[Handler], int]:
        """Return the handlers that a function stands for, and which of them ran last."""
        handlers, at = self._members.get(call, ([], [0]))
        return handlers, at[0]

    def all(self) -> Iterable[Call]:
        """Return the functions."""
        return self._members

    def forget(self, gone: Collection[Handler]) -> None:
        """Drop the functions that any of these handlers is in."""
        lost = {id(handler) for handler in gone}
        for name in [name for name in self._calls if lost.intersection(name[2:])]:
            del self._members[self._calls.pop(name)]


class Route:
    """The handlers of one kind of element.

    A part of a query with a single handler here may take a change of properties in one walk; one with
    several needs the walk before and the walk after.
    """

    __slots__ = ("_parts", "_together", "calls", "enums", "handlers")

    def __init__(self, parts: list[list[Handler]], together: Together) -> None:
        self._parts, self._together = [mine for mine in parts if mine], together
        self.handlers = [handler for mine in parts for handler in mine]
        self.enums = together.calls(self.handlers, fused=False)
        # by the name of one property, or by the frozenset of several that changed at once
        self.calls: dict[Any, Calls] = {}

    def select(self, names: str | Collection[str]) -> Calls:
        """Return what to call when these properties changed, and remember it in ``calls``."""
        changed = frozenset((names,)) if isinstance(names, str) else frozenset(names)
        hit = self._hit(changed)
        # with several slots all are walked: a match that holds the element twice is counted
        # at the lowest of its slots, whichever of them reads the property
        both = [handler for mine in hit if len(mine) > 1 for handler in mine]
        once = [mine[0] for mine in hit if len(mine) == 1]
        calls = (
            self._together.calls(both, fused=False),
            self._together.calls(once, fused=True),
        )
        if len(self.calls) > 10_000:
            self.calls.clear()
        self.calls[changed] = calls
        if len(changed) == 1:
            self.calls[next(iter(changed))] = calls
        return calls

    def in_steps(self, names: str | Collection[str]) -> tuple[Call, ...]:
        """Return the fused functions of ``select()``, generators where they may be left off."""
        changed = frozenset((names,)) if isinstance(names, str) else frozenset(names)
        calls = self.calls.get(("in steps", changed))
        if calls is None:
            once = [mine[0] for mine in self._hit(changed) if len(mine) == 1]
            made = self._together.calls(once, fused=True, in_steps=True)
            calls = self.calls["in steps", changed] = made, ()
        return calls[0]

    def _hit(self, changed: frozenset[str]) -> list[list[Handler]]:
        return [mine for mine in self._parts if any(handler.hears(changed) for handler in mine)]

    def fused(self, changed: frozenset[str]) -> list[Handler] | None:
        """Return who takes changes of these properties in one walk each; None if not all do."""
        hit = self._hit(changed)
        return None if any(len(mine) > 1 for mine in hit) else [mine[0] for mine in hit]


class Router:
    """Routes of all queries, made when an element first needs them."""

    def __init__(self) -> None:
        self.queries: list[CompiledQuery] = []
        self.by_group: dict[Group, Route] = {}
        self.by_table: dict[tuple[RelationTable, int], Route] = {}
        self.reads_stamps = False  # whether any query asks when an element changed
        self.together = Together()

    def set_queries(self, queries: list[CompiledQuery]) -> None:
        """Route to these queries from now on."""
        gone = [query for query in self.queries if query not in queries]
        self.together.forget([h for query in gone for part in query.handlers for h in part])
        self.queries = queries
        self.reads_stamps = any(
            handler.reads_stamp
            for query in queries
            for part in query.handlers
            for handler in part
        )
        self.by_group.clear()
        self.by_table.clear()

    def calls(self) -> set[Call]:
        """Return everything that a change may call."""
        handlers = [h for query in self.queries for part in query.handlers for h in part]
        return {*(h.enum for h in handlers), *(h.upd for h in handlers), *self.together.all()}

    def node(self, group: Group) -> Route:
        """Return the route of the nodes of a group."""
        route = self.by_group.get(group)
        if route is None:
            parts = [
                [
                    handler
                    for handler in part
                    if handler.kind == "node"
                    and admits(group, handler.labels, query.view.sources)
                ]
                for query in self.queries
                for part in query.handlers
            ]
            route = self.by_group[group] = Route(parts, self.together)
        return route

    def relation(self, table: RelationTable, source: int) -> Route:
        """Return the route of the relations of a type from a source."""
        route = self.by_table.get((table, source))
        if route is None:
            parts = [
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
            route = self.by_table[(table, source)] = Route(parts, self.together)
        return route
