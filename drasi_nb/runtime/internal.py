"""Sources that the runtime itself feeds: the results of queries, and its own components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.result import Changes
from drasi_nb.errors import ChangeError, ComponentError
from drasi_nb.frames.schema import plain_value, text_of
from drasi_nb.values.awaiting import AWAITING
from drasi_nb.values.change import Accepted, accept, stored_value

if TYPE_CHECKING:
    from drasi_nb.runtime.components import Component, Event
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime

COMPONENTS = "__components__"
"""The id of the source that has every component as a node."""
PREFIX = "query:"
"""What the id of a query's result begins with where it is a source."""


class InternalSources:
    """What queries see of other queries and of the components.

    ``query:comfort`` has a node labelled ``comfort`` per row, its columns as properties; it
    changes in the tick that changes the row. ``__components__`` has nodes labelled ``Source``,
    ``Query`` and ``Reaction`` with id, status and error, and relations ``SUBSCRIBES_TO`` (query
    to source or query) and ``LISTENS_TO`` (reaction to query).
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.results: dict[str, int] = {}  # query id -> number of its source
        self._told: dict[str, dict[Any, dict[str, Any]]] | None = None  # None: nobody asks

    def check(self, query_id: str, source_id: str) -> None:
        """Refuse a source that is not there, or that depends on the query itself.

        Raises:
            ComponentError: There is no such source or query, or there would be a cycle.
        """
        registry = self.runtime.registry
        if source_id == COMPONENTS:
            return
        if not source_id.startswith(PREFIX):
            registry.get(source_id, "source")
            return
        upstream = source_id.removeprefix(PREFIX)
        if upstream != query_id:
            registry.get(upstream, "query")
        way = self._way(upstream, query_id)
        if way is not None:
            text = " -> ".join(map(repr, [query_id, *way]))
            raise ComponentError(f"query {query_id!r} would depend on itself: {text}")

    def _way(self, start: str, goal: str) -> list[str] | None:
        """Return the queries from one to another that it is made of."""
        if start == goal:
            return [start]
        for source_id in self.runtime.queries[start].sources:
            if source_id.startswith(PREFIX):
                way = self._way(source_id.removeprefix(PREFIX), goal)
                if way is not None:
                    return [start, *way]
        return None

    def depth(self, sources: Iterable[str]) -> int:
        """Return behind how many other queries one over these sources stands."""
        upstream = [s.removeprefix(PREFIX) for s in sources if s.startswith(PREFIX)]
        return max(
            (1 + self.depth(self.runtime.queries[id_].sources) for id_ in upstream), default=0
        )

    def is_source(self, query: Query) -> bool:
        """Return whether the result of a query is a source of others."""
        return query.id in self.results

    def resume(self, query: Query) -> None:
        """Have the result of a query as a source, as before a restart: its rows are there."""
        self.results[query.id] = self.runtime.engine.graph.source(f"{PREFIX}{query.id}")

    @property
    def is_watching(self) -> bool:
        """Return whether the components are a source."""
        return self._told is not None

    def watch(self) -> None:
        """Have the components as a source, as before a restart."""
        if self._told is None:
            self.runtime.registry.listeners.append(self._component_changed)
        self._told = {}
        for component in self.runtime.component_list():
            every = (self._node(component), *self._relations(component))
            self._told[component.id] = {one["id"]: one for one in every}

    def open(self, source_id: str) -> None:
        """Fill a source when the first query asks for it."""
        if source_id == COMPONENTS and self._told is None:
            self._told = {}
            self.runtime.registry.listeners.append(self._component_changed)
            for component in self.runtime.component_list():
                self._tell_component(component)
            self.runtime.pump.run()
        if source_id.startswith(PREFIX):
            query = self.runtime.queries[source_id.removeprefix(PREFIX)]
            if query.id not in self.results:
                self.results[query.id] = self.runtime.engine.graph.source(source_id)
                self.feed(query, [(key, None, row) for key, row in query.table.entries()])

    def feed(self, query: Query, changes: Changes) -> None:
        """Bring a query's changed rows into the graph, where a query asks for them."""
        number = self.results.get(query.id)
        if number is None:
            return
        engine, columns = self.runtime.engine, query.table.columns
        apply = engine.apply_timed if engine.timed else engine.apply
        for key, _, row in changes:
            if row is None:
                apply(number, Accepted(2, _element_id(key), None, None, None, None, None))
                continue
            properties = {
                name: _storable(value) for name, value in zip(columns, row, strict=True)
            }
            change = Accepted(0, _element_id(key), (query.id,), properties, None, None, None)
            apply(number, change)

    def close_unread(self) -> None:
        """Empty the sources that no query reads any more."""
        read = {id_ for query in self.runtime.queries.values() for id_ in query.sources}
        for query_id in [id_ for id_ in self.results if f"{PREFIX}{id_}" not in read]:
            del self.results[query_id]
            self.runtime.pump.forget_source(f"{PREFIX}{query_id}")
        if self._told is not None and COMPONENTS not in read:
            self._told = None
            self.runtime.registry.listeners.remove(self._component_changed)
            self.runtime.pump.forget_source(COMPONENTS)

    # -- components ---------------------------------------------------------------------

    def _component_changed(self, event: Event) -> None:
        component = self.runtime.registry.components.get(event.id)
        if component is not None:
            self._tell_component(component)
        elif self._told is not None:
            gone = self._told.pop(event.id, {})
            self._submit([{"op": "delete", "id": id_} for id_ in reversed(gone)])

    def _tell_component(self, component: Component) -> None:
        """Submit what differs from what was told last."""
        if self._told is None:
            return
        before = self._told.get(component.id, {})
        node = self._node(component)
        known = before.get(component.id, node)["properties"]
        if node["properties"]["status"] == known["status"] and self._reads_components(
            component
        ):
            node["properties"]["error"] = known["error"]  # else its callbacks could feed it
        after = {one["id"]: one for one in (node, *self._relations(component))}
        gone = [{"op": "delete", "id": id_} for id_ in before if id_ not in after]
        new = [one for id_, one in after.items() if before.get(id_) != one]
        self._told[component.id] = after
        if gone or new:
            self._submit([*gone, *new])

    def _reads_components(self, component: Component) -> bool:
        """Return whether a component hears of components, perhaps through others."""
        if component.kind == "reaction":
            return any(map(self._is_over_components, self.runtime.listens_to(component.id)))
        return component.kind == "query" and self._is_over_components(component.id)

    def _is_over_components(self, query_id: str) -> bool:
        sources = self.runtime.queries[query_id].sources
        return COMPONENTS in sources or any(
            self._is_over_components(source_id.removeprefix(PREFIX))
            for source_id in sources
            if source_id.startswith(PREFIX)
        )

    def _node(self, component: Component) -> dict[str, Any]:
        properties = {
            "id": component.id,
            "status": component.status,
            "error": component.error,
        }
        label = component.kind.capitalize()
        return {"op": "insert", "id": component.id, "labels": [label], "properties": properties}

    def _relations(self, component: Component) -> list[dict[str, Any]]:
        if component.kind == "query":
            ends = [s.removeprefix(PREFIX) for s in component.part.sources]
            type_ = "SUBSCRIBES_TO"
        elif component.kind == "reaction":
            ends, type_ = list(self.runtime.listens_to(component.id)), "LISTENS_TO"
        else:
            return []
        return [
            {
                "op": "insert",
                "id": f"{component.id} {type_} {end}",
                "labels": [type_],
                "start_id": component.id,
                "end_id": end,
            }
            for end in ends
        ]

    def _submit(self, changes: list[dict[str, Any]]) -> None:
        if self.runtime.pump.is_replaying:
            return  # the log has it
        number = self.runtime.engine.graph.source(COMPONENTS)
        accepted = [accept(change) for change in changes]
        self.runtime.pump.submit_own(number, accepted, is_told=True)
        self.runtime.wake()


def _element_id(key: Any) -> Any:
    """Return the id of a row as a node: its key, where that is one text or integer."""
    if len(key) == 1 and type(key[0]) in (str, int):
        return key[0]
    return text_of(list(key))


def _storable(value: Any) -> Any:
    if value is AWAITING:
        return None
    try:
        return stored_value(value)
    except ChangeError:  # an element or a path, also inside of a list
        if isinstance(value, list):
            return [_storable(item) for item in value]
        plain = plain_value(value)
        return {key: _storable(item) for key, item in plain.items()}
