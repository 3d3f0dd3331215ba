"""The handle of a continuous query: its result, its deltas, its life."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from drasi_nb.engine.failures import Failure
from drasi_nb.engine.result import Row, RowChange
from drasi_nb.errors import ComponentError
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.past import Past
from drasi_nb.frames.result import ResultTable
from drasi_nb.frames.schema import frame_of
from drasi_nb.plan.explain import explain

if TYPE_CHECKING:
    import pyarrow as pa

    from drasi_nb.engine.stages import CompiledQuery
    from drasi_nb.plan.nodes import Plan
    from drasi_nb.runtime.components import Component
    from drasi_nb.runtime.derived import Derived, Subscription
    from drasi_nb.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True)
class QueryMetrics:
    """Counters of one query.

    Attributes:
        rows: Rows held now.
        delta_rows: Rows in all deltas so far.
        failures: Rows kept out by a run-time error, now.
        last_seq: The last change that moved the result.
        last_time_ms: When that was, in ms since the epoch; None before the first.
    """

    rows: int
    delta_rows: int
    failures: int
    last_seq: int
    last_time_ms: int | None


@dataclass(frozen=True, slots=True)
class QueryDefinition:
    """What a query was registered with, as it was given; see ``Runtime.add_query()``."""

    text: str
    sources: tuple[Any, ...]
    language: str = "cypher"
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    joins: tuple[Any, ...] = ()
    middleware: tuple[Any, ...] = ()
    auto_start: bool = True


@dataclass(frozen=True, slots=True)
class Registered:
    """A definition that was checked: what it subscribes to, and its plan."""

    definition: QueryDefinition
    subscriptions: tuple[Subscription, ...]
    plan: Plan

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the ids of the sources it subscribes to."""
        return tuple(subscription.source for subscription in self.subscriptions)


class Query:
    """A registered query. Made by ``Runtime.add_query()``; the result is that of the last tick."""

    def __init__(self, runtime: Runtime, id_: str) -> None:
        self.runtime, self.id = runtime, id_
        self.registered: Registered | None = None
        self.derived: list[Derived] = []  # its sources behind middleware, while it runs
        self.latencies_s: deque[float] = deque(maxlen=1_000)  # from push to delta, sampled
        self.compiled: CompiledQuery | None = None
        self.component: Component | None = None
        self.table = ResultTable(())
        self.past = Past(runtime.config.kept_rows)
        self.is_rebuilt = False  # the next flush has the whole result
        self.last_seq = 0
        self.last_time_ms: int | None = None
        self.missing: str | None = None  # what a restart could not bring back of it
        self.made_at = 0  # how many functions had been registered when it was compiled
        self._callbacks: list[Callable[[Delta], object]] = []
        self._order: dict[Any, Any] | None = None

    # -- reading ------------------------------------------------------------------------

    @property
    def definition(self) -> QueryDefinition:
        """Return what it was registered with."""
        return self.registered.definition if self.registered else QueryDefinition("", ())

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the ids of the sources it subscribes to."""
        return self.registered.sources if self.registered else ()

    @property
    def plan(self) -> Plan | None:
        """Return the plan, which the interpreter can evaluate too."""
        return self.registered.plan if self.registered else None

    @property
    def text(self) -> str:
        """Return the text of the query."""
        return self.definition.text

    @property
    def language(self) -> str:
        """Return "cypher" or "gql"."""
        return self.definition.language

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return self.table.columns

    @property
    def status(self) -> str:
        """Return Added, Starting, Running, Stopping, Stopped, Reconfiguring, Error or Removed."""
        return self.component_now.status

    @property
    def error(self) -> str | None:
        """Return why the query is in Error, or the latest failure of a callback."""
        return self.component_now.error

    @property
    def component_now(self) -> Component:
        """Return the live record.

        Raises:
            ComponentError: It was not made by ``Runtime.add_query()``.
        """
        if self.component is None:
            raise ComponentError(f"query {self.id!r} belongs to no runtime")
        return self.component

    def __len__(self) -> int:
        return len(self.table)

    def frame(self) -> pl.DataFrame:
        """Return the result as of the last tick. Cost: what changed since the last read."""
        return self.table.frame(self._ranks())

    @property
    def is_ordered(self) -> bool:
        """Return whether the query says in which order its rows are."""
        return self._ranks() is not None

    def _ranks(self) -> dict[Any, Any] | None:
        """Return where each row stands, if the query says in which order."""
        if self.compiled is not None:
            self._order = self.compiled.ranks
        return self._order

    def arrow(self) -> pa.Table:
        """Return the result as an Arrow table, sharing the buffers of ``frame()``."""
        return self.frame().to_arrow()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the result as an Arrow C stream, so that any Arrow reader takes the handle."""
        return self.frame().__arrow_c_stream__(requested_schema)

    def rows(self) -> list[dict[str, Any]]:
        """Return the result as dicts, with Node, Relation and Path objects."""
        return [dict(zip(self.columns, row, strict=True)) for _, row in self.keyed_rows()]

    def keyed_rows(self) -> list[tuple[Any, Row]]:
        """Return (row key, row) of every row, in the order of ``frame()``."""
        return self.table.entries(self._ranks())

    def first_rows(self, most: int) -> list[tuple[Any, Row]]:
        """Return the first so many of ``keyed_rows()``. Cost: theirs; all rows with ORDER BY."""
        return self.table.first(most) if not self.is_ordered else self.keyed_rows()[:most]

    def history(self) -> pl.DataFrame:
        """Return the changes of the result, oldest first, as ``Delta.frame()`` with ``_time``.

        The latest ``RuntimeConfig.kept_rows`` are kept.
        """
        return self.past.frame(self.id, self.columns)

    def at(self, moment: int | datetime) -> pl.DataFrame:
        """Return the result as it was, in any order. Cost: the whole result.

        Args:
            moment: The number of a change (``Delta.seq``), or a time (naive means UTC).

        Raises:
            ComponentError: That is longer ago than ``RuntimeConfig.kept_rows`` reaches.
        """
        rows, seq, time_ms = dict(self.keyed_rows()), None, None
        if isinstance(moment, datetime):
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            time_ms = round(aware.timestamp() * 1_000)
        else:
            seq = moment
        self.past.undone(rows, seq, time_ms, self.id)
        return frame_of(self.columns, list(rows.values()))

    def failures(self) -> list[Failure]:
        """Return the rows that a run-time error keeps out now, the latest 1,000 of them."""
        return self.compiled.failures() if self.compiled is not None else []

    def metrics(self) -> QueryMetrics:
        """Return the counters."""
        return QueryMetrics(
            len(self.table),
            self.component_now.changes,
            self.compiled.failing() if self.compiled is not None else 0,
            self.last_seq,
            self.last_time_ms,
        )

    def explain(self, *, code: bool = False) -> str:
        """Return the plan as a tree with what each operator did; or the generated Python.

        Per operator: rows or groups it holds, changes that reached it and that it handed on,
        those of one tick counted once, and its mean time in a tick, sampled. In a notebook the
        tree shows as a table.

        Args:
            code: Return the Python source instead.
        """
        compiled = self.compiled
        if code:
            return "\n".join(compiled.sources) if compiled is not None else ""
        if self.plan is None:
            return ""
        if compiled is None:
            return explain(self.plan.operators, self.text, lambda _operator: None)
        walks = self.runtime.engine.walks
        return explain(compiled.operators, self.text, lambda op: compiled.numbers(op, walks))

    # -- following ----------------------------------------------------------------------

    def on_delta(self, callback: Callable[[Delta], object]) -> Callable[[], None]:
        """Call back at the end of every tick that changes the result; return the way to stop it.

        A callback that raises is counted and shown; the query goes on.
        """
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    async def deltas(self) -> AsyncIterator[Delta]:
        """Yield every delta from now on; ends when the query is removed or the runtime closed.

        The subscription starts at the first ``anext``; nothing is dropped while the
        consumer is slow.
        """
        queue: asyncio.Queue[Delta | None] = asyncio.Queue()
        unsubscribe = self.on_delta(queue.put_nowait)
        self.runtime.streams.setdefault(self.id, []).append(queue)
        try:
            while (delta := await queue.get()) is not None:
                yield delta
        finally:
            unsubscribe()
            open_ones = self.runtime.streams.get(self.id, [])
            if queue in open_ones:
                open_ones.remove(queue)

    def give_away(self) -> CompiledQuery | None:
        """Return what runs it, and keep the order of its rows."""
        compiled, self.compiled, self.is_rebuilt = self.compiled, None, False
        if compiled is not None:
            self._order = compiled.ranks
        return compiled

    def take(self, changes: list[RowChange], seq: int, time_ms: int) -> Delta | None:
        """Move the result on by one tick; return the delta if anybody listens."""
        if not changes:
            return None
        self.table.apply(changes)
        if self.past.most:
            self.past.add(seq, time_ms, changes)
        internal = self.runtime.internal
        if self.id in internal.results:
            internal.feed(self, changes)
        self.last_seq, self.last_time_ms = seq, time_ms
        self.component_now.changes += len(changes)
        if not self._callbacks:
            return None
        return Delta(self.id, seq, time_ms, self.table.columns, changes)

    def deliver(self, delta: Delta) -> None:
        """Hand a delta to the callbacks."""
        for callback in self._callbacks if len(self._callbacks) == 1 else list(self._callbacks):
            try:
                callback(delta)
            except Exception as error:  # noqa: BLE001 - shown and counted, the query goes on
                message = f"a callback raised {type(error).__name__}: {error}"
                self.runtime.registry.note(self.component_now, message)
            except SystemExit as error:  # would end the kernel
                message = f"a callback raised SystemExit: {error}"
                self.runtime.registry.note(self.component_now, message)

    # -- showing ------------------------------------------------------------------------

    def view(self) -> Any:
        """Return a live table of the result."""
        from drasi_nb.views.query_view import QueryView

        return QueryView(self)

    def chart(self, chart: Any) -> Any:
        """Return an Altair chart (given without data) that follows the result."""
        from drasi_nb.views.chart import LiveChart

        return LiveChart(self, chart)

    def __repr__(self) -> str:
        from drasi_nb.views.static_form import query_text

        return query_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        from drasi_nb.views.display import query_mimebundle

        return query_mimebundle(self, include, exclude)
