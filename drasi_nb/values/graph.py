"""Graph values: what a row holds when a query returns nodes, relations or paths.

Equality is identity of the element (its id and source), as in Cypher; the properties are
those at the tick the value was made.
"""

from __future__ import annotations

from typing import Any

STAMP = "\0stamp"
"""The name under which plans read when an element last changed; no property has it."""

STAMP_BITS = 20
"""A stamp is the time of an element's last change in ms, and in its low bits the change's number."""


class _Element:
    __slots__ = ("id", "properties", "source", "stamp")

    def __init__(self, id: Any, properties: dict[str, Any], source: str | None) -> None:
        self.id, self.properties, self.source = id, properties, source
        self.stamp = 0

    def __hash__(self) -> int:
        return hash(self.id)


class Node(_Element):
    """A node.

    Attributes:
        id: The element id, as the source gave it.
        labels: In alphabetical order.
        properties: Without nulls; not to be changed.
        source: The id of its source, or None.
    """

    __slots__ = ("labels",)

    def __init__(
        self,
        id: Any,
        labels: tuple[str, ...] | list[str] = (),
        properties: dict[str, Any] | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(id, {} if properties is None else properties, source)
        self.labels = tuple(labels)

    def __eq__(self, other: object) -> bool:
        return type(other) is Node and self.id == other.id and self.source == other.source

    __hash__ = _Element.__hash__

    def __repr__(self) -> str:
        return f"Node({self.id!r}, {list(self.labels)!r}, {self.properties!r})"


class Relation(_Element):
    """A relation from ``start`` to ``end`` (element ids)."""

    __slots__ = ("end", "start", "type")

    def __init__(
        self,
        id: Any,
        type: str,
        start: Any,
        end: Any,
        properties: dict[str, Any] | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(id, {} if properties is None else properties, source)
        self.type, self.start, self.end = type, start, end

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Relation) and self.id == other.id and self.source == other.source
        )

    __hash__ = _Element.__hash__

    def __repr__(self) -> str:
        return f"Relation({self.id!r}, {self.type!r}, {self.start!r}, {self.end!r}, {self.properties!r})"


class Path:
    """Alternating nodes and relations; ``len()`` is the number of relations."""

    __slots__ = ("nodes", "relations")

    def __init__(self, nodes: list[Node], relations: list[Relation]) -> None:
        self.nodes, self.relations = nodes, relations

    def __len__(self) -> int:
        return len(self.relations)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Path)
            and self.nodes == other.nodes
            and self.relations == other.relations
        )

    def __hash__(self) -> int:
        return hash((tuple(self.nodes), tuple(self.relations)))

    def __repr__(self) -> str:
        return f"Path({self.nodes!r}, {self.relations!r})"
