"""Many updates at once, as columns: what a frame or a uniform batch becomes on its way into the store."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias, cast

import numpy as np
import polars as pl

from drasi_nb.store.hashing import Ints
from drasi_nb.store.ids import Ids, id_list
from drasi_nb.values.change import UPDATE, Accepted

Values: TypeAlias = "list[Any] | array[float] | array[int]"
"""A column: any values, or exactly floats or ints without nulls."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Updates of elements with the same labels; an unknown id is inserted.

    Attributes:
        ids: Of the elements; of a frame, its column.
        labels: Of every node; the one type of every relation. None, of nodes, leaves labels alone.
        properties: Columns, as long as ``ids``; one that is the ids is the same object.
        starts: Ids of where the relations start, all text or all integers; None of nodes.
        ends: Ids of where they end.
        op: ``UPDATE`` merges properties, ``INSERT`` replaces a known element.
        repeats: Whether an id may come again; then the later row is the later change.
    """

    ids: Ids
    labels: tuple[str, ...] | None
    properties: Mapping[str, Values | Ids]
    starts: pl.Series | None = None
    ends: pl.Series | None = None
    op: int = UPDATE
    repeats: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Accepted]:
        """Yield the updates one by one."""
        ids, columns = self.listed()
        names, labels, op = tuple(columns), self.labels, self.op
        rows = zip(*columns.values(), strict=True) if names else repeat((), len(self))
        starts, ends = (
            repeat(None) if side is None else side.to_list()
            for side in (self.starts, self.ends)
        )
        for element_id, row, start, end in zip(ids, rows, starts, ends):  # noqa: B905
            properties = dict(zip(names, row, strict=True)) or None
            yield Accepted(op, element_id, labels, properties, start, end, None)

    def has_repeats(self) -> bool:
        """Return whether an id comes again. Cost: where one may, a look at all."""
        return self.repeats and len(set(id_list(self.ids))) < len(self.ids)

    def listed(self) -> tuple[list[Any], dict[str, Values]]:
        """Return ids and properties, both without columns of Polars."""
        ids, mine = id_list(self.ids), self.ids
        every = {name: ids if v is mine else v for name, v in self.properties.items()}
        return ids, cast("dict[str, Values]", every)

    def at(self, places: list[int] | Ints) -> Columns:
        """Return the rows at some places."""
        numbers = np.asarray(places)
        listed = places if isinstance(places, list) else numbers.tolist()
        return self._of(lambda values: _some(values, numbers, listed))

    def part(self, start: int, stop: int) -> Columns:
        """Return the rows from one place to another."""
        if not start and stop >= len(self):
            return self
        return self._of(lambda values: values[start:stop])

    def _of(self, some: Callable[[Any], Any]) -> Columns:
        ids = some(self.ids)
        properties = {
            name: ids if values is self.ids else some(values)
            for name, values in self.properties.items()
        }
        return Columns(
            ids,
            self.labels,
            properties,
            None if self.starts is None else some(self.starts),
            None if self.ends is None else some(self.ends),
            self.op,
            self.repeats,
        )


def _some(values: Any, places: Ints, listed: list[int]) -> Any:
    if isinstance(values, array):
        some = np.frombuffer(values, values.typecode)[places]
        return array(values.typecode, some.tobytes())
    return (
        values[listed]
        if isinstance(values, pl.Series)
        else list(map(values.__getitem__, listed))
    )


@dataclass(frozen=True, slots=True)
class Mixed:
    """Changes of several forms, those of one form together; no id is in two of them.

    Attributes:
        groups: The changes of each form, nodes first.
        places: Where each change of a group stands among all, ascending.
    """

    groups: list[list[Accepted] | Columns]
    places: list[list[int]]

    def __len__(self) -> int:
        return sum(map(len, self.places))

    def __iter__(self) -> Iterator[Accepted]:
        """Yield the changes in their order."""
        order = sorted(
            (place, group, n)
            for group, places in enumerate(self.places)
            for n, place in enumerate(places)
        )
        changes = [list(group) for group in self.groups]
        for _, group, n in order:
            yield changes[group][n]

    def part(self, start: int, stop: int) -> Mixed:
        """Return the changes from one place to another."""
        groups, kept = list[Any](), list[list[int]]()
        first = min(places[0] for places in self.places)
        for group, places in zip(self.groups, self.places, strict=True):
            low, high = (bisect_left(places, first + place) for place in (start, stop))
            if low < high:
                groups.append(
                    group.part(low, high) if isinstance(group, Columns) else group[low:high]
                )
                kept.append(places[low:high])
        return Mixed(groups, kept)


Batch = list[Accepted] | Columns | Mixed
"""Changes that are never split over two ticks."""


def last_time_ms(batch: Batch) -> int | None:
    """Return when the last change of a batch says that it became true."""
    if type(batch) is list:  # most often
        return batch[-1].time_ms
    if isinstance(batch, Mixed):
        last = max(range(len(batch.groups)), key=lambda group: batch.places[group][-1])
        return last_time_ms(batch.groups[last])
    return None
