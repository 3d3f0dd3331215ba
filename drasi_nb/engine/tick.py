"""Applying changes: the one writer of the graph.

Every change is seen by the queries before it is written (weight -1) and after (weight +1).
What a walk reads must be all old or all new, so nothing is written between.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import partial
from typing import Any

from drasi_nb.engine.history import History
from drasi_nb.engine.queries import QuerySet
from drasi_nb.engine.routing import Route
from drasi_nb.engine.timing import SAMPLED, Timing
from drasi_nb.store.graph import Group
from drasi_nb.store.paging import LOW, SHIFT
from drasi_nb.store.relations import RelationTable
from drasi_nb.values.change import DELETE, INSERT, UPDATE, Accepted
from drasi_nb.values.graph import STAMP, STAMP_BITS
from drasi_nb.values.ordering import identical

_SEQ_PART = (1 << STAMP_BITS) - 1


class Engine(QuerySet):
    """A graph, the queries over it, and the changes; deterministic, synchronous, without loop.

    Attributes:
        arrived_ms: When changes that name no time of their own arrived.
        stamp: Of the change that is applied.
        unfinished: Walks that were left off.
        finish_by: When walks in steps are left off; None is never.
    """

    def __init__(self, most_trails: int = 1_000_000, history: History | None = None) -> None:
        super().__init__(most_trails, history)
        self.arrived_ms = 0
        self.stamp = 0
        self.unfinished: list[tuple[Any, Generator[None]]] = []
        self.finish_by: float | None = None

    def _each(self, calls: tuple[Any, ...], last: Any, *element: Any) -> None:
        """Call every handler; one that breaks stops its query and no other."""
        if not self.seq & (SAMPLED - 1):
            calls = self._watched(calls)
        for call in calls:
            try:
                call(*element, last)
            except Exception as error:  # noqa: BLE001 - that query alone stops
                self.broke(call, error)

    def _watched(self, calls: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the handlers with their time noted."""
        return tuple(partial(self.walks.setdefault(call, Timing()).run, call) for call in calls)

    def apply(self, source: int, change: Accepted) -> None:
        """Apply one change. Cost: the matches through the element, before and after.

        With queries that must see every change by itself, call ``apply_timed`` instead.
        """
        op, element_id, labels, properties, start, _, time_ms = change
        if self.unfinished:
            self.finish()
        self.seq = seq = self.seq + 1
        if time_ms is None:
            time_ms = self.arrived_ms
        self.stamp = (time_ms << STAMP_BITS) | (seq & _SEQ_PART)
        graph = self.graph
        handle = graph.node_at[source].find(element_id)
        if handle is not None:
            group = graph.nodes.page_group[handle >> SHIFT]
            if op == UPDATE and start is None and group.labels is not None:
                if labels is None or labels == group.spelled or group.is_labelled(labels):
                    self._set_properties(group, handle, properties or {})
                else:
                    self._relabel(source, handle, change)
                return
            if group.labels is not None:
                if op == DELETE:
                    self._delete_node(source, element_id, handle)
                elif start is not None:
                    self._delete_node(source, element_id, handle)
                    self._insert_relation(source, change)
                else:
                    self._replace_node(source, handle, change)
                return
            # a ghost: the id is known only as an end
        code = graph.relation_at[source].find(element_id)
        if code is not None:
            place = graph.place_of(code)
            if op == DELETE:
                self._delete_relation(source, element_id, *place)
            elif start is None and op == INSERT:
                self._delete_relation(source, element_id, *place)
                self._insert_node(source, element_id, labels, properties)
            else:
                self._change_relation(source, place[0], place[1], change)
            return
        if op == DELETE:
            return
        if start is not None:
            self._insert_relation(source, change)
        else:
            self._insert_node(source, element_id, labels, properties)

    def apply_timed(self, source: int, change: Accepted) -> None:
        """Apply one change, and let the queries that must see it by itself take it."""
        self.apply(source, change)
        if self.unfinished:
            self.finish()
        self.timers.stamp = self.stamp
        if self.history.is_kept:
            self.history.record(self.graph, source, change.id)
        if self.touched:
            self.settle()

    def settle(self) -> None:
        """Let the stages that must see every change by itself take what there is."""
        for query in self.timed:
            if query.is_touched:
                try:
                    query.settle()
                except Exception as error:  # noqa: BLE001 - that query alone stops
                    self.broken.append((query, error))

    def fire(self, now_ms: int, most: int = 10_000) -> int:
        """Let the clock reach a time: rows that are due are asked again; return how many were."""
        self.timers.now_ms = now_ms
        fired = self.timers.fire(most)
        if fired:
            self.seq += 1
            self.timers.stamp = (now_ms << STAMP_BITS) | (self.seq & _SEQ_PART)
            self.settle()
        return fired

    def _insert_node(
        self,
        source: int,
        element_id: Any,
        labels: tuple[str, ...] | None,
        properties: dict[str, Any] | None,
    ) -> None:
        graph = self.graph
        handle = graph.place(source, element_id, frozenset(labels or ()))
        if properties:
            for name, value in properties.items():
                graph.nodes.write(name, handle, value)
        graph.nodes.stamps[handle >> SHIFT][handle & LOW] = self.stamp
        self._each(self.router.node(graph.nodes.page_group[handle >> SHIFT]).enums, 1, handle)

    def _delete_node(self, source: int, element_id: Any, handle: int) -> None:
        self._each(
            self.router.node(self.graph.nodes.page_group[handle >> SHIFT]).enums, -1, handle
        )
        self.graph.remove_node(source, element_id)

    def _replace_node(self, source: int, handle: int, change: Accepted) -> None:
        """Insert of a known id: properties it does not name become null."""
        nodes = self.graph.nodes
        values = {**dict.fromkeys(nodes.properties(handle)), **(change.properties or {})}
        labels, group = change.labels or (), nodes.page_group[handle >> SHIFT]
        if group.is_labelled(labels):
            self._set_properties(group, handle, values)
        else:
            self._relabel(source, handle, change._replace(labels=labels, properties=values))

    def _relabel(self, source: int, handle: int, change: Accepted) -> None:
        nodes = self.graph.nodes
        self._each(self.router.node(nodes.page_group[handle >> SHIFT]).enums, -1, handle)
        values = {**nodes.properties(handle), **(change.properties or {})}
        handle = self.graph.place(source, change.id, frozenset(change.labels or ()))
        for name, value in values.items():
            nodes.write(name, handle, value)
        nodes.stamps[handle >> SHIFT][handle & LOW] = self.stamp
        self._each(self.router.node(nodes.page_group[handle >> SHIFT]).enums, 1, handle)

    def _set_properties(self, group: Group, handle: int, values: dict[str, Any]) -> None:
        graph, router = self.graph, self.router
        nodes, page, place = graph.nodes, handle >> SHIFT, handle & LOW
        columns, indexes, name = nodes.columns, nodes.indexes, ""
        old: dict[str, Any] = {}
        for name, value in values.items():
            column = columns.get(name)
            cells = None if column is None else column[page]
            before = None if cells is None else cells[place]
            if before is value or (
                before == value and type(before) is type(value) and identical(before, value)
            ):
                continue
            old[name] = before
            # as ``Table.write()``, without a call for most
            if name not in indexes and (
                type(cells) is list
                or (type(cells) is memoryview and type(value) is type(before))
            ):
                cells[place] = value
            else:
                nodes.write(name, handle, value)
        stamps = nodes.stamps[page]
        if router.reads_stamps:
            names: Any = frozenset((*old, STAMP))
        elif old:
            # of one property: the name, which needs no set
            names = name if len(values) == 1 else frozenset(old)
        else:
            stamps[place] = self.stamp
            return
        route = router.by_group.get(group) or router.node(group)
        both, fused = route.calls.get(names) or route.select(names)
        if both:  # they see it as it was too
            for name, before in old.items():
                nodes.write(name, handle, before)
            self._each(both, -1, handle)
            for name in old:
                nodes.write(name, handle, values[name])
        if router.reads_stamps:
            old[STAMP] = stamps[place]
        stamps[place] = self.stamp
        if both:
            self._each(both, 1, handle)
        if graph.hubs:
            self._in_steps(route.in_steps(names), old, handle)
            return
        if not self.seq & (SAMPLED - 1):
            fused = self._watched(fused)
        for upd in fused:
            try:
                upd(handle, old)
            except Exception as error:  # noqa: BLE001 - that query alone stops
                self.broke(upd, error)

    def _in_steps(self, calls: tuple[Any, ...], old: dict[str, Any], *element: Any) -> None:
        """Let each query take a change of properties, already written, in walks left off in time."""
        for call in calls:
            try:
                steps = call(*element, old)
            except Exception as error:  # noqa: BLE001 - that query alone stops
                self.broke(call, error)
            else:
                if steps is not None:
                    self.unfinished.append((call, steps))
        self.finish(self.finish_by)

    def finish(self, end: float | None = None) -> bool:
        """Go on with walks that were left off, until a time; return whether all are done.

        While there are any, no other change may be applied.
        """
        while self.unfinished:
            call, steps = self.unfinished[-1]
            try:
                for _ in steps:
                    if end is not None and time.perf_counter() >= end:
                        return False
            except Exception as error:  # noqa: BLE001 - that query alone stops
                self.broke(call, error)
            self.unfinished.pop()
        return True

    def _insert_relation(self, source: int, change: Accepted) -> None:
        _, element_id, labels, properties, start, end, _ = change
        graph = self.graph
        type_ = labels[0] if labels else ""
        table, row = graph.insert_relation(source, element_id, type_, start, end)
        if properties:
            for name, value in properties.items():
                table.write(name, row, value)
        table.stamps[row >> SHIFT][row & LOW] = self.stamp
        self._each(self.router.relation(table, source).enums, 1, table, row)

    def _delete_relation(
        self, source: int, element_id: Any, table: RelationTable, row: int
    ) -> None:
        self._each(self.router.relation(table, source).enums, -1, table, row)
        self.graph.remove_relation(source, element_id)

    def _change_relation(
        self, source: int, table: RelationTable, row: int, change: Accepted
    ) -> None:
        op, element_id, labels, properties, start, end, _ = change
        id_of = self.graph.nodes.id_of
        ends = (id_of(table.src[row]), id_of(table.dst[row]))
        values: dict[str, Any] = properties or {}
        if op == INSERT:
            values = {**dict.fromkeys(table.properties(row)), **values}
        moved = start is not None and (start, end) != ends
        if moved or (labels and labels[0] != table.name):
            values = {**table.properties(row), **values}
            self._delete_relation(source, element_id, table, row)
            again = change._replace(
                labels=labels or (table.name,),
                properties=values,
                start_id=ends[0] if start is None else start,
                end_id=ends[1] if end is None else end,
            )
            self._insert_relation(source, again)
            return
        old: dict[str, Any] = {}
        for name, value in values.items():
            column = table.columns.get(name)
            before = None if column is None else column[row >> SHIFT][row & LOW]
            if not identical(before, value):
                old[name] = before
        stamps = table.stamps[row >> SHIFT]
        if self.router.reads_stamps:
            names = frozenset((*old, STAMP))
        elif old:
            names = frozenset(old)
        else:
            stamps[row & LOW] = self.stamp
            return
        route: Route = self.router.relation(table, source)
        both, fused = route.calls.get(names) or route.select(names)
        self._each(both, -1, table, row)
        for name in old:
            table.write(name, row, values[name])
        if self.router.reads_stamps:
            old[STAMP] = stamps[row & LOW]
        stamps[row & LOW] = self.stamp
        self._each(both, 1, table, row)
        if self.graph.hubs:
            self._in_steps(route.in_steps(names), old, table, row)
        else:
            self._each(fused, old, table, row)
