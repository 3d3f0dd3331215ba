"""What a chain makes of each row, kept right: OPTIONAL MATCH, MATCH after WITH, subqueries.

Every row and its answer are kept. At the end of a tick the rows that came, changed, or that a
change of the graph may touch (``watch``) are evaluated again; what differs is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drasi_nb.engine.codegen.expand import Expand, expand_of
from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.failures import FailureLog
from drasi_nb.engine.handlers import Handler
from drasi_nb.engine.interpreter import Interpreter
from drasi_nb.engine.result import ResultStage, Row
from drasi_nb.engine.search import StoreMatcher
from drasi_nb.engine.through import ThroughTrails, is_through
from drasi_nb.engine.watch import watch
from drasi_nb.errors import EvaluationError
from drasi_nb.plan.evaluation import Env
from drasi_nb.plan.liveness import read_of_matches
from drasi_nb.plan.nodes import Apply, Project
from drasi_nb.values.graph import Node
from drasi_nb.values.ordering import order_key, unchanged

Answer = dict[Any, Row]  # what the key grows by -> the row with the added columns


class ApplyStage:
    """One Apply over the rows of the stage before.

    Args:
        operator: What to apply.
        names: Columns of the incoming rows.
        view: What the query sees.
        mark: Tells the query that this tick touches it.
        log: Where a failing row is noted.
        number: The stage's number in its query.
    """

    def __init__(
        self,
        operator: Apply,
        names: tuple[str, ...],
        view: View,
        mark: Callable[[], None],
        log: FailureLog,
        number: int,
    ) -> None:
        self.operator, self.view, self.log, self.number = operator, view, log, number
        self.incoming, self.names = names, (*names, *operator.adds)
        self.inbox = ResultStage(mark)
        self.next: Callable[[Any, Any, Any], None] = lambda _key, _before, _after: None
        self._mark = mark
        self._rows: dict[Any, tuple[Row, Answer, list[Any]]] = {}
        self._by_handle: dict[Any, set[Any]] = {}  # (source number, id) of a bound node -> keys
        self._dirty: set[Any] = set()
        # rows changed by trails: key -> what parts of the answer were before the tick
        self._were: dict[Any, dict[Any, Row | None]] = {}
        self._is_all_dirty = False
        matcher = StoreMatcher(view, read_of_matches((operator,), frozenset(self.names)))
        self._interpreter = Interpreter(matcher)
        generated = expand_of(operator, names, view, matcher.handle_of)
        self._expand: Expand | None = None
        self.source = ""
        if generated is not None:
            self._expand, self.source = generated
        hands_on = operator.adds
        if operator.kind == "collect":  # of the one column of its last projection
            projects = [inner for inner in operator.inner if isinstance(inner, Project)]
            hands_on = tuple(name for name, _ in projects[-1].items)
        self.handlers: list[Handler] = watch(
            operator.inner, names, hands_on, matcher.trails, self._reached
        )
        if is_through(operator):
            through = ThroughTrails(
                operator, matcher, self._rows_at, self._change, self._dirty.add
            )
            self.handlers = [
                replace(handler, enum=through.enum) if handler.kind == "relation" else handler
                for handler in self.handlers
            ]

    def open(self) -> None:
        """Do nothing: rows come from the stage before."""

    @property
    def taken(self) -> int:
        """Return how many changes of rows came so far."""
        return self.inbox.taken

    def held(self) -> int:
        """Return the number of rows with their answers."""
        return len(self._rows)

    # -- what the graph changes ---------------------------------------------------------

    def _reached(self, handles: set[int] | None) -> None:
        if handles is None:
            if not self._is_all_dirty and self._rows:
                self._is_all_dirty = True
                self._mark()
            return
        nodes = self.view.graph.nodes
        for handle in handles:
            source = nodes.page_group[handle >> 10].source
            keys = self._by_handle.get((source, nodes.id_of(handle)))
            if keys:
                self._dirty |= keys
                self._mark()

    def _rows_at(self, handle: int) -> list[tuple[Any, Env]]:
        nodes = self.view.graph.nodes
        source = nodes.page_group[handle >> 10].source
        keys = self._by_handle.get((source, nodes.id_of(handle)), ())
        return [
            (key, dict(zip(self.incoming, self._rows[key][0], strict=True))) for key in keys
        ]

    def _change(self, key: Any, more: Any, added: list[Any] | None) -> None:
        """Let a row's answer gain or lose one row; a row that fails is asked anew."""
        row, answer, failed = self._rows[key]
        if failed:
            self._dirty.add(key)
        self._were.setdefault(key, {}).setdefault(more, answer.get(more))
        self._mark()
        if added is None:
            answer.pop(more, None)
        else:
            answer[more] = (*row, *added)

    # -- what the stage before changes --------------------------------------------------

    def flush(self) -> None:
        """Evaluate the touched rows anew and hand on what differs."""
        incoming = {key: row for key, _, row in self.inbox.take()}
        touched = list(self._rows) if self._is_all_dirty else self._dirty
        touched = list(touched)
        self._dirty.clear()
        self._is_all_dirty = False
        for key in touched:
            if key not in incoming and key in self._rows:
                incoming[key] = self._rows[key][0]
        for key, row in incoming.items():
            before = self._forget(key)
            after = {} if row is None else self._remember(key, row)
            for more in before.keys() | after.keys():
                old, new = before.get(more), after.get(more)
                if old is None or new is None or not unchanged(old, new):
                    self.next((*key, *more), old, new)
        were, self._were = self._were, {}
        for key, parts in were.items():
            answer = self._rows[key][1]
            for more, old in parts.items():
                new = answer.get(more)
                if (old is not None or new is not None) and (
                    old is None or new is None or not unchanged(old, new)
                ):
                    self.next((*key, *more), old, new)

    def _forget(self, key: Any) -> Answer:
        known = self._rows.pop(key, None)
        if known is None:
            return {}
        row, answer, failed = known
        for more, old in self._were.pop(key, {}).items():
            if old is None:
                answer.pop(more, None)
            else:
                answer[more] = old
        for more in failed:
            self.log.record(self.number, -1, (*key, *more), None)
        for place in self._bound_nodes(row):
            keys = self._by_handle[place]
            keys.discard(key)
            if not keys:
                del self._by_handle[place]
        return answer

    def _remember(self, key: Any, row: Row) -> Answer:
        for place in self._bound_nodes(row):
            self._by_handle.setdefault(place, set()).add(key)
        dropped: list[tuple[Any, EvaluationError]] = []
        try:
            answer = {more: (*row, *added) for more, added in self._evaluate(row, dropped)}
        except EvaluationError as error:
            answer = {}
            dropped.append(((), error))
        for more, reason in dropped:
            self.log.record(self.number, 1, (*key, *more), reason)
        self._rows[key] = (row, answer, [more for more, _ in dropped])
        return answer

    def _evaluate(self, row: Row, dropped: list[tuple[Any, EvaluationError]]) -> list[Any]:
        """Return, for a row, (what its key grows by, the added columns) of every row out."""
        adds, kind = self.operator.adds, self.operator.kind
        if self._expand is None:
            interpreter = self._interpreter
            interpreter.dropped = dropped
            env = dict(zip(self.incoming, row, strict=True))
            found = interpreter.applied(self.operator, env)
            return [(more, [added[name] for name in adds]) for more, added in found]
        out: list[Any] = []
        self._expand(row, out, dropped)
        if kind == "exists":
            return [((), (bool(out),))]
        if kind == "count":
            return [((), (len(out),))]
        if kind == "collect":
            out.sort(key=lambda entry: order_key(entry[0]))
            return [((), ([value for _, (value,) in out],))]
        if kind == "optional" and not out:
            return [((None,), (None,) * len(adds))]
        return out

    def _bound_nodes(self, row: Row) -> set[Any]:
        numbers = self.view.graph.source_numbers
        return {
            (numbers.get(value.source or ""), value.id) for value in row if type(value) is Node
        }
