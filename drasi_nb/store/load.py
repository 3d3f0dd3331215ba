"""Bulk loading: whole pages at once instead of cell by cell.

What is loaded gets pages of its own; rows that the last page has left stay free. Cost: about
a microsecond a row with five properties.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import chain, islice
from typing import Any

import numpy as np
import polars as pl

from drasi_nb.store.batch import Values
from drasi_nb.store.graph import TABLE_BITS, Graph, admits
from drasi_nb.store.hashing import UNKNOWN, Ints
from drasi_nb.store.ids import IdIndex, Run, id_list, ids_at
from drasi_nb.store.paging import EMPTY, LOW, NO_LINK, NO_LINKS, PAGE, SHIFT, Page
from drasi_nb.store.relations import HUB, RelationTable
from drasi_nb.store.table import Table
from drasi_nb.values.graph import STAMP

for _name in ("numpy.ma", "pyarrow.compute"):
    import_module(_name)  # or Polars does, in a slice of the loop: 0.1 s

_OFTEN = 32  # relations at once from which a node may be a hub
_MANY = 30_000  # nodes at once from which whole pages of them are made
_DENSE = 8  # so many times more are looked at in one go before each is looked up


def load_nodes(
    graph: Graph,
    source: int,
    labels: Iterable[str],
    ids: list[Any],
    columns: Mapping[str, Values],
    stamps: array[int],
) -> int:
    """Add nodes whose ids are unknown in their source; return the first handle.

    The others follow it in the order of ``ids``. Queries are the caller's.

    Args:
        graph: The store.
        source: Number of the source.
        labels: Of all of them.
        ids: Each once.
        columns: Property values, as long as ``ids``.
        stamps: One of each node (``values.graph.STAMP_BITS``).
    """
    nodes = graph.nodes
    group = nodes.group(source, frozenset(labels))
    first = nodes.page_count << SHIFT
    count = len(ids)
    pages = _append(nodes, ids, columns, stamps)
    spare = (pages << SHIFT) - count
    nodes.page_group.extend([group] * pages)
    for table in graph.tables:
        table.first_out.extend([NO_LINKS] * pages)
        table.first_in.extend([NO_LINKS] * pages)
    for (wanted, sources), mask in nodes.masks.items():
        mask.extend([admits(group, wanted, sources)] * pages)
    group.newest = nodes.page_count - 1
    group.free.extend(range(first + count + spare - 1, first + count - 1, -1))
    _add_ids(graph, graph.node_at[source], ids, Run(nodes.ids, first, first))
    _index(nodes, columns, first)
    return first


def load_relations(
    graph: Graph,
    source: int,
    type_: str,
    ids: list[Any],
    src: array[int],
    dst: array[int],
    columns: Mapping[str, Values],
    stamps: array[int],
) -> int:
    """Add relations whose ids are unknown in their source; return the first row.

    Args:
        graph: The store.
        source: Number of the source.
        type_: Of all of them.
        ids: Each once.
        src: Handles of the nodes, or ghosts, where they start.
        dst: Where they end.
        columns: Property values, as long as ``ids``.
        stamps: One of each relation.
    """
    table = graph.type_table(type_)
    first, count = table.page_count << SHIFT, len(ids)
    pages = _append(table, ids, columns, stamps)
    spare = (pages << SHIFT) - count
    blank = array("i", [NO_LINK]) * spare
    for ends, new in ((table.src, src), (table.dst, dst)):
        ends.extend(new)
        ends.extend(blank)
    for heads, next_, prev, nodes in (
        (table.first_out, table.next_out, table.prev_out, src),
        (table.first_in, table.next_in, table.prev_in, dst),
    ):
        often = _chain(table, heads, next_, prev, nodes, first, blank)
        table.look_for_hubs(often)
    table.free.extend(range(first + count + spare - 1, first + count - 1, -1))
    code = first << TABLE_BITS | table.number
    run = Run(table.ids, first, code, 1 << TABLE_BITS)
    _add_ids(graph, graph.relation_at[source], ids, run)
    _pairs(table, src, dst, first)
    _index(table, columns, first)
    return first


def _add_ids(graph: Graph, index: IdIndex, ids: list[Any], run: Run) -> None:
    if index.add(ids, run):
        graph.unindexed.append(index)


def pages_of(values: list[Any]) -> list[Page]:
    """Return a column cut into pages; the last one is filled up with nulls."""
    out: list[Page] = [values[at : at + PAGE] for at in range(0, len(values), PAGE)]
    if len(out) and len(out[-1]) < PAGE:
        out[-1] = [*out[-1], *[None] * (PAGE - len(out[-1]))]
    return [EMPTY if page.count(None) == PAGE else tuple(page) for page in out]


def _append(
    table: Table, ids: list[Any], columns: Mapping[str, Values], stamps: array[int]
) -> int:
    """Add pages with the columns; return how many."""
    pages = -(-len(ids) // PAGE)
    named = pages_of(ids)
    table.ids.extend(named)
    for name in columns:
        table.column(name)
    for name, column in table.columns.items():
        values = columns.get(name)
        if values is None or values is ids:  # a property that is the id: the same pages
            column.extend([EMPTY] * pages if values is None else named)
            continue
        if not isinstance(values, list):
            column.extend(table.numbers.fill(name, table.page_count, values))
            values = values[len(values) & ~LOW :].tolist()
        column.extend(pages_of(values))
    padded = stamps + array("q", [0]) * ((pages << SHIFT) - len(ids))
    table.stamps.extend(table.numbers.fill(STAMP, table.page_count, padded))
    table.page_count += pages
    return pages


def _index(table: Table, columns: Mapping[str, Values], first: int) -> None:
    for name, index in table.indexes.items():
        for row, value in enumerate(columns.get(name, ()), first):
            if value is not None:
                index.add(row, value)


def _pairs(table: RelationTable, src: Sequence[int], dst: Sequence[int], first: int) -> None:
    if table.has_pairs:
        add = table.pairs().add
        for row, (start, end) in enumerate(zip(src, dst, strict=True), first):
            add(row, start, end)


def _chain(
    table: RelationTable,
    heads: list[Page],
    next_: array[int],
    prev: array[int],
    nodes: array[int],
    first: int,
    blank: array[int],
) -> list[int]:
    """Put new rows before what hangs on their nodes; rows of one node follow each other.

    Returns the nodes that came often and may be hubs now.
    """
    ends = pl.DataFrame({"node": int_series(nodes)}).with_row_index("row", first)
    ends = ends.with_columns(pl.col("row").cast(pl.Int32))
    none = array("i", [NO_LINK]) * len(nodes)
    if ends["node"].n_unique() == len(nodes):
        for links in (next_, prev):
            links.extend(none)
            links.extend(blank)
        _set_heads(table, heads, next_, prev, ends.select("node", head="row", tail="row"))
        return []
    ends = ends.sort("node", maintain_order=True)
    node, row = ends["node"], ends["row"]
    is_last = (node != node.shift(-1)).fill_null(True)
    is_first = (node != node.shift(1)).fill_null(True)
    for links, near, is_end in (
        (next_, row.shift(-1), is_last),
        (prev, row.shift(1), is_first),
    ):
        chained = int_series(none).scatter(row - first, near.set(is_end, NO_LINK))
        links.extend(int_array(chained))
        links.extend(blank)
    groups = pl.DataFrame(
        {
            "node": node.filter(is_first),
            "head": row.filter(is_first),
            "tail": row.filter(is_last),
        }
    )
    count = is_last.arg_true() - is_first.arg_true() + 1
    often = groups["node"].filter(count >= _OFTEN).to_list()
    if often:  # of those that had none before, it is known already
        had = {n for n in often if heads[n >> SHIFT][n & LOW] != NO_LINK}
        had.update(groups["node"].filter(count >= HUB).to_list())
        often = [n for n in often if n in had]
    _set_heads(table, heads, next_, prev, groups)
    return often


def _set_heads(
    table: RelationTable,
    heads: list[Page],
    next_: array[int],
    prev: array[int],
    groups: pl.DataFrame,
) -> None:
    """Hang the chains from ``head`` to ``tail`` on their nodes."""
    if groups.height >= _MANY:
        groups = _set_pages(table, heads, groups)
    for node, head, tail in zip(*(groups[n].to_list() for n in groups.columns), strict=True):
        links = heads[node >> SHIFT]
        if links is NO_LINKS:
            links = table.set_heads(heads, node >> SHIFT)
        old = links[node & LOW]
        if old != NO_LINK:
            next_[tail] = old
            prev[old] = tail
        links[node & LOW] = head


def _set_pages(table: RelationTable, heads: list[Page], groups: pl.DataFrame) -> pl.DataFrame:
    """Make the pages of nodes without relations so far; return the chains of other pages."""
    pages = groups["node"] // PAGE
    present = pages.unique(maintain_order=True).to_list()
    blank = [page for page in present if heads[page] is NO_LINKS]
    if len(blank) * PAGE <= _DENSE * groups.height:  # whole pages at once
        number = pl.Series(range(len(blank)), dtype=pl.Int32)
        at = pages.replace_strict(pl.Series(blank, dtype=pl.Int32), number, default=None)
        is_blank = at.is_not_null()
        new = groups.with_columns(at=at).filter(is_blank)
        flat = pl.repeat(NO_LINK, len(blank) * PAGE, dtype=pl.Int32, eager=True)
        links = int_array(flat.scatter(new["at"] * PAGE + new["node"] % PAGE, new["head"]))
        for place, page in enumerate(blank):
            table.set_heads(heads, page, links[place * PAGE : (place + 1) * PAGE])
        return groups.filter(~is_blank)
    return groups


def handles_of(graph: Graph, source: int, ids: pl.Series) -> array[int]:
    """Return the handles of nodes by id; a node that is not there yet becomes a ghost."""
    index = graph.node_at[source]
    near = index.find_in_order(ids)
    if near is not None:
        return _int_array(near)
    first = index.find(ids[0])
    if first is not None and _are_next_to_each_other(graph.nodes, first, ids):
        return array("i", range(first, first + len(ids)))
    distinct = ids.unique(maintain_order=True)
    handles = index.find_all(distinct)
    new = np.flatnonzero(handles == UNKNOWN)
    for place, element_id in zip(new.tolist(), id_list(ids_at(distinct, new)), strict=True):
        handles[place] = graph.place(source, element_id, None)
    if len(distinct) < len(ids):
        found = pl.DataFrame({"id": distinct, "handle": handles})
        joined = ids.to_frame("id").join(found, on="id", how="left", maintain_order="left")
        handles = joined["handle"].to_numpy()
    return _int_array(handles)


def _are_next_to_each_other(table: Table, first: int, ids: pl.Series) -> bool:
    """Return whether ids stand in this order in the rows from one on."""
    last = first + len(ids) - 1
    if last >> SHIFT >= table.page_count or table.id_of(last) != ids[-1]:
        return False
    pages = chain.from_iterable(table.ids[first >> SHIFT : (last >> SHIFT) + 1])
    return list(islice(pages, first & LOW, (first & LOW) + len(ids))) == ids.to_list()


def _int_array(values: Ints) -> array[int]:
    out = array("i")
    out.frombytes(values.astype(np.int32).tobytes())
    return out


def int_series(values: array[int]) -> pl.Series:
    """Return a copy of 32-bit integers as a column."""
    return pl.Series(np.frombuffer(values.tobytes(), np.int32))


def int_array(column: pl.Series) -> array[int]:
    """Return a column of 32-bit integers without nulls as an array."""
    values = array("i")
    values.frombytes(buffer_of(column))
    return values


def buffer_of(column: pl.Series) -> memoryview:
    """Return the bytes of a numeric column without nulls, without a copy where it has one chunk."""
    return column.to_numpy().view(np.uint8).data
