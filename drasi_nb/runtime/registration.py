"""The life of a query: checked at the door, started, replaced, broken."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.garbage import collection_put_off
from drasi_nb.engine.result import RowChange
from drasi_nb.errors import (
    CheckpointError,
    ComponentError,
    DrasiNbError,
)
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.result import ResultTable
from drasi_nb.functions.own import renewals
from drasi_nb.plan.nodes import Plan
from drasi_nb.runtime.components import described, failure, log
from drasi_nb.runtime.definitions import definition_of, plan_of, written
from drasi_nb.runtime.derived import Derived, subscriptions
from drasi_nb.runtime.internal import COMPONENTS
from drasi_nb.runtime.query import QueryDefinition, Registered
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.engine.stages import CompiledQuery
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime


def replace_rows(query: Query, changes: list[RowChange], time_ms: int) -> list[Delta]:
    """Give a query the rows of its first flush; return the deltas from the rows it had.

    Other columns are other rows: then one delta takes all old ones away, in the old columns.
    """
    assert query.plan is not None
    seq, deltas, columns = query.runtime.seq, list[Delta | None](), query.plan.columns
    if columns != query.columns:
        gone: list[RowChange] = [(key, row, None) for key, row in query.table.entries()]
        deltas.append(query.take(gone, seq, time_ms))
        query.table = ResultTable(columns)
        query.past.clear(seq)
    if not len(query.table):
        new = [change for change in changes if change[2] is not None]
        deltas.append(query.take(new, seq, time_ms))
        return [delta for delta in deltas if delta is not None]
    before = dict(query.table.entries())
    after = {key: row for key, _, row in changes if row is not None}
    steps: list[RowChange] = [
        (key, row, None) for key, row in before.items() if key not in after
    ]
    for key, row in after.items():
        old = before.get(key)
        if old is None or not identical(old, row):
            steps.append((key, old, row))
    deltas.append(query.take(steps, seq, time_ms))
    return [delta for delta in deltas if delta is not None]


def rebuilding(runtime: Runtime) -> Iterator[float]:
    """Make the queries anew that were set aside, in steps; the end of the tick moves them on."""
    engine, by_compiled = runtime.engine, runtime.by_compiled
    while engine.stale:
        old = engine.stale[0]
        query = by_compiled[old]
        seen = tuple(engine.graph.source_ids[number] for number in old.view.sources)
        try:
            new = yield from engine.adding(old.plan, seen)
        except Exception as error:  # noqa: BLE001 - that query alone stops
            break_query(runtime, query, error)
            continue
        if old not in engine.stale:  # it was stopped or replaced meanwhile
            engine.remove_query(new)
            continue
        engine.stale.remove(old)
        del by_compiled[old]
        by_compiled[new] = query
        query.compiled, query.is_rebuilt, new.depth = new, True, old.depth
        if not new.is_touched:  # it has no rows, and the ones before must go
            new.is_touched = True
            engine.touched.append(new)


@dataclass(slots=True)
class Started:
    """A query that was compiled and evaluated, and that nobody sees yet."""

    compiled: CompiledQuery
    derived: list[Derived]
    changes: list[RowChange]


def build(runtime: Runtime, query: Query, registered: Registered) -> Started:
    """Compile and evaluate a query; when that fails, nothing of it stays."""
    steps = building(runtime, query, registered)
    with collection_put_off():
        while True:
            try:
                next(steps)
            except StopIteration as end:
                made: Started = end.value
                return made


def building(
    runtime: Runtime, query: Query, registered: Registered
) -> Generator[float, None, Started]:
    """Do what ``build()`` does in steps; each yields how much is done, from 0 to 1."""
    engine, derived = runtime.engine, list[Derived]()
    engine.timers.now_ms = engine.arrived_ms = runtime.pump.now_ms()
    compiled: CompiledQuery | None = None
    try:
        for source_id in registered.sources:
            runtime.internal.open(source_id)
        seen = runtime.pump.derived.follow(query.id, registered.subscriptions, derived)
        compiled = yield from engine.adding(registered.plan, seen)
        changes = compiled.flush()
    except BaseException:
        if compiled is not None:
            engine.remove_query(compiled)
        runtime.pump.derived.leave(derived)
        raise
    engine.touched[:] = [other for other in engine.touched if other is not compiled]
    return Started(compiled, derived, changes)


def tell_query(
    runtime: Runtime, id_: str, definition: QueryDefinition, *, starts: bool
) -> None:
    """Write to the journal that a query is added; a function cannot be written, its lack can.

    Raises:
        CheckpointError: It could not be written.
    """
    if runtime.pump.journal is None:
        runtime.told("add_query", id_)  # completes a copy
        return
    runtime.told("add_query", id_, *written(definition), starts)


def prepare(runtime: Runtime, sources: tuple[str, ...]) -> None:
    """Take what is queued: a late query starts from everything that came before it."""
    runtime.pump.run()
    if COMPONENTS in sources:
        runtime.internal.open(COMPONENTS)


def starting(
    runtime: Runtime, query: Query, done: Callable[[BaseException | None], None]
) -> Iterator[None]:
    """Start a query in steps, telling of every quarter; ``done`` is told how it ended."""
    component, told = query.component_now, 0.25
    assert query.registered is not None
    try:
        runtime.told("start", query.id)
        steps = building(runtime, query, query.registered)
        while True:
            try:
                part = next(steps)
            except StopIteration as end:
                _adopt(runtime, query, end.value, "query started")
                break
            if part >= told:
                runtime.registry.tell(component, f"{told:.0%} evaluated")
                told += 0.25
            yield
    except BaseException as error:
        runtime.registry.fail(component, f"start failed: {described(error)}")
        done(failure(component, "could not start", error))
        if not isinstance(error, Exception):
            raise
    else:
        done(None)


def start_query(runtime: Runtime, query: Query) -> None:
    """Evaluate a query from the graph; subscribers get the delta from the rows it had.

    Raises:
        DrasiNbError: It could not be evaluated; it is in Error with the reason.
    """
    component = query.component_now
    if query.missing is not None:
        raise ComponentError(f"query {query.id!r} must be added again: {query.missing}")
    assert query.registered is not None
    prepare(runtime, query.registered.sources)
    runtime.told("start", query.id)
    runtime.registry.move(component, "Starting", "starting query")
    try:
        made = build(runtime, query, query.registered)
    except BaseException as error:
        runtime.registry.fail(component, f"start failed: {described(error)}")
        raise failure(component, "could not start", error) from error
    _adopt(runtime, query, made, "query started")


def replace_query(
    runtime: Runtime, query: Query, registered: Registered, *, starts: bool
) -> None:
    """Give a query another definition; one that runs goes on with it, or with the old one.

    Args:
        runtime: Where it is.
        query: The handle, which stays.
        registered: What it is from now on.
        starts: Whether to start it where it does not run.

    Raises:
        DrasiNbError: It could not be evaluated. A query that ran or stood goes on as it was;
            one in Error stays there, with the new reason.
    """
    component, before = query.component_now, query.registered
    was, was_missing = component.status, query.missing
    registry = runtime.registry
    prepare(runtime, registered.sources)
    tell_query(runtime, query.id, registered.definition, starts=starts)
    registry.move(component, "Reconfiguring", "replacing query")
    query.registered, query.missing = registered, None
    if not starts and was not in ("Running", "Error"):
        registry.move(component, "Stopped", "query replaced")
        runtime.internal.close_unread()
        return
    registry.move(component, "Starting", "starting query")
    try:
        made = build(runtime, query, registered)
    except BaseException as error:
        registry.fail(component, f"start failed: {described(error)}")
        if was != "Error":
            query.registered, query.missing = before, was_missing
            if was == "Running":
                registry.move(component, "Starting", "going back to the query before")
                registry.move(component, "Running", "the query before goes on")
            else:
                registry.move(component, "Stopped", "the query before stays")
        runtime.internal.close_unread()
        raise failure(component, "could not be replaced", error) from error
    _adopt(runtime, query, made, "query replaced")


def _adopt(runtime: Runtime, query: Query, made: Started, message: str) -> None:
    """Let a query run as it was built."""
    assert query.registered is not None
    forget_compiled(runtime, query)
    query.compiled, query.derived = made.compiled, made.derived
    query.made_at = renewals()
    runtime.by_compiled[made.compiled] = query
    runtime.pump.set_alarm()
    set_depths(runtime)
    with runtime.pump.held():  # no tick may come before these deltas
        deltas = replace_rows(query, made.changes, runtime.pump.now_ms())
        runtime.registry.move(query.component_now, "Running", message)
        for delta in deltas:
            query.deliver(delta)
    runtime.internal.close_unread()
    runtime.pump.settle()


def set_depths(runtime: Runtime) -> None:
    """Say anew behind how many others each query stands."""
    for compiled, query in runtime.by_compiled.items():
        compiled.depth = runtime.internal.depth(query.sources)


def put_back_query(query: Query, facts: Mapping[str, Any]) -> None:
    """Give a query the definition it had before a restart, with a plan where it can be made."""
    definition, query.missing = definition_of(facts["definition"]), facts["missing"]
    followed = tuple(subscriptions(definition.sources, definition.middleware))
    plan = Plan((), ())
    if query.missing is None:
        try:
            plan = plan_of(definition)
        except DrasiNbError as error:  # a function of the user's that is not there
            query.missing = str(error)
    query.registered = Registered(definition, followed, plan)


def add_missing(runtime: Runtime, id_: str, facts: Mapping[str, Any], reason: str) -> None:
    """Register a query that cannot run after a restart: it waits in Error to be added again."""
    query = runtime.query_parts.get(id_)
    if query is None:
        query = runtime.query_parts[id_] = runtime.new_query(id_)
    forget_compiled(runtime, query)
    put_back_query(query, {"definition": facts, "missing": reason})
    component = query.component_now
    if component.status in ("Added", "Stopped", "Error"):
        runtime.registry.move(component, "Starting")
    runtime.registry.fail(component, f"add_query() again: {reason}")


def forget_compiled(runtime: Runtime, query: Query) -> None:
    """Stop following the graph; the rows stay."""
    runtime.pump.finish_jobs()
    compiled = query.give_away()
    if compiled is not None:
        runtime.engine.remove_query(compiled)
        runtime.by_compiled.pop(compiled, None)
    runtime.pump.derived.leave(query.derived)
    query.derived = []


def break_query(runtime: Runtime, query: Query, error: BaseException) -> None:
    """Put a query in Error after a fault of the engine; ``start`` rebuilds it."""
    try:
        runtime.told("broke", query.id, f"{type(error).__name__}: {error}")
    except CheckpointError as failure:  # after a restart it runs again
        runtime.background.keep(str(failure))
    forget_compiled(runtime, query)
    message = described(error)
    log.error("query %s broke", query.id, exc_info=error)
    runtime.registry.fail(query.component_now, message)
    runtime.background.keep(f"query {query.id!r} stopped: {message}")
