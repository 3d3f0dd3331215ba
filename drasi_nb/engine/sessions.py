"""Sessions: rows that follow each other in time without a longer gap, per partition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sortedcontainers import SortedList

from drasi_nb.engine.failures import FailureLog
from drasi_nb.engine.result import Row
from drasi_nb.engine.rows import RowStage
from drasi_nb.errors import EvaluationError
from drasi_nb.functions.windows import Placed, placed, window_of
from drasi_nb.plan.nodes import Session
from drasi_nb.values.ordering import group_key, unchanged


class SessionStage(RowStage):
    """Adds to each row the window of its session. Cost of a change: the rows of its session.

    Args:
        operator: Which columns are time, gap and partition.
        names: Columns of the incoming rows.
        mark: Tells the query that this tick touches it.
        log: Where a failing row is noted.
        number: The stage's number in its query.
    """

    def __init__(
        self,
        operator: Session,
        names: tuple[str, ...],
        mark: Callable[[], None],
        log: FailureLog,
        number: int,
    ) -> None:
        super().__init__((*names, operator.name), mark, log, number)
        self._time, self._gap = names.index(operator.time), names.index(operator.gap)
        self._partition = [names.index(name) for name in operator.partition]
        self._rows: dict[Any, tuple[Row, Any, Placed | None]] = {}
        self._entries: dict[Any, Any] = {}  # partition -> SortedList of Placed
        self._out: dict[Any, Row] = {}
        self._failing = set[Any]()  # keys of rows; the log does not keep all

    def held(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def flush(self) -> None:
        """Put changed rows in their places; hand on every row whose window is another."""
        touched: list[tuple[Any, int]] = []
        changed = dict[Any, None]()
        for key, _, row in self.inbox.take():
            changed[key] = None
            self._leave(key, touched)
            if row is not None:
                self._enter(key, row, touched)
        windows: dict[Any, dict[str, Any]] = {}
        for partition, time_ms in touched:
            self._look(partition, time_ms, windows)
        for key in {**changed, **dict.fromkeys(windows)}:
            before, after = self._out.pop(key, None), None
            if key in self._rows:
                row, _, place = self._rows[key]
                after = (*row, None if place is None else windows[key])
                self._out[key] = after
            if before is None and after is None:
                continue
            if before is None or after is None or not unchanged(before, after):
                self.next(key, before, after)

    def _leave(self, key: Any, touched: list[tuple[Any, int]]) -> None:
        known = self._rows.pop(key, None)
        if known is None:
            if key in self._failing:
                self._failing.remove(key)
                self.log.record(self.number, -1, key, None)
            return
        _, partition, place = known
        if place is not None:
            entries = self._entries[partition]
            entries.remove(place)
            if not entries:
                del self._entries[partition]
            touched.append((partition, place[0]))

    def _enter(self, key: Any, row: Row, touched: list[tuple[Any, int]]) -> None:
        try:
            place = placed(row[self._time], row[self._gap], key)
        except EvaluationError as error:
            self._failing.add(key)
            self.log.record(self.number, 1, key, error)
            return
        partition = tuple(group_key(row[i]) for i in self._partition)
        self._rows[key] = (row, partition, place)
        if place is not None:
            entries = self._entries.get(partition)
            if entries is None:
                entries = self._entries[partition] = SortedList()
            entries.add(place)
            touched.append((partition, place[0]))

    def _look(self, partition: Any, time_ms: int, windows: dict[Any, dict[str, Any]]) -> None:
        """Find the sessions at and beside a time."""
        entries = self._entries.get(partition)
        if entries is None:
            return
        at = entries.bisect_left((time_ms,))
        for anchor in (at - 1, at):
            if 0 <= anchor < len(entries) and entries[anchor][2] not in windows:
                first = last = anchor
                while (
                    first and entries[first][0] - entries[first - 1][0] <= entries[first - 1][3]
                ):
                    first -= 1
                while (
                    last + 1 < len(entries)
                    and entries[last + 1][0] - entries[last][0] <= entries[last][3]
                ):
                    last += 1
                run = list(entries.islice(first, last + 1))
                found = window_of(run)
                windows.update((entry[2], found) for entry in run)
