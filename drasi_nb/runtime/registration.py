"""The life of a query: checked at the door, started, replaced, broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.garbage import collection_paused
from drasi_nb.engine.result import RowChange
from drasi_nb.errors import ComponentError
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.result import ResultTable
from drasi_nb.language.dialects import DIALECTS
from drasi_nb.language.parser import parse
from drasi_nb.plan.binder import bind
from drasi_nb.plan.joins import read_joins
from drasi_nb.plan.nodes import Plan
from drasi_nb.runtime.components import log
from drasi_nb.runtime.internal import PREFIX
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.runtime.components import Component
    from drasi_nb.runtime.query import Query, QueryDefinition
    from drasi_nb.runtime.runtime import Runtime


def refuse_later(options: Mapping[str, Any], language: str) -> None:
    """Refuse, by name, what a later release runs.

    Raises:
        ComponentError: Such an option was given, or there is no such language.
    """
    if language not in DIALECTS:
        raise ComponentError(
            f"there is no language {language!r}; there are {', '.join(map(repr, DIALECTS))}"
        )
    for name, value in options.items():
        if value:
            raise ComponentError(f"add_query({name}=...) does not run yet")


def plan_of(definition: QueryDefinition, sources: tuple[str, ...]) -> Plan:
    """Return the plan of a query over sources.

    Raises:
        QueryError: The text is at fault.
        ConfigError: A join is malformed.
        ComponentError: No source was named.
    """
    if not sources:
        raise ComponentError("a query needs at least one source")
    text, joins = definition.text, read_joins(definition.joins)
    return bind(parse(text, DIALECTS[definition.language]), text, definition.parameters, joins)


def replace_rows(query: Query, changes: list[RowChange], time_ms: int) -> Delta | None:
    """Give a query the rows of its first flush; return the delta from the rows it had."""
    assert query.plan is not None
    if query.plan.columns != query.columns:
        query.table = ResultTable(query.plan.columns)
        query.past.clear(query.runtime.seq)
    seq = query.runtime.seq
    if not len(query.table):
        return query.take([change for change in changes if change[2] is not None], seq, time_ms)
    before = dict(query.table.entries())
    after = {key: row for key, _, row in changes if row is not None}
    steps: list[RowChange] = [
        (key, row, None) for key, row in before.items() if key not in after
    ]
    for key, row in after.items():
        old = before.get(key)
        if old is None or not identical(old, row):
            steps.append((key, old, row))
    return query.take(steps, seq, time_ms)


def rebuilding(runtime: Runtime) -> Iterator[None]:
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


def users_of(runtime: Runtime, component: Component) -> list[str]:
    """Return the ids of the components that need one."""
    if component.kind == "source":
        return [query.id for query in runtime.queries.values() if component.id in query.sources]
    if component.kind == "query":
        as_source = f"{PREFIX}{component.id}"
        over = [query.id for query in runtime.queries.values() if as_source in query.sources]
        told = [r for r in runtime.reactions if component.id in runtime.listens_to(r)]
        return over + told
    return []


def start_query(runtime: Runtime, query: Query) -> None:
    """Evaluate a query from the graph; subscribers get one delta from the rows it had."""
    component = runtime.component(query.id)
    runtime.pump.run()  # a late query starts from everything that came before it
    forget_compiled(runtime, query)
    runtime.registry.move(component, "Starting", "starting query")
    assert query.plan is not None
    try:
        runtime.engine.timers.now_ms = runtime.engine.arrived_ms = runtime.clock.now_ms()
        for source_id in query.sources:
            runtime.internal.open(source_id)
        seen = runtime.pump.derived.follow(query)
        with collection_paused():
            compiled = runtime.engine.add_query(query.plan, seen)
            changes = compiled.flush()
        runtime.engine.touched[:] = [c for c in runtime.engine.touched if c is not compiled]
    except Exception as error:
        log.exception("query %s could not start", query.id)
        runtime.registry.fail(component, f"start failed: {type(error).__name__}: {error}")
        raise
    query.compiled = compiled
    runtime.by_compiled[compiled] = query
    runtime.pump.set_alarm()
    compiled.depth = runtime.internal.depth(query.sources)
    delta = replace_rows(query, changes, runtime.clock.now_ms())
    runtime.registry.move(component, "Running", "query started")
    if delta is not None:
        query.deliver(delta)
    runtime.pump.settle()


def forget_compiled(runtime: Runtime, query: Query) -> None:
    """Stop following the graph; the rows stay."""
    compiled, query.compiled = query.compiled, None
    if compiled is not None:
        runtime.engine.remove_query(compiled)
        runtime.by_compiled.pop(compiled, None)
    runtime.pump.derived.leave(query)


def break_query(runtime: Runtime, query: Query, error: BaseException) -> None:
    """Put a query in Error after a fault of the engine; ``start`` rebuilds it."""
    forget_compiled(runtime, query)
    message = f"{type(error).__name__}: {error}"
    log.error("query %s broke", query.id, exc_info=error)
    runtime.registry.fail(runtime.component(query.id), message)
    runtime.background.keep(f"query {query.id!r} stopped: {message}")
