"""The copy of a runtime's state at one moment between two ticks, taken in small pieces.

Pages are copied, not their values: about a millisecond for a million values. Every function
here is a generator that gives way after each piece; nothing may change until it is done.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.timed import Saved, TimedStage
from drasi_nb.store.numbers import copied
from drasi_nb.store.paging import EMPTY, Page
from drasi_nb.store.table import Table

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

_PIECE = 2_000  # rows of a stage, or elements with versions, per piece


@dataclass(slots=True)
class PageCopy:
    """One page of a table: ids (None where nothing lives), stamps, columns that have values."""

    ids: Page
    stamps: array[int]
    columns: dict[str, Any]


@dataclass(slots=True)
class StateCopy:
    """Everything that must survive a restart.

    Attributes:
        facts: Counters and clocks of the runtime.
        groups: Per page of nodes, (source number, labels or None for ghosts).
        nodes: The pages.
        relations: Per type, its pages with where they start and end by row.
        entries: Per query and number of the stage, rows of what depends on time.
        timers: What waits for the clock, in order: query, number of the stage, key.
        versions: Of elements, by (source id, id).
        rest: Small things, as lines of the state file without their values encoded.
    """

    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    groups: list[tuple[int, frozenset[str] | None]] = field(default_factory=list[Any])
    nodes: list[PageCopy] = field(default_factory=list[PageCopy])
    relations: dict[str, tuple[list[PageCopy], array[int], array[int]]] = field(
        default_factory=dict[str, Any]
    )
    entries: dict[tuple[str, int], list[tuple[Any, Saved]]] = field(
        default_factory=dict[Any, Any]
    )
    timers: list[tuple[str, int, Any, int]] = field(default_factory=list[Any])
    versions: list[tuple[Any, list[Any]]] = field(default_factory=list[Any])
    rest: list[list[Any]] = field(default_factory=list[Any])


def copy_state(runtime: Runtime, state: StateCopy) -> Generator[None]:
    """Copy everything, in pieces of about a tenth of a millisecond."""
    graph, engine, pump = runtime.engine.graph, runtime.engine, runtime.pump
    _copy_rest(runtime, state)
    state.facts = {
        "seq": engine.seq,
        "taken": pump.taken,
        "time_ms": pump.time_ms,
        "arrived_ms": engine.arrived_ms,
        "now_ms": pump.now_ms(),
        "seed": engine.timers.seed,
        "stamp": engine.timers.stamp,
        "clock_ms": engine.timers.now_ms,
        "sources": list(graph.source_ids),
        "types": [table.name for table in graph.tables],
        "running": [
            runtime.by_compiled[one].id
            for one in engine.router.queries
            if one in runtime.by_compiled
        ],
    }
    yield
    state.groups = [(group.source, group.labels) for group in graph.nodes.page_group]
    yield from _copy_pages(graph.nodes, state.nodes)
    for table in graph.tables:
        pages = list[PageCopy]()
        state.relations[table.name] = (pages, table.src[:], table.dst[:])
        yield
        yield from _copy_pages(table, pages)
    yield from _copy_timed(runtime, state)
    for place, (key, versions) in enumerate(engine.history.save()):
        state.versions.append((key, list(versions)))
        if not place % _PIECE:
            yield


def _copy_pages(table: Table, out: list[PageCopy]) -> Generator[None]:
    columns = table.columns
    for page in range(table.page_count):
        values = {
            name: copied(pages[page])
            for name, pages in columns.items()
            if pages[page] is not EMPTY
        }
        out.append(PageCopy(table.ids[page][:], copied(table.stamps[page]), values))
        if not page % 8:
            yield


def _copy_timed(runtime: Runtime, state: StateCopy) -> Generator[None]:
    numbers = dict[int, tuple[str, int]]()
    for query in runtime.queries.values():
        stages = [] if query.compiled is None else query.compiled.stages
        for number, stage in enumerate(stages):
            if not isinstance(stage, TimedStage):
                continue
            numbers[id(stage)] = (query.id, number)
            rows = state.entries[(query.id, number)] = []
            for entry in stage.save():
                rows.append(entry)
                if not len(rows) % _PIECE:
                    yield
    for due_ms, waiting, key in runtime.engine.timers.pending():
        if id(waiting) in numbers:
            state.timers.append((*numbers[id(waiting)], key, due_ms))
    yield


def _copy_rest(runtime: Runtime, state: StateCopy) -> None:
    """Copy what is small, or a list of things that never change."""
    rest, registry, pump = state.rest, runtime.registry, runtime.pump
    for component in registry.components.values():
        facts: dict[str, Any] = {
            "id": component.id,
            "kind": component.kind,
            "status": component.status,
            "error": component.error,
            "changes": component.changes,
            "errors": component.errors,
        }
        if component.kind == "query":
            query = runtime.queries[component.id]
            facts["definition"], facts["missing"] = query.definition, query.missing
            facts["derived"] = [derived.id for derived in query.derived]
            facts["last_seq"], facts["last_time_ms"] = query.last_seq, query.last_time_ms
            facts["columns"] = list(query.columns)
            facts["is_source"] = runtime.internal.is_source(query)
        elif component.kind == "reaction":
            react = runtime.reacting[component.id]
            facts["queries"] = list(runtime.listens_to(component.id))
            facts["emitted"], facts["done"] = react.emitted, react.done
            if react.is_awaited:
                facts["status"], facts["error"] = "Running", None
        rest.append(["component", facts])
    for query in runtime.queries.values():
        if query.compiled is None:  # stopped: its rows are not those of the graph
            rest.extend(["row", query.id, key, row] for key, row in query.table.entries())
    for id_, react in runtime.reacting.items():
        rest.extend(
            ["pending", id_, d.query_id, d.seq, d.time_ms, d.columns, d.changes]
            for d in react.pending
        )
    names = runtime.engine.graph.source_ids
    rest.extend(["queued", names[s], batch, ms] for s, batch, ms in pump.queue)
    if pump.lateness is not None:
        held_state, held = pump.lateness.save()
        rest.append(["lateness", held_state])
        rest.extend(["held", names[s], change, ms] for _, _, s, change, ms in held)
    rest.append(["watched", runtime.internal.is_watching])
    for (source, name), ids in runtime.synced.ids.items():
        rest.append(["synced", source, name, list(ids)])
    rest.extend(
        ["event", e.time_ms, e.id, e.kind, e.status, e.message] for e in registry.history
    )
    rest.extend(["rejected", r] for r in registry.rejected)
