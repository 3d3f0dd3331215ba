"""The life of components: added, replaced, started, stopped, removed; each as one transaction.

An operation checks all it can before it changes anything. Where a component itself fails, it
is in Error with the reason, or what it should have replaced goes on. To start what runs and
to stop what is stopped changes nothing, so that a cell can be run again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drasi_nb.errors import ComponentError, shown
from drasi_nb.runtime.components import Component, Kind, described, failure, log
from drasi_nb.runtime.definitions import is_same, registered
from drasi_nb.runtime.internal import COMPONENTS, PREFIX
from drasi_nb.runtime.port import Port
from drasi_nb.runtime.query import Query
from drasi_nb.runtime.reacting import Reacting
from drasi_nb.runtime.registration import (
    forget_compiled,
    replace_query,
    start_query,
    starting,
    tell_query,
)

if TYPE_CHECKING:
    import asyncio

    from drasi_nb.runtime.query import QueryDefinition
    from drasi_nb.runtime.runtime import Runtime

_UNDER_WAY = ("Starting", "Stopping", "Reconfiguring")


def allow(runtime: Runtime, component: Component | None, deed: str) -> None:
    """Refuse an operation for which this is not the moment.

    Raises:
        ComponentError: The runtime was closed, a middleware is at work, or another operation
            on the component is under way.
    """
    if runtime.background.is_closed:
        raise ComponentError("this runtime was closed; create a new one")
    if runtime.pump.derived.is_passing:
        raise ComponentError("a middleware cannot change components; do it in a reaction")
    if component is not None and component.status in _UNDER_WAY:
        raise ComponentError(
            f"{component.kind} {component.id!r} cannot be {deed} while it is"
            f" {component.status}; do it when that is over"
        )


def open_for(runtime: Runtime, id_: str, kind: Kind) -> Component | None:
    """Return the component to replace, None for a new one.

    Raises:
        ComponentError: The id is no text, is the runtime's own, or belongs to another kind.
    """
    if not isinstance(id_, str) or not id_:
        raise ComponentError(f"an id must be a text, got {shown(id_)}")
    if id_.startswith(PREFIX) or id_ == COMPONENTS:
        raise ComponentError(f"the id {id_!r} is taken: it means what the runtime itself feeds")
    known = runtime.registry.components.get(id_)
    allow(runtime, known, "replaced")
    if known is not None and known.kind != kind:
        raise ComponentError(
            f"{id_!r} is the id of a {known.kind}; choose another for a {kind}"
        )
    return known


def register(runtime: Runtime, id_: str, kind: Kind, part: Any) -> Component:
    """Return a new component."""
    component = Component(id_, kind, part)
    runtime.registry.components[id_] = component
    return component


# -- sources -------------------------------------------------------------------------------


def add_source(runtime: Runtime, id_: str, source: Any) -> None:
    """Attach and start a source; see ``Runtime.add_source()``."""
    component = open_for(runtime, id_, "source")
    missing = [name for name in ("attach", "start", "stop") if not hasattr(source, name)]
    if missing or isinstance(source, type):
        what = f"has no {missing[0]}()" if missing else "is a class; give an instance of it"
        raise ComponentError(f"source {id_!r}: {shown(source)} {what}")
    for other_id, other in runtime.sources.items():
        if other is source and other_id != id_:
            raise ComponentError(f"source {id_!r}: this one is source {other_id!r} already")
    runtime.told("add_source", id_)
    if component is not None:
        _replace_source(runtime, component, source)
        return
    component = register(runtime, id_, "source", source)
    runtime.source_parts[id_] = source
    runtime.registry.tell(component, "source added")
    try:
        _attach(runtime, component, source)
    except BaseException as error:
        runtime.told("fail", id_, described(error))
        raise


def _attach(runtime: Runtime, component: Component, source: Any) -> None:
    """Attach and start a source; where it fails, it is in Error."""
    port = Port(runtime, component, runtime.pump)
    runtime.registry.move(component, "Starting", "starting source")
    try:
        source.attach(port)
        source.start()
    except BaseException as error:
        runtime.registry.fail(component, f"start failed: {described(error)}")
        runtime.ports[component.id] = port
        raise failure(component, "could not start", error) from error
    runtime.ports[component.id] = port
    _has_started(runtime, component)


def _has_started(runtime: Runtime, component: Component) -> None:
    if component.status == "Error":  # it said so itself
        raise ComponentError(f"source {component.id!r} could not start: {component.error}")
    runtime.registry.move(component, "Running", f"{component.kind} started")


def _replace_source(runtime: Runtime, component: Component, source: Any) -> None:
    """Put a source in the place of another one; where it fails, that one goes on."""
    registry, before, was = runtime.registry, component.part, component.status
    before_port = runtime.ports[component.id]
    registry.move(component, "Reconfiguring", "replacing source")
    halt(runtime, component)
    component.part = runtime.source_parts[component.id] = source
    try:
        _attach(runtime, component, source)
    except BaseException:
        if was in ("Running", "Stopped"):
            halt(runtime, component)
            runtime.ports[component.id].close()
            component.part = runtime.source_parts[component.id] = before
            runtime.ports[component.id] = before_port
            before.attach(before_port)
            if was == "Running":
                start_source(runtime, component)
            else:
                registry.move(component, "Stopped", "the source before stays")
        raise
    before_port.close()


def start_source(runtime: Runtime, component: Component) -> None:
    """Start a source that is attached."""
    runtime.registry.move(component, "Starting", "starting source")
    try:
        component.part.start()
    except BaseException as error:
        runtime.registry.fail(component, f"start failed: {described(error)}")
        raise failure(component, "could not start", error) from error
    _has_started(runtime, component)


def halt(runtime: Runtime, component: Component) -> Exception | None:
    """Have a source cease; return what it raised, which is noted."""
    try:
        component.part.stop()
    except Exception as error:  # noqa: BLE001 - a source that fails to stop has stopped
        log.exception("source %s could not stop", component.id)
        runtime.registry.note(component, f"stop failed: {described(error)}")
        return error
    return None


# -- queries -------------------------------------------------------------------------------


def add_query(
    runtime: Runtime, id_: str, definition: QueryDefinition, *, starts: bool
) -> Query:
    """Register a query, or give a known one another definition; see ``Runtime.add_query()``."""
    component = open_for(runtime, id_, "query")
    checked = registered(runtime, id_, definition)
    query = Query(runtime, id_) if component is None else runtime.queries[id_]
    if component is not None and is_same(query, definition):
        runtime.registry.tell(component, "query unchanged: it is defined as before")
        return query
    if component is not None:
        replace_query(runtime, query, checked, starts=starts)
        return query
    tell_query(runtime, id_, definition, starts=False)  # it starts by a line of its own
    query.registered = checked
    query.component = register(runtime, id_, "query", query)
    runtime.query_parts[id_] = query
    runtime.registry.tell(query.component, "query added")
    if starts:
        start_query(runtime, query)
    return query


# -- reactions -----------------------------------------------------------------------------


def add_reaction(runtime: Runtime, id_: str, queries: Iterable[str], reaction: Any) -> None:
    """Let a reaction hear of queries; see ``Runtime.add_reaction()``."""
    component = open_for(runtime, id_, "reaction")
    if not callable(reaction):
        raise ComponentError(
            f"reaction {id_!r} must be callable with a Delta, got {shown(reaction)}"
        )
    if not isinstance(queries, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ComponentError(
            f"reaction {id_!r}: queries must be a list of ids, got {shown(queries)}"
        )
    given = (queries,) if isinstance(queries, str) else tuple(queries)
    if not given:
        raise ComponentError(f"reaction {id_!r} needs at least one query")
    wanted = tuple({runtime.registry.get(query_id, "query").id: None for query_id in given})
    runtime.told("add_reaction", id_, list(wanted))
    if component is None:
        component = register(runtime, id_, "reaction", reaction)
        runtime.reacting[id_] = Reacting(runtime, component)
        runtime.listening[id_] = wanted
        runtime.registry.tell(component, "reaction added")
    else:
        runtime.registry.move(component, "Reconfiguring", "replacing reaction")
        for unsubscribe in runtime.unsubscribe.pop(id_, ()):
            unsubscribe()
        component.part = reaction  # what waits goes to the new one
        runtime.listening[id_] = wanted
    runtime.reaction_parts[id_] = reaction
    react = runtime.reacting[id_]
    react.is_awaited = False
    runtime.unsubscribe[id_] = [runtime.queries[q].on_delta(react) for q in wanted]
    _start_reaction(runtime, component)


def _start_reaction(runtime: Runtime, component: Component) -> None:
    runtime.registry.move(component, "Starting", "starting reaction")
    runtime.registry.move(component, "Running", "reaction started")
    runtime.reacting[component.id].resume()


# -- all -----------------------------------------------------------------------------------


def start(runtime: Runtime, id_: str) -> None:
    """Start a component; see ``Runtime.start()``."""
    component = runtime.component(id_)
    allow(runtime, component, "started")
    if component.status == "Running":
        return
    if component.kind == "query":
        start_query(runtime, runtime.queries[id_])
        return
    runtime.told("start", id_)
    if component.kind == "source":
        start_source(runtime, component)
    else:
        _start_reaction(runtime, component)


def start_in_steps(runtime: Runtime, query: Query, ended: asyncio.Future[None]) -> None:
    """Start a query in slices of the driver; ``ended`` gets what it raised, or None."""
    component = query.component_now
    allow(runtime, component, "started")
    runtime.registry.move(component, "Starting", "starting query")

    def done(error: BaseException | None) -> None:
        if ended.done():  # nobody waits any more
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    runtime.pump.add_job(starting(runtime, query, done))


def stop(runtime: Runtime, id_: str) -> None:
    """Stop a component; see ``Runtime.stop()``."""
    component, registry = runtime.component(id_), runtime.registry
    allow(runtime, component, "stopped")
    if component.status in ("Stopped", "Error"):
        return
    runtime.told("stop", id_)
    if component.status == "Added":
        registry.move(component, "Stopped", f"{component.kind} stopped")
        return
    registry.move(component, "Stopping", f"stopping {component.kind}")
    if component.kind == "source":
        error = halt(runtime, component)
        if error is not None:
            registry.move(component, "Error", f"stop failed: {described(error)}")
            raise failure(component, "could not stop", error) from error
    elif component.kind == "query":
        forget_compiled(runtime, runtime.queries[id_])
    registry.move(component, "Stopped", f"{component.kind} stopped")


def remove(runtime: Runtime, id_: str, *, cascade: bool) -> None:
    """Remove a component; see ``Runtime.remove()``."""
    component = runtime.component(id_)
    users = users_of(runtime, component)
    if users and not cascade:
        raise ComponentError(
            f"{id_!r} is used by {', '.join(map(repr, users))}; remove them first, or"
            " all at once with cascade=True"
        )
    gone = _with_users(runtime, component)
    for one in gone:
        allow(runtime, one, "removed")
    for one in gone:
        _remove(runtime, one)


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


def _with_users(runtime: Runtime, component: Component) -> list[Component]:
    """Return a component and all that needs it, directly or not; it comes last."""
    found = dict[str, Component]()

    def visit(one: Component) -> None:
        for user in users_of(runtime, one):
            if user not in found:
                visit(runtime.component(user))
        found[one.id] = one

    visit(component)
    return list(found.values())


def _remove(runtime: Runtime, component: Component) -> None:
    registry, id_ = runtime.registry, component.id
    runtime.told("remove", id_)
    if component.status == "Running":
        registry.move(component, "Stopping", f"stopping {component.kind}")
    if component.kind == "source":
        halt(runtime, component)
    elif component.kind == "query":
        forget_compiled(runtime, runtime.queries[id_])
    if component.status == "Stopping":
        registry.move(component, "Stopped", f"{component.kind} stopped")
    del registry.components[id_]
    if component.kind == "source":
        runtime.pump.forget_source(id_)
        runtime.synced.forget(id_)
        del runtime.source_parts[id_], runtime.ports[id_]
    elif component.kind == "query":
        for queue in runtime.streams.pop(id_, []):
            queue.put_nowait(None)
        del runtime.query_parts[id_]
    else:
        for unsubscribe in runtime.unsubscribe.pop(id_, ()):
            unsubscribe()
        runtime.reacting.pop(id_).give_up_all("the reaction was removed")
        del runtime.reaction_parts[id_], runtime.listening[id_]
    runtime.made.pop(id_, None)
    registry.move(component, "Removed", f"{component.kind} removed")
    runtime.internal.close_unread()


def each(runtime: Runtime, deed: str) -> None:
    """Start or stop everything, in the order in which that is safe.

    Raises:
        ComponentError: Some could not; all others were. The text names each with its reason.
    """
    components = runtime.component_list()
    failed = list[str]()
    for component in components if deed == "start" else reversed(components):
        try:
            (start if deed == "start" else stop)(runtime, component.id)
        except Exception as error:  # noqa: BLE001 - the others go on; it is raised at the end
            failed.append(described(error))
    if failed:
        raise ComponentError("; ".join(failed))
