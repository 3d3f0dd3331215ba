"""The last stage: rows by key, and what a tick made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from drasi_nb.engine import entered
from drasi_nb.engine.entered import Entered
from drasi_nb.engine.moved import Moved, Part
from drasi_nb.store.numbers import Ints
from drasi_nb.values.ordering import unchanged

Row = entered.Row
RowChange = entered.RowChange
Changes = Sequence[RowChange]  # of one tick, each key once: a list, or what entered as columns
Sides = tuple[Row | None, Row | None]  # before, after


_STEP = 2_047  # rows in one step, less one


class Inbox(Protocol):
    """Takes rows by key."""

    def add(self, key: Any, row: Row) -> None:
        """A row enters."""
        ...

    def remove(self, key: Any, row: Row) -> None:
        """A row leaves."""
        ...

    def update(self, key: Any, before: Row, after: Row) -> None:
        """A row becomes another one under the same key."""
        ...


class ResultStage:
    """Collects a tick's rows as (before, after) per key; ``take`` consolidates them.

    Args:
        mark: Tells the query that this tick touches it.
        same: When a row counts as unchanged; before the last stage ``unchanged``, since a
            later one may ask when its elements changed.
    """

    def __init__(
        self, mark: Callable[[], None], same: Callable[[Any, Any], bool] = unchanged
    ) -> None:
        self.pending: dict[Any, Sides] = {}  # tuples: the garbage collector lets them go
        self.loaded: Changes = []
        self._entered: list[Entered] = []
        self._is_settled = False  # what is loaded has nothing that cancels out
        self.mark, self._same = mark, same
        self.taken = 0

    @property
    def is_waiting(self) -> bool:
        """Return whether anything came."""
        return bool(self.pending or self.loaded or self._entered)

    def load(self, rows: Entered) -> None:
        """Let many rows enter whose keys nobody has yet."""
        if not self.is_waiting:
            self.mark()
        self._entered.append(rows)

    def change(self, rows: list[RowChange]) -> None:
        """Let many rows change, come or go, each key once; the list is the stage's then."""
        if not self.is_waiting:
            self.mark()
            self.loaded = rows
            return
        for key, before, after in rows:
            if before is not None:
                if after is None:
                    self.remove(key, before)
                else:
                    self.update(key, before, after)
            elif after is not None:
                self.add(key, after)

    @property
    def _is_moved(self) -> bool:
        """Return whether nothing waits but rows that are columns."""
        return isinstance(self.loaded, Moved) and not self.pending and not self._entered

    def takes_moved(self, handles: Ints) -> bool:
        """Return whether changes of some nodes may come as columns: none of them waits."""
        if self._is_moved and isinstance(self.loaded, Moved):
            return not self.loaded.has_any(handles)
        return not self.is_waiting

    def move(self, part: Part) -> None:
        """Let rows change, come or go, as ``takes_moved()`` allows."""
        if not self.is_waiting:
            self.mark()
            self.loaded = Moved([part])
        elif isinstance(self.loaded, Moved):
            self.loaded.parts.append(part)

    def add(self, key: Any, row: Row) -> None:
        """A row enters."""
        entry = self.pending.get(key)
        if entry is None:
            if not self.pending:
                self.mark()
            self.pending[key] = (None, row)
        else:
            self.pending[key] = (entry[0], row)

    def remove(self, key: Any, row: Row) -> None:
        """A row leaves."""
        entry = self.pending.get(key)
        if entry is None:
            if not self.pending:
                self.mark()
            self.pending[key] = (row, None)
        else:
            self.pending[key] = (entry[0], None)

    def update(self, key: Any, before: Row, after: Row) -> None:
        """A row becomes another one under the same key."""
        entry = self.pending.get(key)
        if entry is None:
            if not self.pending:
                self.mark()
            self.pending[key] = (before, after)
        else:
            self.pending[key] = (entry[0], after)

    def take(self) -> Changes:
        """Return the tick's changes, those that cancel out left out, and forget them."""
        out: Changes
        if not self.loaded and not self._entered:
            same = self._same
            out = [
                (key, before, after)
                for key, (before, after) in self.pending.items()
                if not (before is after or (before == after and same(before, after)))
            ]
            self.pending.clear()
            self.taken += len(out)
            return out
        if self._entered and not self.pending and not self.loaded:
            out = Entered.joined(self._entered)
        elif self._is_moved or (self._is_settled and not self.pending):
            out = self.loaded
        else:
            same = self._same
            out = [
                change
                for change in self._waiting()
                if not (
                    (before := change[1]) is (after := change[2])
                    or (before == after and same(before, after))
                )
            ]
        self.pending.clear()
        self.loaded, self._entered, self._is_settled = [], [], False
        self.taken += len(out)
        return out

    def _is_same(self, change: RowChange) -> bool:
        _, before, after = change
        return before is after or (before == after and self._same(before, after))

    def settling(self, spent: list[Any]) -> Iterator[None]:
        """Do in steps what ``take()`` does, so that it has little left to do.

        Args:
            spent: Gets what nobody needs any more then: to free it takes long too.
        """
        if self._entered and not self.pending and not self.loaded:
            return
        if self._is_moved:
            return
        out = list[RowChange]()
        for number, change in enumerate(self._waiting()):
            if not self._is_same(change):
                out.append(change)
            spent.append(change)
            if not number & _STEP:
                yield
        for number, sides in enumerate(self.pending.values()):
            spent.append(sides)
            if not number & _STEP:
                yield
        self.pending.clear()
        self.loaded, self._entered, self._is_settled = out, [], True

    def _waiting(self) -> Iterable[RowChange]:
        """Return what waits, each key once, also what cancels out."""
        if not self.loaded and not self._entered:
            return ((key, before, after) for key, (before, after) in self.pending.items())
        if not self.pending and not self._entered:
            return self.loaded
        merged: dict[Any, Sides] = {k: (b, a) for rows in self._entered for k, b, a in rows}
        for key, before, after in self.loaded:
            merged[key] = before, after
        for key, sides in self.pending.items():
            known = merged.get(key)
            merged[key] = sides if known is None else (known[0], sides[1])
        return ((key, before, after) for key, (before, after) in merged.items())
