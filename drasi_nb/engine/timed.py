"""Rows with what depends on the clock or on their own past, kept with what was handed on.

What a row was cannot be asked again later, so the stage remembers it. Queries with such a
stage take every change by itself, also within a tick: results do not depend on the cuts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from drasi_nb.engine.failures import FailureLog
from drasi_nb.engine.result import Row
from drasi_nb.engine.rows import RowStage
from drasi_nb.engine.timers import Timers
from drasi_nb.errors import EvaluationError
from drasi_nb.functions.timed import TIMED, Moment, Version
from drasi_nb.plan.nodes import Timed
from drasi_nb.values.graph import STAMP_BITS
from drasi_nb.values.ordering import unchanged


@dataclass(slots=True)
class Entry:
    """One row: as it came, what the calls keep, as it was handed on, when it is due."""

    row: Row
    kept: list[Any]
    out: Row | None = None
    due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a row's entry was before a restart.

    Attributes:
        kept: What the calls keep.
        added: The columns they gave; None where they failed.
        due_ms: When the row is due.
        failure: Text and code of why they failed.
    """

    kept: list[Any]
    added: list[Any] | None
    due_ms: int | None
    failure: tuple[str, str] | None = None


class TimedStage(RowStage):
    """Adds the columns of one ``Timed``.

    Args:
        operator: The calls.
        names: Columns of the incoming rows.
        timers: The engine's.
        versions: Looks up the kept versions of an element.
        mark: Tells the query that this tick touches it.
        log: Where a failing row is noted.
        number: The stage's number in its query.
    """

    def __init__(
        self,
        operator: Timed,
        names: tuple[str, ...],
        timers: Timers,
        versions: Callable[[Any], list[Version]],
        mark: Callable[[], None],
        log: FailureLog,
        number: int,
    ) -> None:
        super().__init__((*names, *(call.name for call in operator.calls)), mark, log, number)
        self.entries: dict[Any, Entry] = {}
        self.saved: dict[Any, Saved] = {}  # of rows that were not seen since a restart
        self._timers, self._versions, self._mark = timers, versions, mark
        self._rung: list[Any] = []
        self._calls = [
            (TIMED[call.function].call, [names.index(name) for name in call.arguments])
            for call in operator.calls
        ]
        self._salt = repr(operator) if any("rand" in c.function for c in operator.calls) else ""
        self._stamp = None if operator.stamp is None else names.index(operator.stamp)

    def held(self) -> int:
        """Return the number of rows."""
        return len(self.entries)

    def waits(self, key: Any, due_ms: int) -> bool:
        """Return whether a row waits for a time."""
        entry = self.entries.get(key)
        return entry is not None and entry.due_ms == due_ms

    def ring(self, key: Any, due_ms: int) -> bool:
        """Take note that a row is due."""
        entry = self.entries.get(key)
        if entry is None or entry.due_ms != due_ms:
            return False
        entry.due_ms = None
        self._rung.append(key)
        self._mark()
        return True

    def flush(self) -> None:
        """Ask the calls of rows that came, changed or are due; hand on what differs."""
        inbox = self.inbox
        for key, _, row in inbox.take() if inbox.is_waiting else ():
            if row is None:
                self._leave(key)
                continue
            entry = self.entries.get(key)
            if entry is None:
                if key in self.saved:
                    self._resume(key, row, self.saved.pop(key))
                    continue
                entry = self.entries[key] = Entry(row, [None] * len(self._calls))
            entry.row = row
            self._ask(key, entry, is_change=True)
        if not self._rung:
            return
        rung, self._rung = self._rung, []
        for key in rung:
            entry = self.entries.get(key)
            if entry is not None:
                self._ask(key, entry, is_change=False)

    def save(self) -> Iterator[tuple[Any, Saved]]:
        """Yield every row's key with what must survive a restart."""
        width = len(self.names) - len(self._calls)
        for key, entry in self.entries.items():
            added = None if entry.out is None else list(entry.out[width:])
            failure = self.log.entries.get((self.number, key)) if added is None else None
            why = None if failure is None else (failure.reason, failure.code)
            yield key, Saved(list(entry.kept), added, entry.due_ms, why)

    def _resume(self, key: Any, row: Row, saved: Saved) -> None:
        """Take a row up as it was before a restart; its timer is the caller's."""
        entry = self.entries[key] = Entry(row, saved.kept, None, saved.due_ms)
        if saved.added is not None:
            entry.out = (*row, *saved.added)
            self.next(key, None, entry.out)
            return
        text, code = saved.failure or ("failed before the restart", "evaluation")
        self.log.record(self.number, 1, key, EvaluationError(text, code=code))

    def _leave(self, key: Any) -> None:
        entry = self.entries.pop(key, None)
        if entry is None:
            return
        if entry.out is None:
            self.log.record(self.number, -1, key, None)
        else:
            self.next(key, entry.out, None)

    def _ask(self, key: Any, entry: Entry, *, is_change: bool) -> None:
        row, timers = entry.row, self._timers
        stamp = timers.stamp if self._stamp is None else row[self._stamp]
        if stamp is None:  # every element of the row is null
            stamp = timers.stamp
        if (self.number, key) in self.log.entries:
            self.log.record(self.number, -1, key, None)
        moment = Moment(timers.now_ms, stamp >> STAMP_BITS, is_change, self._versions)
        if self._salt:
            moment = moment._replace(chance=self._chance(key, timers.stamp))
        before, due_ms, added = entry.out, None, list[Any]()
        try:
            for i, (call, places) in enumerate(self._calls):
                value, kept, due = call(moment, entry.kept[i], *[row[p] for p in places])
                entry.kept[i] = kept
                added.append(value)
                if due is not None and (due_ms is None or due < due_ms):
                    due_ms = due
            after: Row | None = (*row, *added)
        except EvaluationError as error:
            self.log.record(self.number, 1, key, error)
            after = None
        if due_ms != entry.due_ms:
            entry.due_ms = due_ms
            if due_ms is not None:
                timers.set(due_ms, self, key)
        entry.out = after
        if before is None and after is None:
            return
        if before is None or after is None or not unchanged(before, after):
            self.next(key, before, after)

    def _chance(self, key: Any, stamp: int) -> Callable[[], Random]:
        """Return what the calls of one row draw from, one after the other.

        It follows from seed, change and row alone, so that a replay gives the same values.
        """
        made = list[Random]()

        def chance() -> Random:
            if not made:
                made.append(Random(f"{self._timers.seed} {stamp} {self._salt} {key!r}"))  # noqa: S311 - no secret
            return made[0]

        return chance
