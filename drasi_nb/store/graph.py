"""The shared property graph: nodes and relations of all sources, in pages.

A *handle* is the row number of a node. All nodes of a page have the same source and label
set (their *group*), so a label test is one look-up per page. A relation whose end is unknown
hangs on a *ghost*: a node of the group without labels, which no pattern matches.
Relations are rows of their type's table, linked in two chains, out of and into a node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drasi_nb.language import ast
from drasi_nb.language.labels import holds
from drasi_nb.store.ids import IdIndex
from drasi_nb.store.paging import EMPTY, LOW, NO_LINK, NO_LINKS, PAGE, SHIFT
from drasi_nb.store.relations import RelationTable
from drasi_nb.store.table import Table
from drasi_nb.values.graph import Node, Relation

TABLE_BITS = 16  # of an integer in ``Graph.relation_at``: the number of the table
_TABLE = (1 << TABLE_BITS) - 1


class Group:
    """The nodes of one source with one label set; ``labels`` is None for ghosts."""

    __slots__ = ("free", "labels", "newest", "number", "source", "spelled")

    def __init__(self, number: int, source: int, labels: frozenset[str] | None) -> None:
        self.number, self.source, self.labels = number, source, labels
        self.free: list[int] = []
        self.newest: int | None = None  # the page that the free handles were of at first
        self.spelled: tuple[str, ...] | None = None  # the last spelling seen of the same labels

    def is_labelled(self, labels: tuple[str, ...]) -> bool:
        """Return whether these are the labels of the group, in whatever order."""
        if labels == self.spelled:
            return True
        if frozenset(labels) != self.labels:
            return False
        self.spelled = labels
        return True


class NodeTable(Table):
    """Nodes by handle."""

    def __init__(self) -> None:
        super().__init__()
        self.page_group: list[Group] = []
        self.released = 0  # handles that were given back so far
        self.groups: dict[tuple[int, frozenset[str] | None], Group] = {}
        self.masks: dict[tuple[ast.LabelExpr | None, frozenset[int]], list[bool]] = {}

    def group(self, source: int, labels: frozenset[str] | None) -> Group:
        """Return the group of a source and label set."""
        key = (source, labels)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(len(self.groups), source, labels)
        return group

    def mask(self, labels: ast.LabelExpr | None, sources: frozenset[int]) -> list[bool]:
        """Return the live list that says, per page, whether its nodes match."""
        key = (labels, sources)
        mask = self.masks.get(key)
        if mask is None:
            mask = [admits(group, labels, sources) for group in self.page_group]
            self.masks[key] = mask
        return mask


def admits(group: Group, labels: ast.LabelExpr | None, sources: frozenset[int]) -> bool:
    """Return whether the nodes of a group are seen by a pattern over ``sources``."""
    if group.labels is None or group.source not in sources:
        return False
    return holds(labels, group.labels)


class Graph:
    """Nodes, relations and the look-up by id. The engine is the only writer."""

    def __init__(self) -> None:
        self.nodes = NodeTable()
        self.types: dict[str, RelationTable] = {}
        self.tables: list[RelationTable] = []
        self.source_numbers: dict[str, int] = {}
        self.source_ids: list[str] = []
        self.node_at: list[IdIndex] = []
        self.relation_at: list[IdIndex] = []  # (row, number of the table) in one integer
        self.hubs: set[int] = set()  # nodes with very many relations, found sooner or later
        self.unindexed: list[IdIndex] = []  # those that came in bulk since ``indexing()``

    def source(self, source_id: str) -> int:
        """Return the number of a source, given on first sight."""
        number = self.source_numbers.get(source_id)
        if number is None:
            number = self.source_numbers[source_id] = len(self.source_ids)
            self.source_ids.append(source_id)
            self.node_at.append(IdIndex())
            self.relation_at.append(IdIndex())
        return number

    def type_table(self, name: str) -> RelationTable:
        """Return the table of a relation type, made on first sight."""
        table = self.types.get(name)
        if table is None:
            table = self.types[name] = RelationTable(len(self.tables), name, self.hubs)
            table.first_out = [NO_LINKS] * self.nodes.page_count
            table.first_in = [NO_LINKS] * self.nodes.page_count
            self.tables.append(table)
        return table

    def indexing(self) -> Iterator[None]:
        """Make in steps of a few ms what finds ids that came in bulk, before somebody looks."""
        while self.unindexed:
            yield from self.unindexed[-1].indexing()
            self.unindexed.pop()

    # -- nodes --------------------------------------------------------------------------

    def allocate(self, group: Group) -> int:
        """Return a free handle of a group, all null, without relations."""
        if not group.free:
            if group.newest is not None:
                self.nodes.pack(group.newest)
            page = group.newest = self.nodes.add_page()
            self.nodes.page_group.append(group)
            for table in self.tables:
                table.first_out.append(NO_LINKS)
                table.first_in.append(NO_LINKS)
            for (labels, sources), mask in self.nodes.masks.items():
                mask.append(admits(group, labels, sources))
            group.free.extend(range((page + 1) * PAGE - 1, page * PAGE - 1, -1))
        return group.free.pop()

    def place(self, source: int, element_id: Any, labels: frozenset[str] | None) -> int:
        """Give an id a fresh handle with these labels; its relations, if it had any, come along."""
        handle = self.allocate(self.nodes.group(source, labels))
        self.nodes.set_id(handle, element_id)
        old = self.node_at[source].put(element_id, handle)
        if old is not None:
            self._move_relations(old, handle)
            if old in self.hubs:
                self.hubs.add(handle)
            self._free(old)
        return handle

    def _free(self, handle: int) -> None:
        self.hubs.discard(handle)
        self.nodes.released += 1
        self.nodes.clear(handle)
        self.nodes.set_id(handle, None)
        self.nodes.page_group[handle >> SHIFT].free.append(handle)

    def _move_relations(self, old: int, new: int) -> None:
        page, place = old >> SHIFT, old & LOW
        for table in self.tables:
            for heads, ends, next_ in (
                (table.first_out, table.src, table.next_out),
                (table.first_in, table.dst, table.next_in),
            ):
                head = row = heads[page][place]
                if head == NO_LINK:
                    continue
                while row != NO_LINK:
                    table.move_end(row, ends, new)
                    row = next_[row]
                heads[page][place] = NO_LINK
                if heads[new >> SHIFT] is NO_LINKS:
                    table.set_heads(heads, new >> SHIFT)
                heads[new >> SHIFT][new & LOW] = head

    def is_linked(self, handle: int) -> bool:
        """Return whether a node has any relation."""
        page, place = handle >> SHIFT, handle & LOW
        return any(
            table.first_out[page][place] != NO_LINK or table.first_in[page][place] != NO_LINK
            for table in self.tables
        )

    def remove_node(self, source: int, element_id: Any) -> None:
        """Forget a node; relations that hang on it dangle from a ghost."""
        handle = self.node_at[source].find(element_id)
        assert handle is not None
        if self.is_linked(handle):
            self.place(source, element_id, None)
        else:
            self.node_at[source].pop(element_id)
            self._free(handle)

    # -- relations ----------------------------------------------------------------------

    def _end(self, source: int, element_id: Any) -> int:
        handle = self.node_at[source].find(element_id)
        return self.place(source, element_id, None) if handle is None else handle

    def insert_relation(
        self, source: int, element_id: Any, type_: str, start: Any, end: Any
    ) -> tuple[RelationTable, int]:
        """Add a relation without properties; unknown ends become ghosts."""
        table = self.type_table(type_)
        src, dst = self._end(source, start), self._end(source, end)
        row = table.allocate()
        table.set_id(row, element_id)
        table.link(row, src, dst)
        self.relation_at[source].put(element_id, row << TABLE_BITS | table.number)
        return table, row

    def relation_place(self, source: int, element_id: Any) -> tuple[RelationTable, int] | None:
        """Return the table and row of a relation, None where there is none of that id."""
        code = self.relation_at[source].find(element_id)
        return None if code is None else self.place_of(code)

    def place_of(self, code: int) -> tuple[RelationTable, int]:
        """Return the table and row that a value of ``relation_at`` stands for."""
        return self.tables[code & _TABLE], code >> TABLE_BITS

    def remove_relation(self, source: int, element_id: Any) -> None:
        """Forget a relation, and ghosts that only it held."""
        table, row = self.place_of(self.relation_at[source].pop(element_id))
        ends = {table.src[row], table.dst[row]}
        table.unlink(row)
        table.clear(row)
        table.set_id(row, None)
        table.free.append(row)
        for handle in ends:
            if self.nodes.page_group[handle >> SHIFT].labels is None and not self.is_linked(
                handle
            ):
                self.node_at[source].pop(self.nodes.id_of(handle))
                self._free(handle)

    # -- reading ------------------------------------------------------------------------

    def is_ghost(self, handle: int) -> bool:
        """Return whether a handle stands for a node that is not there."""
        return self.nodes.page_group[handle >> SHIFT].labels is None

    def node(self, handle: int) -> Node:
        """Return a node as a value."""
        group = self.nodes.page_group[handle >> SHIFT]
        node = Node(
            self.nodes.id_of(handle),
            sorted(group.labels or ()),
            self.nodes.properties(handle),
            self.source_ids[group.source],
        )
        node.stamp = self.nodes.stamps[handle >> SHIFT][handle & LOW]
        return node

    def relation(self, table: RelationTable, row: int) -> Relation:
        """Return a relation as a value."""
        id_of, src = self.nodes.id_of, table.src[row]
        source = self.source_ids[self.nodes.page_group[src >> SHIFT].source]
        relation = Relation(
            table.id_of(row),
            table.name,
            id_of(src),
            id_of(table.dst[row]),
            table.properties(row),
            source,
        )
        relation.stamp = table.stamps[row >> SHIFT][row & LOW]
        return relation

    def all_nodes(self, sources: frozenset[int]) -> Iterator[Node]:
        """Yield every node of the sources."""
        for number in sorted(sources):
            for handle in self.node_at[number].values():
                if not self.is_ghost(handle):
                    yield self.node(handle)

    def all_relations(self, sources: frozenset[int]) -> Iterator[Relation]:
        """Yield every relation of the sources, dangling ones too."""
        for number in sorted(sources):
            for code in self.relation_at[number].values():
                yield self.relation(*self.place_of(code))

    def schema(self) -> dict[str, list[str]]:
        """Return the property names seen per label and relation type, sorted."""
        seen: dict[str, set[str]] = {}
        for page, group in enumerate(self.nodes.page_group):
            names = {
                name for name, pages in self.nodes.columns.items() if pages[page] is not EMPTY
            }
            for label in group.labels or ():
                seen.setdefault(label, set()).update(names)
        for table in self.tables:
            seen.setdefault(table.name, set()).update(table.columns)
        return {label: sorted(names) for label, names in sorted(seen.items())}
