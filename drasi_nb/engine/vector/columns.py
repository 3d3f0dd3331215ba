"""Columns of the store as Polars has them, each read once while the graph stands still."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from drasi_nb.store.graph import Graph
from drasi_nb.store.numbers import code_of
from drasi_nb.store.paging import EMPTY, PAGE, Page
from drasi_nb.store.relations import RelationTable

PIECE = 64  # pages that are read in one step
Kind = str  # "f" float, "i" int, "s" str, "b" bool, "0" nothing but nulls

_KINDS: dict[type, Kind] = {float: "f", int: "i", str: "s", bool: "b"}
_TYPES: dict[Kind, Any] = {
    "f": pl.Float64(), "i": pl.Int64(), "s": pl.String(), "b": pl.Boolean(), "0": pl.Int64()
}  # fmt: skip
_ARROW: dict[str, Any] = {"d": pa.float64(), "q": pa.int64()}


class UnsupportedError(Exception):
    """The columns at hand need row by row evaluation; never leaves the engine."""


class Column(NamedTuple):
    """A whole property, by row; rows of other pages are null.

    Attributes:
        values: As long as the table.
        kind: What all of its values are.
        low: The least integer; 0 of other kinds.
        high: The greatest.
    """

    values: pl.Series
    kind: Kind
    low: int
    high: int


class Reader:
    """Reads columns of one graph.

    Args:
        graph: It must not change while columns of it are in use.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._columns: dict[Any, Column] = {}

    def node(self, mask: list[bool], key: str) -> Iterator[None]:
        """Read a property of the nodes on the pages of a mask, in steps."""
        return self._read((id(mask), key), self.graph.nodes.column(key), mask)

    def relation(self, table: RelationTable, key: str) -> Iterator[None]:
        """Read a property of the relations of a type, in steps."""
        return self._read((id(table), key), table.column(key), None)

    def numbers(
        self, of: object, key: str, pages: list[Page], mask: list[bool] | None
    ) -> pl.Series | None:
        """Return numbers that were read, or that are pages of numbers for the most part and read fast.

        None of all others.
        """
        if (id(of), key) not in self._columns:
            seen = pages if mask is None else list(compress(pages, mask))
            if 2 * sum(type(page) is memoryview for page in seen) <= len(seen):
                return None
            try:
                for _ in self._read((id(of), key), pages, mask):
                    pass
            except UnsupportedError:
                return None
        column = self._columns[id(of), key]
        return column.values if column.kind in ("f", "i") else None

    def column(self, of: object, key: str) -> Column:
        """Return what was read of a mask or a table."""
        return self._columns[id(of), key]

    def _read(self, name: Any, pages: list[Page], mask: list[bool] | None) -> Iterator[None]:
        if name in self._columns:
            return
        pieces, kinds = list[pl.Series](), set[Kind]()
        for at in range(0, len(pages), PIECE):
            part = pages[at : at + PIECE]
            if mask is not None:
                wanted = mask[at : at + PIECE]
                part = [
                    page if seen else EMPTY for page, seen in zip(part, wanted, strict=True)
                ]
            piece, kind = _piece(part)
            pieces.append(piece)
            kinds.add(kind)
            yield
        kinds.discard("0")
        if len(kinds) > 1:
            raise UnsupportedError("values of several types")
        kind = kinds.pop() if kinds else "0"
        dtype = _TYPES[kind]
        values = pl.concat(
            [p if p.dtype == dtype else p.cast(dtype) for p in pieces]
            or [pl.Series([], dtype=dtype)]
        )
        low = high = 0
        if kind == "i":
            low, high = (int(v or 0) for v in (values.min(), values.max()))  # type: ignore[arg-type]
        self._columns[name] = Column(values, kind, low, high)


def _piece(pages: list[Page]) -> tuple[pl.Series, Kind]:
    code = code_of(pages)
    if code:
        return numbers(b"".join(pages), code), "f" if code == "d" else "i"
    values = list[Any]()
    for page in pages:
        values.extend(page)
    return _uniform(values, set(map(type, values)))


def column_of(values: list[Any]) -> Column:
    """Return values of one type as a column.

    Raises:
        UnsupportedError: They are of several types, or of one that Polars has not.
    """
    series, kind = _uniform(values, set(map(type, values)))
    low = high = 0
    if kind == "i":
        low, high = (int(v or 0) for v in (series.min(), series.max()))  # type: ignore[arg-type]
    return Column(series, kind, low, high)


def _uniform(values: list[Any], kinds: set[type]) -> tuple[pl.Series, Kind]:
    kinds.discard(type(None))
    if not kinds:
        return pl.repeat(None, len(values), dtype=pl.Int64, eager=True), "0"
    if len(kinds) > 1 or next(iter(kinds)) not in _KINDS:
        raise UnsupportedError("values that Polars has not, or of several types")
    kind = _KINDS[kinds.pop()]
    try:
        return pl.Series(values, dtype=_TYPES[kind]), kind
    except UnicodeEncodeError:
        raise UnsupportedError("text with half a surrogate pair") from None


def numbers(data: bytes, code: str) -> pl.Series:
    """Return the bytes of 64-bit floats ("d") or integers ("q") as a column."""
    kind = _ARROW[code]
    column = pl.from_arrow(
        pa.Array.from_buffers(kind, len(data) // 8, [None, pa.py_buffer(data)])
    )
    assert isinstance(column, pl.Series)
    return column


def pages_under(mask: list[bool], most: int) -> Iterator[list[int]]:
    """Yield the numbers of the pages of a mask, so many at a time."""
    numbers_ = [page for page, seen in enumerate(mask) if seen]
    for at in range(0, len(numbers_), most):
        yield numbers_[at : at + most]


def living(ids: list[Page], pages: list[int]) -> pl.Series:
    """Return the rows of pages where an element lives."""
    pieces, at = list[pl.Series](), 0
    while at < len(pages):
        first = at
        while (
            at < len(pages)
            and pages[at] == pages[first] + at - first
            and None not in ids[pages[at]]
        ):
            at += 1
        start = pages[first] * PAGE
        if at > first:  # full pages that follow each other
            stop = start + (at - first) * PAGE
            pieces.append(pl.int_range(start, stop, dtype=pl.Int32, eager=True))
            continue
        rows = [start + place for place, name in enumerate(ids[pages[at]]) if name is not None]
        pieces.append(pl.Series(rows, dtype=pl.Int32))
        at += 1
    if len(pieces) == 1:
        return pieces[0]
    return pl.concat(pieces, rechunk=True) if pieces else pl.Series([], dtype=pl.Int32)
