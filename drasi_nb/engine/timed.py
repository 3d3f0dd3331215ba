"""Rows with what depends on the clock or on their own past, kept with what was handed on.

What a row was cannot be asked again later, so the stage remembers it. Queries with such a
stage take every change by itself, also within a tick: results do not depend on the cuts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from random import Random
from typing import Any, TypeAlias

from drasi_nb.engine.failures import FailureLog
from drasi_nb.engine.result import Row
from drasi_nb.engine.rows import RowStage
from drasi_nb.engine.timers import Timers
from drasi_nb.errors import EvaluationError
from drasi_nb.functions.timed import TIMED, Moment, Version
from drasi_nb.plan.nodes import Timed
from drasi_nb.values.graph import STAMP_BITS
from drasi_nb.values.ordering import unchanged

# One row: as it came, what the calls keep, as it was handed on, when it is due. A tuple, which
# the garbage collector lets go once it has seen it.
Entry: TypeAlias = "tuple[Row, tuple[Any, ...], Row | None, int | None]"


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
        self._timers, self._mark = timers, mark
        self._rung: dict[Any, None] = {}
        self._calls = [
            (TIMED[call.function].call, picked([names.index(name) for name in call.arguments]))
            for call in operator.calls
        ]
        self._nothing: tuple[Any, ...] = (None,) * len(self._calls)
        self._moment = Moment(0, 0, True, versions)  # of the row that is asked
        self._salt = repr(operator) if any("rand" in c.function for c in operator.calls) else ""
        self._stamp = None if operator.stamp is None else names.index(operator.stamp)
        # rows of many changes may come at once: what a row is given follows from it alone
        self.takes_many = self._stamp is not None and not self._salt

    def held(self) -> int:
        """Return the number of rows."""
        return len(self.entries)

    def waits(self, key: Any, due_ms: int) -> bool:
        """Return whether a row waits for a time."""
        entry = self.entries.get(key)
        return entry is not None and entry[3] == due_ms

    def ring(self, keys: Sequence[Any], due_ms: int) -> int:
        """Take note that rows are due; return how many still waited for that time."""
        entries, rung = self.entries, self._rung
        before = len(rung)
        for key in keys:
            entry = entries.get(key)
            if entry is not None and entry[3] == due_ms:
                rung[key] = None
        if rung and not before:
            self._mark()
        return len(rung) - before

    def flush(self) -> None:
        """Ask the calls of rows that came, changed or are due; hand on what differs."""
        inbox, moment, entries = self.inbox, self._moment, self.entries
        if inbox.is_waiting:
            moment.now_ms, moment.is_change = self._timers.now_ms, True
            for key, _, row in inbox.take():
                entry = entries.get(key)
                if row is None:
                    self._leave(key)
                elif entry is not None:
                    self._ask(key, row, entry[1], entry[2], entry[3])
                elif key in self.saved:
                    self._resume(key, row, self.saved.pop(key))
                else:
                    self._ask(key, row, self._nothing, None, None)
        if not self._rung:
            return
        moment.now_ms, moment.is_change = self._timers.now_ms, False
        for key in self._rung:
            entry = entries.get(key)
            if entry is not None:
                self._ask(key, entry[0], entry[1], entry[2], None)
        self._rung.clear()

    def save(self) -> Iterator[tuple[Any, Saved]]:
        """Yield every row's key with what must survive a restart."""
        width = len(self.names) - len(self._calls)
        for key, (_, kept, out, due_ms) in self.entries.items():
            added = None if out is None else list(out[width:])
            failure = self.log.entries.get((self.number, key)) if added is None else None
            why = None if failure is None else (failure.reason, failure.code)
            yield key, Saved(list(kept), added, due_ms, why)

    def _resume(self, key: Any, row: Row, saved: Saved) -> None:
        """Take a row up as it was before a restart; its timer is the caller's."""
        out = None if saved.added is None else (*row, *saved.added)
        self.entries[key] = (row, tuple(saved.kept), out, saved.due_ms)
        if out is not None:
            self.next(key, None, out)
            return
        text, code = saved.failure or ("failed before the restart", "evaluation")
        self.log.record(self.number, 1, key, EvaluationError(text, code=code))

    def _leave(self, key: Any) -> None:
        entry = self.entries.pop(key, None)
        if entry is None:
            return
        _, _, out, due_ms = entry
        if due_ms is not None:
            self._timers.called_off()
        if out is None:
            self.log.record(self.number, -1, key, None)
        else:
            self.next(key, out, None)

    def _ask(
        self,
        key: Any,
        row: Row,
        kept: tuple[Any, ...],
        before: Row | None,
        was_due_ms: int | None,
    ) -> None:
        timers, moment = self._timers, self._moment
        stamp = timers.stamp if self._stamp is None else row[self._stamp]
        if stamp is None:  # every element of the row is null
            stamp = timers.stamp
        if before is None and self.log.entries and (self.number, key) in self.log.entries:
            self.log.record(self.number, -1, key, None)
        moment.changed_ms = stamp >> STAMP_BITS
        if self._salt:
            moment.chance = self._chance(key, timers.stamp)
        after, due_ms = None, None
        try:
            if len(kept) == 1:  # most often
                ((call, arguments),) = self._calls
                value, now, due_ms = call(moment, kept[0], *arguments(row))
                kept, after = (now,), (*row, value)
            else:
                added = list[Any]()
                for i, (call, arguments) in enumerate(self._calls):
                    value, now, due = call(moment, kept[i], *arguments(row))
                    kept = (*kept[:i], now, *kept[i + 1 :])
                    added.append(value)
                    if due is not None and (due_ms is None or due < due_ms):
                        due_ms = due
                after = (*row, *added)
        except EvaluationError as error:
            self.log.record(self.number, 1, key, error)
        self.entries[key] = (row, kept, after, due_ms)
        if due_ms != was_due_ms:
            if was_due_ms is not None:
                timers.called_off()
            if due_ms is not None:
                timers.set(due_ms, self, key)
        if before is None:
            if after is not None:
                self.next(key, None, after)
        elif after is None or before != after or not unchanged(before, after):
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


def picked(places: list[int]) -> Callable[[Row], tuple[Any, ...]]:
    """Return what picks some values of a row."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple([row[place] for place in places])
