"""Updates that come as columns: what is new goes into the store in whole pages.

Queries that hear of it are set aside and made anew at the end of the tick, where that is
cheaper than to hand them every row; results are the same either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drasi_nb.engine.garbage import collection_put_off
from drasi_nb.engine.updates import stamps_of, update_nodes
from drasi_nb.store.batch import Columns
from drasi_nb.store.load import handles_of, load_nodes, load_relations
from drasi_nb.store.paging import SHIFT

if TYPE_CHECKING:
    from drasi_nb.engine.handlers import Handler
    from drasi_nb.engine.stages import CompiledQuery
    from drasi_nb.engine.tick import Engine

LEAST = 256  # rows; fewer are applied one by one


def apply_columns(engine: Engine, source: int, columns: Columns) -> None:
    """Apply updates as if they came one by one, new elements first; in one go where none must be seen alone."""
    if len(columns) < LEAST or engine.timed or engine.history.is_kept:
        _one_by_one(engine, source, columns)
        return
    fresh, known = _split(engine, source, columns)
    if fresh is not None:
        if _aside(engine, source, fresh):
            with collection_put_off():
                _load(engine, source, fresh)
        else:
            _one_by_one(engine, source, fresh)
    if known is not None and not update_nodes(engine, source, known):
        _one_by_one(engine, source, known)


def _one_by_one(engine: Engine, source: int, columns: Columns) -> None:
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
    if nodes.keys().isdisjoint(ids) and relations.keys().isdisjoint(ids):
        return columns, None
    there = [i in nodes or i in relations for i in ids]
    if all(there):
        return None, columns
    known = [place for place, is_known in enumerate(there) if is_known]
    fresh = [place for place, is_known in enumerate(there) if not is_known]
    return columns.at(fresh), columns.at(known)


def _aside(engine: Engine, source: int, columns: Columns) -> bool:
    """Set aside the queries that hear of new elements; False where one must see each of them."""
    graph, labels = engine.graph, columns.labels
    if columns.starts is None:
        group = graph.nodes.group(source, frozenset(labels))
        hearing = engine.router.node(group).handlers
        there = len(graph.node_at[source])
    else:
        table = graph.type_table(labels[0])
        hearing = engine.router.relation(table, source).handlers
        there = table.page_count << SHIFT
    if not hearing:
        return True
    heard = {id(handler) for handler in hearing}
    queries = [q for q in engine.router.queries if any(id(h) in heard for h in handlers(q))]
    for query in queries:
        share = 20 if query.is_columnwise() else 2
        if len(columns) * share < there:
            return False
    for query in queries:
        engine.suspend(query)
    return True


def handlers(query: CompiledQuery) -> list[Handler]:
    """Return all handlers of a query."""
    return [handler for part in query.handlers for handler in part]


def _load(engine: Engine, source: int, columns: Columns) -> None:
    graph, count = engine.graph, len(columns)
    stamps = stamps_of(engine.arrived_ms, engine.seq + 1, count)
    engine.seq += count
    engine.stamp = stamps[-1]
    if columns.starts is None or columns.ends is None:
        load_nodes(graph, source, columns.labels, columns.ids, columns.properties, stamps)
        return
    src, dst = (handles_of(graph, source, side) for side in (columns.starts, columns.ends))
    properties = columns.properties
    load_relations(graph, source, columns.labels[0], columns.ids, src, dst, properties, stamps)
