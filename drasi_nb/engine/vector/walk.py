"""All matches of a pattern as frames of handles, a part of the graph at a time.

Columns: ``n0``, ``n1``, .. handles of the node slots, ``r0``, .. rows of the relation slots.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np
import polars as pl

from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.vector.columns import UnsupportedError, living, pages_under
from drasi_nb.language.labels import plain_types
from drasi_nb.plan.nodes import Match
from drasi_nb.store.load import int_series
from drasi_nb.store.numbers import Ints
from drasi_nb.store.paging import NO_LINK, PAGE, SHIFT
from drasi_nb.store.relations import RelationTable

PAGES = 32  # of the first slot, in one part
_MOST, _MOST_EACH = 100_000, 64  # relations that are gone over at once, and more for each node
_MOST_LINKS = 4_096  # relations of one node


class Pattern:
    """A connected pattern in which every relation has one type and one length.

    Args:
        match: The pattern; its filters are the caller's.
        view: What is seen.

    Raises:
        UnsupportedError: The pattern is another one.
    """

    def __init__(self, match: Match, view: View) -> None:
        self.match, self.view = match, view
        self.tables = [self._table(i) for i in range(len(match.relations))]
        self.masks = [view.graph.nodes.mask(slot.labels, view.sources) for slot in match.nodes]
        self._order = self._connected()

    def size(self) -> int:
        """Return how many nodes the first slot has at most, or rows the first relation."""
        rows = self.tables[0].page_count if self.tables else 0
        return max(rows, sum(self.masks[0])) * PAGE

    def _table(self, i: int) -> RelationTable:
        slot = self.match.relations[i]
        names = plain_types(slot.types)
        if names is None or len(names) != 1 or slot.length is not None:
            raise UnsupportedError("a relation of several types or lengths")
        return self.view.graph.type_table(next(iter(names)))

    def _connected(self) -> list[int]:
        """Return the relations in an order in which each meets those before."""
        relations = self.match.relations
        if not relations:
            if len(self.match.nodes) != 1:
                raise UnsupportedError("patterns that do not meet")
            return []
        order, reached = [0], {relations[0].start, relations[0].end}
        while len(order) < len(relations):
            following = [
                i
                for i, slot in enumerate(relations)
                if i not in order and (slot.start in reached or slot.end in reached)
            ]
            if not following:
                raise UnsupportedError("patterns that do not meet")
            order.append(following[0])
            reached |= {relations[following[0]].start, relations[following[0]].end}
        if len(reached) < len(self.match.nodes):
            raise UnsupportedError("patterns that do not meet")
        return order

    def parts(self) -> Iterator[pl.DataFrame | None]:
        """Yield the matches in parts; None between them, where work may be left off."""
        graph = self.view.graph
        if not self._order:
            for pages in pages_under(self.masks[0], PAGES):
                yield pl.DataFrame({"n0": living(graph.nodes.ids, pages)})
            return
        others = dict[int, pl.DataFrame]()
        for i in self._order[1:]:
            pieces = list[pl.DataFrame]()
            for piece in self._relations(i):
                pieces.append(piece)
                yield None
            others[i] = pl.concat(pieces) if pieces else self._rows(i, [])
        for part in self._relations(self._order[0]):
            frame = part
            for other in others.values():
                shared = [name for name in other.columns if name in frame.columns]
                frame = frame.join(other, on=shared, how="inner")
            for a, b in self.match.unique:
                if self.tables[a] is self.tables[b]:
                    frame = frame.filter(pl.col(f"r{a}") != pl.col(f"r{b}"))
            yield frame

    def through(self, i: int, rows: range | list[int]) -> pl.DataFrame:
        """Return the matches that hold relations in a slot."""
        table = self.tables[i]
        sides = [
            int_series(ends[rows.start : rows.stop])
            if isinstance(rows, range)
            else pl.Series([ends[row] for row in rows], dtype=pl.Int32)
            for ends in (table.src, table.dst)
        ]
        frame = self._placed(i, pl.Series(rows, dtype=pl.Int32), sides)
        slot = self.match.relations[i]
        todo = [other for other in range(len(self.tables)) if other != i]
        return self._grown(frame, {slot.start, slot.end}, todo)

    def _grown(self, frame: pl.DataFrame, bound: set[int], todo: list[int]) -> pl.DataFrame:
        """Go over the relations that are left, from the nodes that are bound."""
        while todo:
            relations = self.match.relations
            i = next(i for i in todo if {relations[i].start, relations[i].end} & bound)
            todo.remove(i)
            frame = self._stepped(frame, i, bound)
            bound |= {relations[i].start, relations[i].end}
        for a, b in self.match.unique:
            if self.tables[a] is self.tables[b]:
                frame = frame.filter(pl.col(f"r{a}") != pl.col(f"r{b}"))
        return frame

    def around(self, slot: int, handles: Ints) -> pl.DataFrame:
        """Return the matches that hold nodes in a slot, each with the place of its node, "#"."""
        frame = pl.DataFrame(
            {f"n{slot}": pl.Series(handles, dtype=pl.Int32), "#": np.arange(len(handles))}
        )
        return self._grown(frame, {slot}, list(range(len(self.tables))))

    def _stepped(self, frame: pl.DataFrame, i: int, bound: set[int]) -> pl.DataFrame:
        """Go from the nodes of a frame over one relation; both ends may be bound."""
        slot, table = self.match.relations[i], self.tables[i]
        near, far = (slot.start, slot.end) if slot.start in bound else (slot.end, slot.start)
        out_of = (table.first_out, table.next_out, table.dst)
        into = (table.first_in, table.next_in, table.src)
        ways = [out_of, into] if near == slot.start else [into, out_of]
        if slot.directed:
            del ways[1]
        handles = frame[f"n{near}"].to_numpy().astype(np.int64)
        parts = list[tuple[Ints, Ints, Ints]]()
        for way, (heads, links, others) in enumerate(ways):
            at, found = _chained(table.heads_of(heads, handles), links)
            ends = _taken(others, found)
            if way:  # a self-loop runs one way
                kept = ends != handles[at]
                at, found, ends = at[kept], found[kept], ends[kept]
            parts.append((at, found, ends))
        places, rows, ends = (np.concatenate(some) for some in zip(*parts, strict=True))
        if len(places) != len(handles) or (places != np.arange(len(places))).any():
            frame = frame[pl.Series(places)]
        frame = frame.hstack([pl.Series(f"r{i}", rows, dtype=pl.Int32)])
        if far in bound or far == near:
            holds = frame[f"n{far}"].to_numpy() == ends
        else:
            frame = frame.hstack([pl.Series(f"n{far}", ends, dtype=pl.Int32)])
            holds = np.array(self.masks[far], np.bool_)[ends >> SHIFT]
        return frame if holds.all() else frame.filter(holds)

    def _relations(self, i: int) -> Iterator[pl.DataFrame]:
        """Yield the relations that fit a slot, with both ends."""
        pages = self.tables[i].page_count
        for at in range(0, pages, PAGES):
            yield self._rows(i, list(range(at, min(pages, at + PAGES))))

    def _rows(self, i: int, pages: list[int]) -> pl.DataFrame:
        table = self.tables[i]
        rows = living(table.ids, pages)
        low, high = (pages[0] * PAGE, (pages[-1] + 1) * PAGE) if pages else (0, 0)
        whole = len(rows) == high - low
        sides = [
            _gathered(ends, low, high, None if whole else rows - low)
            for ends in (table.src, table.dst)
        ]
        return self._placed(i, rows, sides)

    def _placed(self, i: int, rows: pl.Series, sides: list[pl.Series]) -> pl.DataFrame:
        """Return relations with both ends as they fit a slot; undirected ones fit two ways."""
        slot = self.match.relations[i]
        start, end = f"n{slot.start}", f"n{slot.end}"
        if start == end:
            frame = pl.DataFrame({f"r{i}": rows, start: sides[0], "#": sides[1]})
            frame = frame.filter(pl.col(start) == pl.col("#")).drop("#")
        else:
            frame = pl.DataFrame({f"r{i}": rows, start: sides[0], end: sides[1]})
            if not slot.directed:  # a self-loop runs one way
                turned = frame.filter(pl.col(start) != pl.col(end))
                turned = turned.select(
                    f"r{i}", pl.col(end).alias(start), pl.col(start).alias(end)
                )
                frame = pl.concat([frame, turned])
        for node in {slot.start, slot.end}:
            frame = frame.filter(labelled(self.masks[node], f"n{node}"))
        return frame


def _chained(rows: Ints, links: array[int]) -> tuple[Ints, Ints]:
    """Return all relations in chains that begin with some, each with the place of its chain.

    Raises:
        UnsupportedError: They are very many.
    """
    places, most, count = np.arange(len(rows)), _MOST + len(rows) * _MOST_EACH, 0
    found = list[tuple[Ints, Ints]]()
    while True:
        there = np.flatnonzero(rows != NO_LINK)
        if len(there) < len(rows):
            places, rows = places[there], rows[there]
        found.append((places, rows))
        count += len(rows)
        if not len(rows):
            break
        if count > most or len(found) > _MOST_LINKS:
            raise UnsupportedError("very many relations")
        rows = _taken(links, rows)
    return np.concatenate([at for at, _ in found]), np.concatenate([some for _, some in found])


def _taken(values: array[int], rows: Ints) -> Ints:
    """Return some of 32-bit integers; nothing holds them afterwards, so that they may grow."""
    if not len(rows):
        return rows
    return np.frombuffer(values, np.int32)[rows].astype(np.int64)


def _gathered(ends: array[int], low: int, high: int, places: pl.Series | None) -> pl.Series:
    column = int_series(ends[low:high])
    return column if places is None else column.gather(places)


def labelled(mask: list[bool], handles: str) -> pl.Expr:
    """Return whether the nodes of a column of handles lie on the pages of a mask."""
    return pl.lit(pl.Series(mask, dtype=pl.Boolean)).gather(pl.col(handles) // PAGE)
