"""Stages over rows alone: the first row, UNWIND, ORDER BY with SKIP and LIMIT, UNION."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import nsmallest
from itertools import islice
from typing import Any, Self

from sortedcontainers import SortedList

from drasi_nb.engine.crowd import Crowd, crowd_of
from drasi_nb.engine.entered import Entered
from drasi_nb.engine.failures import FailureLog
from drasi_nb.engine.interpreter import rank_of, unwound
from drasi_nb.engine.result import Changes, ResultStage, Row
from drasi_nb.errors import EvaluationError
from drasi_nb.language import ast
from drasi_nb.plan.evaluation import evaluate
from drasi_nb.plan.nodes import Sort, Unwind
from drasi_nb.values.ordering import order_key, unchanged

Next = Callable[[Any, Row | None, Row | None], None]
Entry = tuple[tuple[Any, ...], Row]  # rank, row
Place = tuple[tuple[Any, ...], Any, Any]  # rank, order key of the row key, row key in a tie


class RowStage:
    """A stage that takes rows in and hands rows on at the end of a tick."""

    def __init__(
        self, names: tuple[str, ...], mark: Callable[[], None], log: FailureLog, number: int
    ) -> None:
        self.names, self.log, self.number = names, log, number
        self.inbox = ResultStage(mark)
        self.next: Next = lambda _key, _before, _after: None

    def open(self) -> None:
        """Do nothing: rows come from the stage before."""

    def held(self) -> int:
        """Return 0: rows only pass."""
        return 0

    @property
    def taken(self) -> int:
        """Return how many changes of rows came so far."""
        return self.inbox.taken

    def flush(self) -> None:
        """Hand on what came."""
        for key, before, after in self.inbox.take():
            self.next(key, before, after)


class FirstRow(RowStage):
    """The one row without columns that a query without a leading MATCH starts from."""

    def open(self) -> None:
        """Let the row enter."""
        self.inbox.add((), ())


class Branch:
    """Where the rows of one part of UNION go in."""

    def __init__(self, number: int, inbox: ResultStage) -> None:
        self.number, self.inbox = number, inbox

    def add(self, key: Any, row: Row) -> None:
        """A row enters."""
        self.inbox.add((self.number, *key), row)

    def remove(self, key: Any, row: Row) -> None:
        """A row leaves."""
        self.inbox.remove((self.number, *key), row)

    def update(self, key: Any, before: Row, after: Row) -> None:
        """A row becomes another one under the same key."""
        self.inbox.update((self.number, *key), before, after)


class UnwindStage(RowStage):
    """A row per item of a list; the key grows by the item's position. No state."""

    def __init__(
        self,
        operator: Unwind,
        names: tuple[str, ...],
        mark: Callable[[], None],
        log: FailureLog,
        number: int,
    ) -> None:
        super().__init__((*names, operator.name), mark, log, number)
        self.operator, self.incoming = operator, names

    def flush(self) -> None:
        """Hand on, per position, the item before and after."""
        for key, before, after in self.inbox.take():
            old, new = self._rows(key, before, -1), self._rows(key, after, 1)
            for place in range(max(len(old), len(new))):
                a = old[place] if place < len(old) else None
                b = new[place] if place < len(new) else None
                if a is None or b is None or not unchanged(a, b):
                    self.next((*key, place), a, b)

    def _rows(self, key: Any, row: Row | None, weight: int) -> list[Row]:
        if row is None:
            return []
        env = dict(zip(self.incoming, row, strict=True))
        try:
            items = unwound(evaluate(self.operator.source, env))[: self.operator.most]
            return [(*row, item) for item in items]
        except EvaluationError as error:
            self.log.record(self.number, weight, key, error)
            return []


class SortStage(RowStage):
    """Rows in order; those between SKIP and LIMIT are handed on.

    With a LIMIT only the best rows are kept in order, the others wait unordered: a change of
    one that waits costs nothing, and they are looked through again only when too many of the
    best have left. Rows that came as columns wait as columns where the order is one of columns.

    Attributes:
        ranks: The sort key of every row held, by row key: the order of a result is read off it.
    """

    def __init__(
        self,
        operator: Sort,
        names: tuple[str, ...],
        mark: Callable[[], None],
        log: FailureLog,
        number: int,
    ) -> None:
        super().__init__(names, mark, log, number)
        self.operator = operator
        self.ranks: dict[Any, tuple[Any, ...]] = {}
        self._rows: dict[Any, Row] = {}
        self._stop = None if operator.limit is None else operator.skip + operator.limit
        self._room = None if self._stop is None else max(256, 4 * self._stop)
        self._best: Any = SortedList()  # (rank, order key of the row key, row key)
        self._places: dict[Any, Place] = {}  # row key -> its entry among the best
        self._waiting: set[Any] = set()  # keys of rows behind all of the best
        self._crowd: Crowd | None = None  # rows behind all of the best, as columns
        self._window: dict[Any, tuple[Any, Row]] = {}  # row key -> key and row handed on
        self._last: Place | None = None  # of a full window; what comes behind it is not seen

    def flush(self) -> None:
        """Take the tick's rows in; hand on how the window changed.

        Cost: the window's length, or without SKIP and LIMIT the rows that changed.
        """
        is_whole = not self.operator.skip and self._stop is None
        entered = list[Place]()
        is_moved = self._last is None
        changes = self.inbox.take()
        is_first = isinstance(changes, Entered) and not self._rows
        if isinstance(changes, Entered) and is_first:
            changes = self._crowded(changes)
        for key, before, after in changes:
            old = self._drop(key, before)
            new = None if after is None else self._put(key, after)
            if is_whole:
                self._hand_on(key, old, new)
                continue
            if old is not None:
                is_moved |= self._leave(key)
            if new is not None:
                place = (new[0], order_key(key), _Tie(key))
                is_moved |= self._last is None or not self._last < place
                entered.append(place)
        if is_whole:
            return
        self._enter(entered, is_first=is_first)
        if is_moved:
            self._move_window()

    def _crowded(self, rows: Entered) -> Changes:
        """Let rows wait as columns but for the best; return those, all where it cannot be."""
        first = next(iter(self.operator.keys), None)
        if self._room is None or first is None or self._crowd:
            return rows
        if not all(isinstance(e, ast.Variable) for e, _ in self.operator.keys):
            return rows  # it may fail on one of them
        e, descending = first
        assert isinstance(e, ast.Variable)
        crowd = self._crowd = crowd_of(rows, self.names.index(e.name), descending)
        if crowd is None:
            return rows
        return [(key, None, row) for key, row in crowd.best(self._room)]

    @property
    def is_unindexed(self) -> bool:
        """Return whether ``indexing()`` has much to do."""
        return self._crowd is not None and self._crowd.rows.keys.is_unindexed

    def indexing(self) -> Iterator[None]:
        """Make in steps what finds a row that waits as columns."""
        if self._crowd is not None:
            yield from self._crowd.indexing()

    def held(self) -> int:
        """Return the number of rows that may come into the window."""
        return len(self._rows) + (len(self._crowd) if self._crowd else 0)

    def _leave(self, key: Any) -> bool:
        """Take a row out; return whether the window may be another one without it."""
        place = self._places.pop(key, None)
        if place is None:
            self._waiting.discard(key)
            return False
        self._best.remove(place)
        return self._last is None or not self._last < place

    def _enter(self, entered: list[Place], *, is_first: bool) -> None:
        """Put rows among the best or let them wait; look for others where the best are too few."""
        if (self._waiting or self._crowd) and not is_first:
            last = self._best[-1] if self._best else None
            for place in entered:
                if last is None or last < place:
                    self._waiting.add(place[2][0])
            entered = [place for place in entered if place[2][0] not in self._waiting]
            if len(self._best) + len(entered) < (self._stop or 0):
                entered += [
                    (self.ranks[key], order_key(key), _Tie(key)) for key in self._waiting
                ]
                self._waiting.clear()
                for key, row in self._crowd.best(self._room or 0) if self._crowd else ():
                    found = self._put(key, row)
                    assert found is not None
                    entered.append((found[0], order_key(key), _Tie(key)))
        if self._room is not None and len(entered) > self._room:
            best = nsmallest(self._room, [*self._best, *entered])
            kept = {place[2][0] for place in best}
            gone = [place[2][0] for place in (*self._best, *entered)]
            self._waiting.update(key for key in gone if key not in kept)
            self._best, self._places = SortedList(best), {}
            entered = best
        else:
            self._best.update(entered)
        for place in entered:
            # kept as it is: an equal key may come again as 1.0 instead of 1
            self._places[place[2][0]] = place
        while self._room is not None and len(self._best) > 2 * self._room:
            key = self._best.pop()[2][0]
            del self._places[key]
            self._waiting.add(key)

    def _move_window(self) -> None:
        window: dict[Any, tuple[Any, Row]] = {}
        places: list[Place] = list(islice(self._best, self.operator.skip, self._stop))
        for rank, _, tie in places:
            out = self._out(tie[0], (rank, self._rows[tie[0]]))
            assert out is not None
            window[tie[0]] = out
        self._last = places[-1] if places and len(places) == self.operator.limit else None
        before_window, self._window = self._window, window
        for key, (out, row) in before_window.items():
            now = window.get(key)
            if now is None or now[0] != out:
                self.next(out, row, None)
        for key, (out, row) in window.items():
            was = before_window.get(key)
            if was is None or was[0] != out:
                self.next(out, None, row)
            elif was[1] is not row and not unchanged(was[1], row):
                self.next(out, was[1], row)

    def _hand_on(self, key: Any, old: Entry | None, new: Entry | None) -> None:
        before, after = self._out(key, old), self._out(key, new)
        if before is not None and after is not None and before[0] == after[0]:
            self.next(before[0], before[1], after[1])
            return
        if before is not None:
            self.next(before[0], before[1], None)
        if after is not None:
            self.next(after[0], None, after[1])

    def _out(self, key: Any, entry: Entry | None) -> tuple[Any, Row] | None:
        if entry is None:
            return None
        rank, row = entry
        return ((rank, *key) if self.operator.is_kept else key), row

    def _drop(self, key: Any, before: Row | None) -> Entry | None:
        if before is None:
            return None
        rank = self.ranks.pop(key, None)
        if rank is None:
            row = self._crowd.leave(key) if self._crowd else None
            if row is not None:
                return (), row
            self.log.record(self.number, -1, key, None)
            return None
        return rank, self._rows.pop(key)

    def _put(self, key: Any, row: Row) -> Entry | None:
        if not self.operator.keys:
            self._rows[key] = row
            self.ranks[key] = ()
            return (), row
        try:
            rank = rank_of(self.operator, dict(zip(self.names, row, strict=True)))
        except EvaluationError as error:
            self.log.record(self.number, 1, key, error)
            return None
        self.ranks[key], self._rows[key] = rank, row
        return rank, row


class _Tie(tuple[Any]):
    """A row key that never decides an order: the order key beside it already did."""

    __slots__ = ()

    def __new__(cls, key: Any) -> Self:
        return tuple.__new__(cls, (key,))

    def __lt__(self, other: object) -> bool:
        return False
