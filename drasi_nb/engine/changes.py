"""Changes of many nodes at once, as queries hear of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from drasi_nb.store.cells import Cell, listed
from drasi_nb.store.numbers import Ints


class NodeChanges:
    """Changes of properties of nodes, which are written already.

    Args:
        handles: Of the nodes, each once.
        ids: Theirs.
        old: What properties were, by key.
        new: What they are.
    """

    def __init__(
        self, handles: Ints, ids: list[Any], old: dict[str, Cell], new: dict[str, Cell]
    ) -> None:
        self.handles, self.ids, self.old, self.new = handles, ids, old, new

    def __len__(self) -> int:
        return len(self.handles)

    @cached_property
    def listed(self) -> tuple[list[int], dict[str, list[Any]], dict[str, list[Any]]]:
        """Return handles, old and new values as Python has them."""
        old, new = (
            {name: listed(values) for name, values in side.items()}
            for side in (self.old, self.new)
        )
        return self.handles.tolist(), old, new
