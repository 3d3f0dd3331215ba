"""A change of many nodes in one call: column by column, or the walk of ``upd`` as a loop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from drasi_nb.engine.changes import NodeChanges
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.shared import Part
from drasi_nb.engine.codegen.sinks import list_rows
from drasi_nb.engine.codegen.slots import Anchor, Reads
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.result import ResultStage, RowChange
from drasi_nb.engine.vector.columns import UnsupportedError

_KEPT = 100  # functions, by what changed

Function = Callable[..., None]


class Many:
    """Takes changes of properties of many nodes, in a slot that no other may hold.

    Args:
        part: The walk.
        slot: Where the nodes are.
        columnwise: Takes the changes column by column, or raises ``UnsupportedError``.
    """

    def __init__(
        self, part: Part, slot: int, columnwise: Callable[[NodeChanges], None]
    ) -> None:
        self._part, self._slot, self._columnwise = part, slot, columnwise
        self._functions: dict[tuple[str, ...], tuple[Function, ResultStage | None]] = {}

    def __call__(self, changes: NodeChanges) -> None:
        """Take what properties were and what they are."""
        with suppress(UnsupportedError):
            self._columnwise(changes)
            return
        handles, old, new = changes.listed
        names = tuple(old)
        known = self._functions.get(names)
        if known is None:
            if len(self._functions) >= _KEPT:
                self._functions.clear()
            known = self._functions[names] = self._written(names)
        function, stage = known
        rows = list[RowChange]()
        function(rows.append, handles, *old.values(), *(new[name] for name in names))
        if rows and stage is not None:
            stage.change(rows)

    def _written(self, names: tuple[str, ...]) -> tuple[Function, ResultStage | None]:
        """Return the loop, and where the rows go that it lists; None where it hands them on."""
        writer = Writer()
        leaf = self._part.leaf(writer)
        stage = list_rows(leaf.sink)
        anchor = Anchor("node", self._slot, fused=True, changed=names)
        Walk(writer, self._part.view, self._part.match, leaf, Reads(), anchor).write("many")
        return writer.load()["many"], stage
