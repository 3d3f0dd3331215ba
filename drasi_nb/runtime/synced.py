"""Which elements a source's synced frames had: what a sync after a restart compares with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drasi_nb.values.change import DELETE, Accepted
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.store.graph import Graph


class Synced:
    """The ids of the last frame of every label and type; kept while there is a journal."""

    def __init__(self) -> None:
        self.ids: dict[tuple[str, str], dict[Any, None]] = {}  # by source and name of the frame

    def note(self, source: str, name: str, steps: Iterable[Accepted]) -> None:
        """Take in the changes that led to a frame."""
        known = self.ids.setdefault((source, name), {})
        for change in steps:
            if change.op == DELETE:
                known.pop(change.id, None)
            else:
                known[change.id] = None

    def forget(self, source: str) -> None:
        """Forget the frames of a source."""
        for key in [key for key in self.ids if key[0] == source]:
            del self.ids[key]

    def difference(
        self, graph: Graph, source: str, name: str, after: Iterable[Accepted]
    ) -> list[Accepted] | None:
        """Return what leads from the graph to a frame; None where no such frame is known.

        Args:
            graph: With everything taken that is queued.
            source: Id of the source.
            name: Of the frame.
            after: The frame as inserts.
        """
        known = self.ids.get((source, name))
        if known is None:
            return None
        number, new = graph.source(source), list(after)
        kept = {change.id for change in new}
        steps = [
            Accepted(DELETE, element_id, None, None, None, None, None)
            for element_id in known
            if element_id not in kept
        ]
        return steps + [change for change in new if not _is_there(graph, number, change)]


def _is_there(graph: Graph, source: int, change: Accepted) -> bool:
    """Return whether an insert would change nothing."""
    values = {n: v for n, v in (change.properties or {}).items() if v is not None}
    if change.start_id is None:
        handle = graph.node_at[source].find(change.id)
        if handle is None or graph.is_ghost(handle):
            return False
        node = graph.node(handle)
        is_same = set(node.labels) == set(change.labels or ())
        return is_same and identical(node.properties, values)
    place = graph.relation_place(source, change.id)
    if place is None:
        return False
    relation = graph.relation(*place)
    ends = (relation.type, relation.start, relation.end)
    is_same = ends == ((change.labels or ("",))[0], change.start_id, change.end_id)
    return is_same and identical(relation.properties, values)
