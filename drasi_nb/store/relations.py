"""The relations of one type: rows that are linked in two chains, out of and into a node."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np

from drasi_nb.language import ast
from drasi_nb.language.labels import holds
from drasi_nb.store.indexes import PairIndex
from drasi_nb.store.numbers import Ints, Numbers
from drasi_nb.store.paging import LOW, NO_LINK, NO_LINKS, PAGE, SHIFT, Page
from drasi_nb.store.table import Table

HUB = 4_096  # relations of one type and direction that make a node a hub


class RelationTable(Table):
    """The relations of one type, by row; chains end in -1."""

    def __init__(self, number: int, name: str, hubs: set[int]) -> None:
        super().__init__()
        self.number, self.name, self.hubs = number, name, hubs
        self.free: list[int] = []
        self.src, self.dst = array("i"), array("i")
        self.next_out, self.prev_out = array("i"), array("i")
        self.next_in, self.prev_in = array("i"), array("i")
        self.first_out: list[Page] = []  # by node, as pages of numbers
        self.first_in: list[Page] = []
        self._heads = Numbers()
        self._pairs: PairIndex | None = None

    def is_of(self, types: ast.LabelExpr | None) -> bool:
        """Return whether the type satisfies an expression."""
        return holds(types, (self.name,))

    @property
    def has_pairs(self) -> bool:
        """Return whether there is an index by both ends."""
        return self._pairs is not None

    def pairs(self) -> PairIndex:
        """Return the live index by both ends; made on first sight."""
        if self._pairs is None:
            self._pairs = PairIndex(self.ids, self.src, self.dst)
        return self._pairs

    def move_end(self, row: int, ends: array[int], node: int) -> None:
        """Give one end of a relation another handle; chains are the caller's."""
        if self._pairs is not None:
            self._pairs.drop(row, self.src[row], self.dst[row])
        ends[row] = node
        if self._pairs is not None:
            self._pairs.add(row, self.src[row], self.dst[row])

    def allocate(self) -> int:
        """Return the number of a free row, all null."""
        if not self.free:
            if self.page_count:
                self.pack(self.page_count - 1)
            page = self.add_page()
            for column in (self.src, self.dst, self.next_out, self.prev_out, self.next_in,
                           self.prev_in):  # fmt: skip
                column.extend(NO_LINKS)
            self.free.extend(range((page + 1) * PAGE - 1, page * PAGE - 1, -1))
        return self.free.pop()

    def set_heads(self, heads: list[Page], page: int, links: array[int] = NO_LINKS) -> Page:
        """Give the nodes of a page first relations of their own."""
        name = "out" if heads is self.first_out else "in"
        (made,) = heads[page : page + 1] = self._heads.fill(name, page, links)
        return made

    def heads_of(self, heads: list[Page], nodes: Ints) -> Ints:
        """Return the first relations of nodes, -1 of those that have none."""
        pages = nodes >> SHIFT
        seen = np.zeros(len(heads), np.bool_)
        seen[pages] = True
        for page in np.flatnonzero(seen).tolist():
            seen[page] = heads[page] is not NO_LINKS
        some = np.flatnonzero(seen[pages])
        found = np.full(len(nodes), NO_LINK, np.int64)
        if len(some):
            name = "out" if heads is self.first_out else "in"
            found[some] = self._heads.read(name, "i", nodes[some])
        return found

    def link(self, row: int, src: int, dst: int) -> None:
        """Put a row at the head of the chains of its ends."""
        self.src[row], self.dst[row] = src, dst
        self._push(self.first_out, src, row, self.next_out, self.prev_out)
        self._push(self.first_in, dst, row, self.next_in, self.prev_in)
        if self._pairs is not None:
            self._pairs.add(row, src, dst)
        if not row & LOW:  # now and then: a hub has many
            self.look_for_hubs((src, dst))

    def _push(
        self, heads: list[Page], node: int, row: int, next_: array[int], prev: array[int]
    ) -> None:
        page = node >> SHIFT
        head = heads[page]
        if head is NO_LINKS:
            head = self.set_heads(heads, page)
        old = head[node & LOW]
        next_[row], prev[row] = old, NO_LINK
        if old != NO_LINK:
            prev[old] = row
        head[node & LOW] = row

    def look_for_hubs(self, nodes: Iterable[int]) -> None:
        """Note which of some nodes have very many relations. Cost: up to ``HUB`` a node."""
        for node in nodes:
            for heads, next_ in (
                (self.first_out, self.next_out),
                (self.first_in, self.next_in),
            ):
                row, count = heads[node >> SHIFT][node & LOW], 0
                while row != NO_LINK and count < HUB:
                    row, count = next_[row], count + 1
                if count == HUB:
                    self.hubs.add(node)

    def unlink(self, row: int) -> None:
        """Take a row out of both chains."""
        _drop(self.first_out, self.src[row], row, self.next_out, self.prev_out)
        _drop(self.first_in, self.dst[row], row, self.next_in, self.prev_in)
        if self._pairs is not None:
            self._pairs.drop(row, self.src[row], self.dst[row])


def _drop(heads: list[Page], node: int, row: int, next_: array[int], prev: array[int]) -> None:
    after, before = next_[row], prev[row]
    if before == NO_LINK:
        heads[node >> SHIFT][node & LOW] = after
    else:
        next_[before] = after
    if after != NO_LINK:
        prev[after] = before
