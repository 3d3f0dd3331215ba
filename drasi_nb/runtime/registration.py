"""The life of a query: checked at the door, started, replaced, broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.garbage import collection_paused
from drasi_nb.engine.result import RowChange
from drasi_nb.errors import ChangeError, CheckpointError, ComponentError, DrasiNbError
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.result import ResultTable
from drasi_nb.functions.own import renewals, renewed_since
from drasi_nb.language.dialects import DIALECTS
from drasi_nb.language.parser import parse
from drasi_nb.plan.binder import bind
from drasi_nb.plan.joins import read_joins
from drasi_nb.plan.nodes import Plan
from drasi_nb.runtime.components import log
from drasi_nb.runtime.derived import subscriptions
from drasi_nb.runtime.internal import COMPONENTS, PREFIX
from drasi_nb.runtime.query import QueryDefinition
from drasi_nb.values.change import stored_value
from drasi_nb.values.encoding import dump
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.runtime.components import Component
    from drasi_nb.runtime.query import Query
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


def described(definition: QueryDefinition) -> tuple[dict[str, Any], str | None]:
    """Return a definition as a log has it, and why it lacks a part of it, if it does."""
    try:
        return _described(definition), None
    except (TypeError, ChangeError) as error:  # a middleware is a Python function
        return _described(replace(definition, middleware=(), parameters={})), str(error)


def _described(definition: QueryDefinition) -> dict[str, Any]:
    facts = {f.name: getattr(definition, f.name) for f in fields(definition)}
    facts["parameters"] = {
        name: stored_value(value) for name, value in definition.parameters.items()
    }
    facts["sources"], facts["joins"], facts["middleware"] = (
        _listed(facts[name]) for name in ("sources", "joins", "middleware")
    )
    dump(facts)
    return facts


def definition_of(facts: Mapping[str, Any]) -> QueryDefinition:
    """Return the definition that ``described()`` was given."""
    given = dict(facts)
    for name in ("sources", "joins", "middleware"):
        given[name] = tuple(given[name])
    return QueryDefinition(**given)


def _listed(value: Any) -> Any:
    """Return maps and sequences of any kind as dicts and lists."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value


def is_same(query: Query, definition: QueryDefinition) -> bool:
    """Return whether a running query would be no other with a definition."""
    if query.compiled is None or query.status != "Running" or query.runtime.pump.is_replaying:
        return False
    if renewed_since(query.made_at, definition.text):
        return False
    try:
        return dump(_described(query.definition)) == dump(_described(definition))
    except (TypeError, ChangeError):  # functions: the same objects, or not the same
        known = query.definition
        return known == definition and repr(known) == repr(definition)


def tell_query(runtime: Runtime, id_: str, definition: QueryDefinition) -> None:
    """Write to the journal that a query is added; a function cannot be written, its lack can.

    Raises:
        CheckpointError: It could not be written.
    """
    if runtime.pump.journal is None:
        runtime.told("add_query", id_)  # completes a copy
        return
    runtime.told("add_query", id_, *described(definition))


def prepare(runtime: Runtime, sources: tuple[str, ...]) -> None:
    """Take what is queued: a late query starts from everything that came before it."""
    runtime.pump.run()
    if COMPONENTS in sources:
        runtime.internal.open(COMPONENTS)


def start_query(runtime: Runtime, query: Query) -> None:
    """Evaluate a query from the graph; subscribers get one delta from the rows it had."""
    component, now_ms = runtime.component(query.id), runtime.pump.now_ms()
    if query.plan is None:
        raise ComponentError(f"query {query.id!r} must be added again: {component.error}")
    forget_compiled(runtime, query)
    runtime.registry.move(component, "Starting", "starting query")
    try:
        runtime.engine.timers.now_ms = runtime.engine.arrived_ms = now_ms
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
    query.compiled, query.made_at = compiled, renewals()
    runtime.by_compiled[compiled] = query
    runtime.pump.set_alarm()
    compiled.depth = runtime.internal.depth(query.sources)
    delta = replace_rows(query, changes, now_ms)
    runtime.registry.move(component, "Running", "query started")
    if delta is not None:
        query.deliver(delta)
    runtime.pump.settle()


def put_back_query(query: Query, facts: Mapping[str, Any]) -> None:
    """Give a query the definition it had before a restart; its plan, where it can be made."""
    query.definition = definition = definition_of(facts["definition"])
    query.subscriptions = subscriptions(definition.sources, definition.middleware)
    query.sources = tuple(one.source for one in query.subscriptions)
    query.missing = facts["missing"]
    if query.missing is None:
        try:
            query.plan = plan_of(definition, query.sources)
        except DrasiNbError:  # a function of the user's that is not there; start() says so
            query.plan = None


def add_missing(runtime: Runtime, id_: str, facts: Mapping[str, Any], reason: str) -> None:
    """Register a query that cannot run after a restart: it waits in Error to be added again."""
    query = runtime.query_of(id_)
    forget_compiled(runtime, query)
    query.definition, query.plan, query.missing = definition_of(facts), None, reason
    query.sources = tuple(s if isinstance(s, str) else s["id"] for s in facts["sources"])
    runtime.put_query(query)
    component = runtime.component(id_)
    if component.status == "Added":
        runtime.registry.move(component, "Stopped")
    runtime.registry.fail(component, f"add_query() again: {reason}")


def forget_compiled(runtime: Runtime, query: Query) -> None:
    """Stop following the graph; the rows stay."""
    compiled, query.compiled = query.compiled, None
    if compiled is not None:
        runtime.engine.remove_query(compiled)
        runtime.by_compiled.pop(compiled, None)
    runtime.pump.derived.leave(query)


def break_query(runtime: Runtime, query: Query, error: BaseException) -> None:
    """Put a query in Error after a fault of the engine; ``start`` rebuilds it."""
    try:
        runtime.told("broke", query.id, f"{type(error).__name__}: {error}")
    except CheckpointError as failure:  # after a restart it runs again
        runtime.background.keep(str(failure))
    forget_compiled(runtime, query)
    message = f"{type(error).__name__}: {error}"
    log.error("query %s broke", query.id, exc_info=error)
    runtime.registry.fail(runtime.component(query.id), message)
    runtime.background.keep(f"query {query.id!r} stopped: {message}")
