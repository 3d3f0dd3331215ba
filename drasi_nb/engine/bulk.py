"""Updates that come as columns: what is new goes into the store in whole pages.

Queries that hear of it are set aside and made anew at the end of the tick, where that is
cheaper than to hand them every row; results are the same either way.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.garbage import collection_put_off
from drasi_nb.engine.handlers import Handler
from drasi_nb.engine.updates import Latest, latest_of, stamps_of, update_nodes
from drasi_nb.engine.vector.columns import UnsupportedError
from drasi_nb.store.batch import Columns, Mixed
from drasi_nb.store.hashing import UNKNOWN
from drasi_nb.store.ids import id_list
from drasi_nb.store.load import handles_of, load_nodes, load_relations
from drasi_nb.store.paging import LOW, PAGE, SHIFT

if TYPE_CHECKING:
    from drasi_nb.engine.routing import Route
    from drasi_nb.engine.stages import CompiledQuery
    from drasi_nb.engine.tick import Engine
    from drasi_nb.store.graph import Graph
    from drasi_nb.store.table import Table
    from drasi_nb.values.change import Accepted

# fewer are applied one by one: of nodes that are there, of new nodes, of relations
LEAST, LEAST_NEW, LEAST_RELATIONS = 64, 512, 2_048
_MADE = 2_000  # elements that are handed on while a query is made anew over none


def least_for(change: Any) -> int:
    """Return how many changes go better as columns, where most are like this one."""
    if type(change) is not dict:
        return LEAST_NEW
    if "start_id" in change:
        return LEAST_RELATIONS
    return LEAST if change.get("op") == "update" else LEAST_NEW


def apply_columns(engine: Engine, source: int, batch: Columns | Mixed) -> None:
    """Apply updates as if they came one by one, new elements first; in one go where none must be seen alone.

    Of what an interrupt leaves half done all must come again, which changes nothing twice.
    """
    before = engine.seq
    try:
        is_one_form = isinstance(batch, Columns)
        if engine.history.is_kept or any(q.sees_each or not is_one_form for q in engine.timed):
            _one_by_one(engine, source, batch)
        elif isinstance(batch, Columns):
            _apply(engine, source, batch)
        else:
            for group in batch.groups:
                if isinstance(group, Columns):
                    _apply(engine, source, group)
                else:
                    _one_by_one(engine, source, group)
    except KeyboardInterrupt:
        engine.seq = before
        raise


def _apply(engine: Engine, source: int, columns: Columns) -> None:
    if len(columns) < LEAST:
        _one_by_one(engine, source, columns)
        return
    graph = engine.graph
    if columns.starts is None and graph.node_at[source] not in graph.unindexed:
        latest = latest_of(engine, source, columns)
        if latest is not None:  # after the load, most of the time
            _update(engine, source, columns, latest)
            return
    fresh, known = _split(engine, source, columns)
    if fresh is not None and columns.has_repeats():  # what comes again is known then
        _one_by_one(engine, source, columns)
        return
    least = LEAST_NEW if columns.starts is None else LEAST_RELATIONS
    if fresh is not None and (len(fresh) < least or not _enter(engine, source, fresh)):
        _one_by_one(engine, source, fresh)
    if known is not None:
        latest = None if known.starts is not None else latest_of(engine, source, known)
        if latest is None:
            _one_by_one(engine, source, known)
        else:
            _update(engine, source, known, latest)


def _update(engine: Engine, source: int, columns: Columns, latest: Latest) -> None:
    """Apply changes of ids that belong to nodes or ghosts."""
    if update_nodes(engine, latest, len(columns)):
        return
    parts = _by_labels(engine, columns, latest)
    for part in parts:
        some = (
            latest_of(engine, source, part) if len(part) >= LEAST and len(parts) > 1 else None
        )
        if some is None or not update_nodes(engine, some, len(part)):
            _one_by_one(engine, source, part)


def _one_by_one(engine: Engine, source: int, columns: Iterable[Accepted]) -> None:
    apply = engine.apply_timed if engine.timed else engine.apply
    for change in columns:
        apply(source, change)


def _split(
    engine: Engine, source: int, columns: Columns
) -> tuple[Columns | None, Columns | None]:
    """Return the rows whose ids nobody has yet, and the others."""
    graph = engine.graph
    nodes, relations = graph.node_at[source], graph.relation_at[source]
    ids = columns.ids
    if all(index.is_disjoint(ids) for index in (nodes, relations)):
        return columns, None
    known_nodes, known_relations = (index.find_all(ids) for index in (nodes, relations))
    there = ((known_nodes != UNKNOWN) | (known_relations != UNKNOWN)).tolist()
    if all(there):
        return None, columns
    if not any(there):
        return columns, None
    known = [place for place, is_known in enumerate(there) if is_known]
    fresh = [place for place, is_known in enumerate(there) if not is_known]
    return columns.at(fresh), columns.at(known)


def _by_labels(engine: Engine, columns: Columns, latest: Latest) -> list[Columns]:
    """Return rows that say nothing of labels apart for nodes of each; others whole."""
    if columns.labels is not None:
        return [columns]
    groups, places = engine.graph.nodes.page_group, dict[Any, list[int]]()
    handles = zip(id_list(latest.columns.ids), latest.handles.tolist(), strict=True)
    group_of = {element_id: groups[handle >> SHIFT] for element_id, handle in handles}
    for place, element_id in enumerate(id_list(columns.ids)):
        places.setdefault(group_of[element_id], []).append(place)
    return [columns] if len(places) < 2 else list(map(columns.at, places.values()))


def _enter(engine: Engine, source: int, columns: Columns) -> bool:
    """Add new elements; return False, and add none, where a query must see each by itself.

    Where evaluating a query anew is less work than to hand it every element, it is set aside. Else
    it is handed each once all are there: a match holds only one of them, in the one slot they fit.
    So a stage that remembers what its rows were is handed each row once, as one by one.
    """
    graph = engine.graph
    if columns.starts is None:
        there = len(graph.node_at[source])
    else:
        there = graph.type_table(_type(columns)).page_count << SHIFT
    heard = {id(handler) for handler in _route(engine, source, columns)[0].handlers}
    aside: list[CompiledQuery] = []
    is_handed_on = False
    for query in engine.router.queries:
        slots = [sum(id(handler) in heard for handler in part) for part in query.handlers]
        if not any(slots):
            continue
        if not query.timed and _is_anew(query, max(slots), len(columns), there):
            aside.append(query)
        elif max(slots) > 1:
            return False
        else:
            is_handed_on = True
    for query in aside:
        engine.suspend(query)
    with collection_put_off():
        rows = _load(engine, source, columns)
    if is_handed_on:
        _hand_on(engine, source, columns, rows)
        engine.settle()
    return True


def _is_anew(query: CompiledQuery, slots: int, count: int, there: int) -> bool:
    """Return whether evaluating a query anew is less work than to hand it so many elements."""
    if not query.is_columnwise():
        return count * 2 >= there
    return count > _MADE + there / 4 if slots == 1 else count * 20 >= there


def _route(engine: Engine, source: int, columns: Columns) -> tuple[Route, tuple[Any, ...]]:
    """Return who hears of new elements, and what is handed on before the row of each."""
    graph = engine.graph
    if columns.starts is None:
        group = graph.nodes.group(source, frozenset(columns.labels or ()))
        return engine.router.node(group), ()
    table = graph.type_table(_type(columns))
    return engine.router.relation(table, source), (table,)


def _hand_on(engine: Engine, source: int, columns: Columns, rows: list[int]) -> None:
    """Hand the queries elements that are there by now; one that breaks stops, and no other."""
    route, element = _route(engine, source, columns)
    walked = list[Handler]()
    for handler in route.handlers:
        try:
            try:
                if handler.enter is None:
                    raise UnsupportedError("a stage of its own")
                handler.enter(rows)
            except UnsupportedError:
                walked.append(handler)
        except Exception as error:  # noqa: BLE001 - that query alone stops
            engine.broke(handler.enum, error)
    for call in engine.router.together.calls(walked, fused=False):
        try:
            for row in rows:
                call(*element, row, 1)
        except Exception as error:  # noqa: BLE001 - that query alone stops
            engine.broke(call, error)


def _load(engine: Engine, source: int, columns: Columns) -> list[int]:
    """Write new elements, whole pages at once and the rest into free rows; return their rows."""
    graph, count = engine.graph, len(columns)
    stamps = array("q", stamps_of(engine.arrived_ms, engine.seq + 1, count).tobytes())
    engine.seq += count
    engine.stamp = stamps[-1]
    free = _free(engine, source, columns)
    at_once = count if count % PAGE > len(free) else count - count % PAGE
    rows = list[int]()
    if at_once:
        first = _load_pages(graph, source, columns.part(0, at_once), stamps[:at_once])
        rows.extend(range(first, first + at_once))
    for change, stamp in zip(columns.part(at_once, count), stamps[at_once:], strict=True):
        _, element_id, labels, properties, start, end, _ = change
        table: Table = graph.nodes
        if start is None:
            row = graph.place(source, element_id, frozenset(labels or ()))
        else:
            table, row = graph.insert_relation(source, element_id, _type(columns), start, end)
        for name, value in (properties or {}).items():
            table.write(name, row, value)
        table.stamps[row >> SHIFT][row & LOW] = stamp
        rows.append(row)
    return rows


def _load_pages(graph: Graph, source: int, columns: Columns, stamps: array[int]) -> int:
    ids, properties = columns.listed()
    if columns.starts is None or columns.ends is None:
        return load_nodes(graph, source, columns.labels or (), ids, properties, stamps)
    src, dst = (handles_of(graph, source, side) for side in (columns.starts, columns.ends))
    return load_relations(graph, source, _type(columns), ids, src, dst, properties, stamps)


def _free(engine: Engine, source: int, columns: Columns) -> list[int]:
    """Return the rows where elements like these may go."""
    if columns.starts is None:
        return engine.graph.nodes.group(source, frozenset(columns.labels or ())).free
    return engine.graph.type_table(_type(columns)).free


def _type(columns: Columns) -> str:
    assert columns.labels is not None
    return columns.labels[0]
