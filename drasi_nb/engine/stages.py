"""A query made ready to run: generated walks and stages, the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from drasi_nb.engine.apply import ApplyStage
from drasi_nb.engine.codegen.leaf import Leaf
from drasi_nb.engine.codegen.many import Many
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.pipe import write_pipe
from drasi_nb.engine.codegen.shared import Part
from drasi_nb.engine.codegen.sinks import GroupSink, ResultSink
from drasi_nb.engine.codegen.slots import Anchor, Kind, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.failures import Failure, FailureLog
from drasi_nb.engine.groups import GroupStage
from drasi_nb.engine.handlers import Handler
from drasi_nb.engine.result import Changes, Inbox, ResultStage
from drasi_nb.engine.rows import Branch, FirstRow, RowStage, SortStage, UnwindStage
from drasi_nb.engine.sessions import SessionStage
from drasi_nb.engine.stage import First, Stage, Tail
from drasi_nb.engine.timed import TimedStage
from drasi_nb.engine.timing import SAMPLED, Timing
from drasi_nb.engine.vector.columns import Reader
from drasi_nb.engine.vector.stage import Changing, columnwise, enter_columnwise
from drasi_nb.plan.explain import Numbers
from drasi_nb.plan.expressions import is_safe
from drasi_nb.plan.liveness import needed, reads_stamps
from drasi_nb.plan.nodes import (
    Aggregate,
    Apply,
    Filter,
    Match,
    Operator,
    Plan,
    Project,
    Session,
    Sort,
    Timed,
    Union,
    Unwind,
)
from drasi_nb.store.indexes import scan_pages
from drasi_nb.store.paging import PAGE
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.engine.core import Core

_STEP = 255  # handles in one step of a bootstrap, less one


class CompiledQuery:
    """One query over the shared graph.

    Args:
        plan: What to keep right.
        operators: The same, from ``prepared()``.
        view: What it sees.
        mark: Called when a tick first touches the query.
        core: What it begins with, where it shares that with others.

    Attributes:
        handlers: What to call when an element changes, by part of the query: a change may be
            taken in one walk where a part has one slot for the element.
        ranks: The sort key of every row by row key, where the query ends with ORDER BY.
        timed: How many stages, from the first on, must see every change by itself.
        depth: Behind how many other queries, whose results it reads, it stands.
        asks_versions: Whether it asks what elements were.
        entry: Makes the code that takes the rows of its core, in another module.
    """

    def __init__(
        self,
        plan: Plan,
        operators: tuple[Operator, ...],
        view: View,
        mark: Callable[[CompiledQuery], None],
        core: Core | None = None,
    ) -> None:
        self.plan, self.view, self.core = plan, view, core
        self.entry: Callable[[Writer], Leaf] | None = None
        self.log = FailureLog()
        self.is_touched = False
        self._mark_with = mark
        self.stages: list[Stage] = []
        self.handlers: list[list[Handler]] = []
        self.sources: list[str] = []
        self.ranks: dict[Any, tuple[Any, ...]] | None = None
        self.timed = 0
        self.depth = 0
        self.asks_versions = False
        self.result = ResultStage(self._mark, identical)
        self._firsts: list[First] = []
        self._numbers = 0
        self.operators = operators
        self._reads_stamps = reads_stamps(self.operators)
        self.stage_of: dict[int, Stage] = {}  # by the id of its operator
        self._handed: dict[Stage, list[int]] = {}  # one count each, which the pipes increase
        self._timings: dict[Stage, Timing] = {}
        self._walked: dict[int, tuple[list[Handler], Stage | None]] = {}  # by id of the Match
        self._runs = -1
        if core is None:
            self._chain(operators, self.result, plan.columns)
        else:
            self._follow(core)
        last = next(
            (op for op in reversed(plan.operators) if not isinstance(op, Project)), None
        )
        if isinstance(last, Sort) and last.keys:
            sort = self.stages[-1]
            assert isinstance(sort, SortStage)
            self.ranks = sort.ranks

    def _mark(self) -> None:
        if not self.is_touched:
            self.is_touched = True
            self._mark_with(self)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    # -- chains -------------------------------------------------------------------------

    def _chain(
        self, operators: tuple[Operator, ...], final: Inbox, columns: tuple[str, ...]
    ) -> None:
        """Compile a chain whose rows, reduced to ``columns``, end in ``final``."""
        first, rest = operators[0], operators[1:]
        if isinstance(first, Match) and all(slot.length is None for slot in first.relations):
            self._match(first, rest, final, columns)
            return
        if isinstance(first, Union):
            names = tuple(sorted(needed(rest, frozenset(columns))))
            union = RowStage(names, self._mark, self.log, self._number())
            for place, branch in enumerate(first.branches):
                self._chain(branch, Branch(place, union.inbox), names)
            self.stages.append(union)
            self._pipe(union, rest, final, columns)
            return
        start = FirstRow((), self._mark, self.log, self._number())
        self.stages.append(start)
        if isinstance(first, Match):
            operators = (Apply((first,), "join", first.names), *rest)
        self._pipe(start, operators, final, columns)

    def _follow(self, core: Core) -> None:
        """Compile what follows the groups of a core."""
        length = len(core.operators)
        own, rest = self.operators[:length], self.operators[length:]
        self._walked[id(own[0])] = (core.handlers[0], core.group)
        self.stage_of[id(own[-1])] = core.group
        self._handed[core.group] = core.handed
        self.sources.extend(core.sources)
        tail, head, later = _split(rest)
        columns, names = self.plan.columns, core.group.names
        sink, following = self._sink(Writer(), head, later, self.result, columns, names, tail)
        self.entry = partial(self._leaf, tail, sink, -self._number())
        if following is not None:
            self._pipe(following, later, self.result, columns)

    def _pipe(
        self,
        stage: Stage,
        operators: tuple[Operator, ...],
        final: Inbox,
        columns: tuple[str, ...],
    ) -> None:
        """Compile what follows a stage."""
        tail, head, later = _split(operators)
        writer = Writer()
        sink, following = self._sink(writer, head, later, final, columns, stage.names, tail)
        leaf = Leaf(writer, tail, sink, self._fail(writer, -self._number()))
        handed = self._handed[stage] = [0]
        write_pipe(writer, stage.names, [leaf], handed)
        stage.next = writer.load()["pipe"]
        self.sources.append(writer.source())
        if following is not None:
            self._pipe(following, later, final, columns)

    def _sink(
        self,
        writer: Writer,
        head: Operator | None,
        later: tuple[Operator, ...],
        final: Inbox,
        columns: tuple[str, ...],
        available: tuple[str, ...],
        tail: Tail,
    ) -> tuple[ResultSink | GroupSink, Stage | None]:
        """Return where the rows go, and the stage that is there."""
        if head is None:
            return ResultSink(writer, final, columns), None
        if isinstance(head, Aggregate):
            group = GroupStage(head, self._mark, self.log, self._number())
            self.stages.append(group)
            self.stage_of[id(head)] = group
            return GroupSink(writer, group, head), group
        projects = [op for op in tail if isinstance(op, Project)]
        if projects:
            available = tuple(name for name, _ in projects[-1].items)
        wanted = needed((head, *later), frozenset(columns))
        names = tuple(name for name in available if name in wanted)
        stage: ApplyStage | UnwindStage | SortStage | TimedStage | SessionStage
        number = self._number()
        match head:
            case Apply():
                stage = ApplyStage(head, names, self.view, self._mark, self.log, number)
                self.handlers.append(
                    [replace(h, reads_stamp=self._reads_stamps) for h in stage.handlers]
                )
                self.sources.append(stage.source)
            case Session():
                stage = SessionStage(head, names, self._mark, self.log, number)
            case Unwind():
                stage = UnwindStage(head, names, self._mark, self.log, number)
            case Sort():
                stage = SortStage(head, names, self._mark, self.log, number)
            case Timed():
                stage = TimedStage(
                    head, names, self.view.timers, self.view.history.of, self._mark, self.log,
                    number,
                )  # fmt: skip
            case _:
                raise AssertionError(f"{type(head).__name__} stands inside a chain")
        self.stages.append(stage)
        if isinstance(head, Timed):
            self.timed = len(self.stages)
            self.asks_versions |= any("version" in call.function for call in head.calls)
        self.stage_of[id(head)] = stage
        return ResultSink(writer, stage.inbox, names), stage

    def _fail(self, writer: Writer, stage: int) -> str:
        def fail(weight: int, key: Any, error: Any) -> None:
            self.log.record(stage, weight, key, error)
            self._mark()

        return writer.bind(fail, "fail")

    # -- the walked part ----------------------------------------------------------------

    def _match(
        self,
        match: Match,
        operators: tuple[Operator, ...],
        final: Inbox,
        columns: tuple[str, ...],
    ) -> None:
        writer, reads = Writer(), Reads()
        names = match.names
        late = tuple(e for e in match.filters if not is_safe(e, frozenset(names)))
        tail, head, later = _split(operators)
        tail = (Filter(late), *tail) if late else tail
        sink, following = self._sink(writer, head, later, final, columns, names, tail)
        number = -self._number()
        leaf = Leaf(writer, tail, sink, self._fail(writer, number))
        slots = [("node", i, s.name, s.labels) for i, s in enumerate(match.nodes)]
        slots += [("relation", i, s.name, s.types) for i, s in enumerate(match.relations)]
        for kind, i, _, _ in slots:
            for fused in (False, True):
                anchor = Anchor(cast(Kind, kind), i, fused)
                name = f"{'upd' if fused else 'enum'}_{kind}_{i}"
                Walk(writer, self.view, match, leaf, reads, anchor).write(name)
        namespace = writer.load()
        self.sources.append(writer.source())
        handlers, part = (
            list[Handler](),
            Part(match, self.view, partial(self._leaf, tail, sink, number)),
        )
        for kind, i, name, labels in slots:
            known = reads.by_slot.get(name, set[str]())
            handlers.append(
                Handler(
                    cast(Kind, kind),
                    labels,
                    None if known is None else frozenset(known),
                    namespace[f"enum_{kind}_{i}"],
                    namespace[f"upd_{kind}_{i}"],
                    self._reads_stamps and (known is None or name in reads.stamps),
                    i,
                    part,
                    Many(part, i, Changing(match, tail, sink, self.view, i))
                    if kind == "node"
                    else None,
                    partial(
                        enter_columnwise, match, tail, sink, self.view, cast(Kind, kind), i
                    ),
                )
            )
        self.handlers.append(handlers)
        self._walked[id(match)] = (handlers, following)
        self._firsts.append(First(match, tail, sink, namespace["enum_node_0"]))
        if following is not None:
            self._pipe(following, later, final, columns)

    def _leaf(
        self, tail: Tail, sink: ResultSink | GroupSink, number: int, writer: Writer
    ) -> Leaf:
        """Return the end of a walk in another module than its own."""
        return Leaf(writer, tail, sink.into(writer), self._fail(writer, number))

    # -- running ------------------------------------------------------------------------

    def bootstrap(self, reader: Reader | None = None) -> Iterator[float]:
        """Evaluate from the store, in steps of a few ms; it must not change between them.

        Each step yields how much is done, from 0 to 1.

        Args:
            reader: Reads whole columns; None walks from every node of the first slots instead.

        Raises:
            UnsupportedError: The columns need the walk after all; the query must be made anew.
        """
        for stage in self.stages:
            stage.open()
        nodes = self.view.graph.nodes
        for first in self._firsts:
            if reader is not None:
                steps = columnwise(first.match, first.tail, first.sink, self.view, reader)
                if steps is not None:
                    yield from steps
                    continue
            mask = nodes.mask(first.match.nodes[0].labels, self.view.sources)
            for handle in scan_pages(mask, nodes.ids):
                first.walk(handle, 1)
                if not handle & _STEP:
                    yield handle / (nodes.page_count * PAGE)

    def is_columnwise(self) -> bool:
        """Return whether evaluating it from the store goes column by column."""
        if self.core is not None:
            return self.core.is_columnwise()
        return bool(self._firsts) and all(
            columnwise(f.match, f.tail, f.sink, self.view, Reader(self.view.graph), 0)
            for f in self._firsts
        )

    @property
    def sees_each(self) -> bool:
        """Return whether it must see every change by itself, even where each makes a row of its own."""
        first = self.stages[0] if self.timed == 1 else None
        return bool(self.timed) and not (isinstance(first, TimedStage) and first.takes_many)

    def settle(self) -> None:
        """Between two changes: run the stages that must see every change by itself."""
        for stage in (
            self.stages[: self.timed] if self.timed < len(self.stages) else self.stages
        ):
            stage.flush()

    def flush(self) -> Changes:
        """End a tick: run the stages in order; return what it changed in the result."""
        if self.stages:
            self.flush_stages()
        else:
            self.is_touched = False
        return self.result.take()

    def flush_stages(self) -> None:
        """Run the stages in order."""
        self._runs = runs = self._runs + 1
        if runs & (SAMPLED - 1):
            for stage in self.stages:
                stage.flush()
        else:
            for stage in self.stages:
                self._timings.setdefault(stage, Timing()).run(stage.flush)
        self.is_touched = False

    def timing(self) -> Timing | None:
        """Return what the first stage took."""
        return self._timings.get(self.stages[0])

    def failures(self) -> list[Failure]:
        """Return the rows that fail now, the latest of them."""
        before = [] if self.core is None else self.core.failures()
        return [*before, *self.log.latest()]

    def failing(self) -> int:
        """Return how many rows fail now."""
        return self.log.count + (0 if self.core is None else self.core.failing())

    def numbers(self, operator: Operator, walks: Mapping[Any, Timing]) -> Numbers | None:
        """Return what an operator did; None of one without a stage of its own.

        Args:
            operator: One of ``operators``.
            walks: Timings of handlers.
        """
        if id(operator) in self._walked:
            handlers, following = self._walked[id(operator)]
            every = [walks[call] for h in handlers for call in (h.enum, h.upd) if call in walks]
            total = Timing(sum(t.count for t in every), sum(t.spent_ns for t in every))
            handed = self.result.taken if following is None else following.taken
            return Numbers(None, None, handed, total.mean_us())
        stage = self.stage_of.get(id(operator))
        if stage is None:
            return None
        timing = self._timings.get(stage)
        if self.core is not None and stage is self.core.group:
            timing = self.core.timing()
        mean_us = None if timing is None else timing.mean_us()
        return Numbers(stage.held(), stage.taken, self._handed[stage][0], mean_us)


def _split(
    operators: tuple[Operator, ...],
) -> tuple[Tail, Operator | None, tuple[Operator, ...]]:
    """Cut a chain at its first operator with a stage of its own."""
    for place, operator in enumerate(operators):
        if not isinstance(operator, Filter | Project):
            return cast(Tail, operators[:place]), operator, operators[place + 1 :]
    return cast(Tail, operators), None, ()
