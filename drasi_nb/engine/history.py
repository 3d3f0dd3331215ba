"""Versions of elements, kept only while a query asks for them."""

from __future__ import annotations

from typing import Any

from drasi_nb.functions.timed import Version
from drasi_nb.store.graph import Graph
from drasi_nb.values.graph import STAMP_BITS, Node, Relation


class History:
    """What elements were, by source and id.

    Args:
        most: How many versions of one element are kept.
        longest_ms: How long a version is kept after the next one came; None is forever.
    """

    def __init__(self, most: int, longest_ms: int | None) -> None:
        self.most, self.longest_ms = most, longest_ms
        self.is_kept = False
        self._versions: dict[tuple[str | None, Any], list[Version]] = {}

    def begin(self, graph: Graph) -> None:
        """Keep versions from now on; what is there now is the first version of each."""
        if self.is_kept:
            return
        self.is_kept = True
        every = frozenset(range(len(graph.source_ids)))
        for node in graph.all_nodes(every):
            self.add(node)
        for relation in graph.all_relations(every):
            self.add(relation)

    def end(self) -> None:
        """Forget everything."""
        self.is_kept = False
        self._versions.clear()

    def add(self, element: Node | Relation) -> None:
        """Keep what an element is now; a second version of the same ms replaces the first."""
        versions = self._versions.setdefault((element.source, element.id), [])
        time_ms = element.stamp >> STAMP_BITS
        place = len(versions)
        while place and versions[place - 1][0] > time_ms:  # of an earlier time, come late
            place -= 1
        if place and versions[place - 1][0] == time_ms:
            versions[place - 1] = (time_ms, element)
        else:
            versions.insert(place, (time_ms, element))
        if len(versions) > self.most:
            del versions[: len(versions) - self.most]
        if self.longest_ms is not None:
            oldest = versions[-1][0] - self.longest_ms
            while len(versions) > 1 and versions[1][0] <= oldest:
                del versions[0]

    def save(self) -> list[tuple[tuple[str | None, Any], list[Version]]]:
        """Return the versions of every element by (source, id); the lists are live."""
        return list(self._versions.items())

    def resume(self, versions: dict[tuple[str | None, Any], list[Version]]) -> None:
        """Have the versions that were kept before a restart."""
        self._versions = versions

    def forget(self, source: str, element_id: Any) -> None:
        """Forget an element that was deleted."""
        self._versions.pop((source, element_id), None)

    def of(self, element: Any) -> list[Version]:
        """Return the versions of an element, oldest first."""
        return self._versions.get((element.source, element.id), [])

    def record(self, graph: Graph, source: int, element_id: Any) -> None:
        """Take a change in: the element as it is now, or that it is gone."""
        handle = graph.node_at[source].find(element_id)
        place = graph.relation_place(source, element_id)
        if handle is not None and not graph.is_ghost(handle):
            self.add(graph.node(handle))
        elif place is not None:
            self.add(graph.relation(*place))
        else:
            self.forget(graph.source_ids[source], element_id)
