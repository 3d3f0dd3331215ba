"""The queries over a graph: added, set aside, broken, and flushed at the end of a tick."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.core import Core, beginning
from drasi_nb.engine.history import History
from drasi_nb.engine.result import Changes
from drasi_nb.engine.routing import Router
from drasi_nb.engine.stages import CompiledQuery
from drasi_nb.engine.timers import Timers
from drasi_nb.engine.timing import Timing
from drasi_nb.engine.vector.columns import Reader, UnsupportedError
from drasi_nb.plan.nodes import Operator, Plan
from drasi_nb.plan.prepare import prepared
from drasi_nb.store.graph import Graph


class QuerySet:
    """All queries of one graph.

    Args:
        most_trails: How many trails a variable length may have from one node.
        history: Keeps versions of elements while a query asks for them.

    Attributes:
        touched: Those that the tick changed.
        broken: Those that cannot go on, with the reason.
        stale: Those set aside, to be made anew at the end of the tick.
        timed: Those that must see every change by itself.
        walks: How long handlers took, of one change in ``SAMPLED``.
        seq: The number of the last change.
    """

    def __init__(self, most_trails: int = 1_000_000, history: History | None = None) -> None:
        self.most_trails = most_trails
        self.graph = Graph()
        self.router = Router()
        self.timers = Timers()
        self.history = history or History(1_000, None)
        self.touched: list[CompiledQuery] = []
        self.broken: list[tuple[CompiledQuery, Exception]] = []
        self.stale: list[CompiledQuery] = []
        self.timed: list[CompiledQuery] = []
        self.cores: dict[Any, Core] = {}
        self.walks: dict[Any, Timing] = {}
        self.seq = 0

    def adding(
        self,
        plan: Plan,
        source_ids: tuple[str, ...],
        resume: Callable[[CompiledQuery], None] | None = None,
    ) -> Generator[float, None, CompiledQuery]:
        """Compile a query and evaluate it over the graph, in steps of a few ms; return it.

        Its first flush has the whole result. The graph must not change between the steps, each
        of which yields how much is done, from 0 to 1.

        Args:
            plan: What to keep right.
            source_ids: What it sees.
            resume: Gives its stages, before the first row, what they kept before a restart.
        """
        sources = frozenset(self.graph.source(source_id) for source_id in source_ids)
        view = View(self.graph, sources, self.most_trails, self.timers, self.history)
        operators = prepared(plan)
        core = yield from self._core(beginning(operators), view)
        query = self._compiled(plan, operators, view, core, resume)
        try:
            try:
                yield from query.bootstrap(Reader(self.graph))
            except UnsupportedError:
                self.remove_query(query)
                query = self._compiled(plan, operators, view, core, resume)
                yield from query.bootstrap()
            if core is not None:
                core.join(query)
        except BaseException:
            self.remove_query(query)  # what it set and touched goes too
            if core is not None and not core.followers:
                self.remove_query(core)
            raise
        self._set_queries([*self.router.queries, query])
        return query

    def _core(
        self, operators: tuple[Operator, ...] | None, view: View
    ) -> Generator[float, None, Core | None]:
        """Return the beginning that a query shares, evaluated in steps where it is new."""
        if operators is None:
            return None
        name = (operators, view.sources)
        core = self.cores.get(name)
        if core is None:
            core = Core(operators, view, self.touched.append)
            try:
                yield from core.bootstrap(Reader(self.graph))
            except UnsupportedError:
                if core in self.touched:
                    self.touched.remove(core)
                core = Core(operators, view, self.touched.append)
                yield from core.bootstrap()
            self.cores[name] = core
            self._set_queries([*self.router.queries, core])
        if core in self.touched:
            self.touched.remove(core)
            core.log.seq = self.seq
            core.flush()
        return core

    def _compiled(
        self,
        plan: Plan,
        operators: tuple[Operator, ...],
        view: View,
        core: Core | None,
        resume: Callable[[CompiledQuery], None] | None,
    ) -> CompiledQuery:
        query = CompiledQuery(plan, operators, view, self.touched.append, core)
        query.log.seq = self.seq
        if query.asks_versions:
            self.history.begin(self.graph)
        if resume is not None:
            resume(query)
        return query

    def _set_queries(self, queries: list[CompiledQuery]) -> None:
        self.router.set_queries(queries)
        self.timed = [query for query in queries if query.timed]
        if not any(query.asks_versions for query in queries):
            self.history.end()

    def suspend(self, query: CompiledQuery) -> None:
        """Set a query, or all behind a core, aside: it hears nothing until it is made anew."""
        if isinstance(query, Core):
            for follower in list(query.followers):
                self.suspend(follower)
            return
        self.remove_query(query)
        self.stale.append(query)

    def remove_query(self, query: CompiledQuery) -> None:
        """Forget a query."""
        if query in self.stale:
            self.stale.remove(query)
        self._set_queries([other for other in self.router.queries if other is not query])
        if query.timed:
            self.timers.forget(query.stages)
        if query in self.touched:
            self.touched.remove(query)
        if isinstance(query, Core):
            self.cores = {name: core for name, core in self.cores.items() if core is not query}
        core = query.core
        if core is not None and query in core.followers:
            core.leave(query)
            if not core.followers:
                self.remove_query(core)
        alive = self.router.calls()
        self.walks = {call: timing for call, timing in self.walks.items() if call in alive}

    def end_tick(self) -> list[tuple[CompiledQuery, Changes]]:
        """Flush the touched queries, those behind others later; return what changed in each."""
        touched = self.touched
        if len(touched) == 1 and type(touched[0]) is Core:  # as after most changes
            self._flush_core(touched.pop())
        if len(touched) == 1 and type(touched[0]) is not Core:
            return self._flush((touched.pop(),))
        return self._flush(self._next())

    def _flush(self, queries: Iterable[CompiledQuery]) -> list[tuple[CompiledQuery, Changes]]:
        out: list[tuple[CompiledQuery, Changes]] = []
        for query in queries:
            try:
                query.log.seq = self.seq
                out.append((query, query.flush()))
            except Exception as error:  # noqa: BLE001 - that query alone stops
                self._break(query, error)
        return out

    def _next(self) -> list[CompiledQuery]:
        """Flush the touched cores, and take out the queries that no other one stands before."""
        for core in [query for query in self.touched if isinstance(query, Core)]:
            self.touched.remove(core)
            self._flush_core(core)
        if len(self.touched) < 2:
            found = self.touched.copy()
            self.touched.clear()
            return found
        first = min(query.depth for query in self.touched)
        found = [query for query in self.touched if query.depth == first]
        self.touched[:] = [query for query in self.touched if query.depth != first]
        return found

    def _flush_core(self, core: CompiledQuery) -> None:
        core.log.seq = self.seq
        try:
            core.flush()
        except Exception as error:  # noqa: BLE001 - the queries behind it stop
            self._break(core, error)

    def broke(self, call: Any, error: Exception) -> None:
        """Take note that a handler raised: its query stops."""
        if isinstance(call, partial):
            call = call.args[0]
        together, at = self.router.together.members(call)
        culprit = together[at].enum if together else call
        others = [handler for place, handler in enumerate(together) if place != at]
        for query in self.router.queries:
            every = [handler for part in query.handlers for handler in part]
            if any(culprit is handler.enum or culprit is handler.upd for handler in every):
                self._break(query, error)
            elif any(handler in every for handler in others):
                self.suspend(query)  # it may have missed the change

    def _break(self, query: CompiledQuery, error: Exception) -> None:
        """Note that a query, or all behind a core, cannot go on."""
        queries = query.followers if isinstance(query, Core) else [query]
        self.broken.extend((follower, error) for follower in queries)
