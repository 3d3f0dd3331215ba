"""Changes of many nodes at once, as queries hear of them."""

from __future__ import annotations

from functools import cached_property
from operator import eq
from typing import Any

import numpy as np

from drasi_nb.store.cells import Cell, listed
from drasi_nb.store.ids import Ids
from drasi_nb.store.numbers import Ints
from drasi_nb.values.ordering import identical

_SIMPLE = frozenset({str, int, bool})  # types whose equal values are the same
_NONE = type(None)


class NodeChanges:
    """Changes of properties of nodes, which are written already.

    Args:
        handles: Of the nodes, each once.
        ids: Theirs.
        old: What properties were, by key.
        new: What they are.
    """

    def __init__(
        self, handles: Ints, ids: Ids, old: dict[str, Cell], new: dict[str, Cell]
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


def different(before: Cell, after: Cell) -> Ints:
    """Return the places where a value is another one now."""
    if (
        not isinstance(before, list)
        and not isinstance(after, list)
        and before.dtype == after.dtype
    ):
        # of floats only zeros are equal and yet two; NaN is another one than itself
        return np.flatnonzero(
            (before.view(np.int64) != after.view(np.int64)) | (before != after)
        )
    old, new = listed(before), listed(after)
    kinds = set(map(type, old))
    kinds.update(map(type, new))
    kinds.discard(_NONE)
    if len(kinds) == 1 and kinds <= _SIMPLE:
        return np.flatnonzero(~np.fromiter(map(eq, old, new), np.bool_, len(old)))
    return np.array(
        [
            place
            for place, (a, b) in enumerate(zip(old, new, strict=True))
            if a is not b and (a != b or not identical(a, b))
        ],
        np.int64,
    )
