"""From frames to updates as columns, and what differs between two frames."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from drasi_nb.errors import ChangeError, shown
from drasi_nb.store.batch import Columns, Values
from drasi_nb.store.ids import are_distinct
from drasi_nb.store.load import buffer_of
from drasi_nb.values.change import DELETE, INSERT, UPDATE, Accepted, stored_value
from drasi_nb.values.temporal.types import (
    DAY,
    SECOND,
    Date,
    Duration,
    LocalDateTime,
    LocalTime,
    at_moment,
)

_ID, _START, _END = (
    "\0id",
    "\0start",
    "\0end",
)  # beside columns of users, which may be called "id"

_KNOWN = "\0known"


@dataclass(frozen=True, slots=True)
class Elements:
    """A frame of nodes or relations that was checked.

    Attributes:
        keys: The ids, and of relations where they start and end.
        properties: The columns that become properties.
        labels: Of all of them; the one type of relations.
        id_property: The property that has the ids too.
    """

    keys: pl.DataFrame
    properties: pl.DataFrame
    labels: tuple[str, ...]
    id_property: str | None = None

    def columns(self, op: int = UPDATE) -> Columns:
        """Return the rows as updates, or as inserts."""
        keys, ids = self.keys, self.keys[_ID]
        values: dict[str, Values | pl.Series] = {
            column.name: ids if column.name == self.id_property else _values(column)
            for column in self.properties
        }
        if _START not in keys.columns:
            return Columns(ids, self.labels, values, op=op)
        return Columns(ids, self.labels, values, keys[_START], keys[_END], op)

    def owned(self) -> Elements:
        """Return the same in memory of its own: an array that a frame was made of may be written."""
        return replace(self, keys=_copied(self.keys), properties=_copied(self.properties))

    def rows(self, places: pl.Series) -> Elements:
        """Return some of the rows."""
        return replace(self, keys=self.keys[places], properties=self.properties[places])


def _copied(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.all().gather(pl.int_range(pl.len())))


def as_polars(frame: Any) -> pl.DataFrame:
    """Return a frame of any kind as Polars, without copying where the kind allows it.

    Raises:
        ChangeError: It is no frame.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        raise ChangeError("a LazyFrame has no rows yet; pass frame.collect()")
    try:
        if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
            return pl.DataFrame(frame)
        if type(frame).__module__.partition(".")[0] == "pandas":
            converted: pl.DataFrame = pl.from_pandas(frame)
            return converted
    except Exception as error:
        raise ChangeError(f"the frame cannot be read: {error}") from error
    raise ChangeError(f"expected a Polars, pandas or Arrow frame, got {type(frame).__name__}")


def _key(frame: pl.DataFrame, name: str, role: str, key: str) -> pl.Series:
    """Return a column of ids, checked."""
    if name not in frame.columns:
        raise ChangeError(
            f"the frame has no column {name!r} ({role}); it has {', '.join(frame.columns)}"
        )
    column = frame[name]
    if column.dtype.is_integer():
        column = _in_64_bits(column)
    elif isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    elif column.dtype.is_float() and column.is_nan().any():
        raise ChangeError(
            f"column {name!r} ({role}): NaN is no id", index=column.is_nan().arg_max()
        )
    else:
        raise ChangeError(
            f"column {name!r} ({role}) must be text or integers, is {column.dtype}"
        )
    if column.null_count():
        raise ChangeError(
            f"column {name!r} ({role}): the id is missing", index=column.is_null().arg_max()
        )
    if column.dtype == pl.Int64:  # ours: an array that the frame was made of may be written
        column = pl.Series(column.to_numpy().copy())
    return column.alias(key)


def _unique(ids: pl.Series, name: str) -> None:
    if are_distinct(ids):
        return
    index = (~ids.is_first_distinct()).arg_max()
    assert index is not None
    raise ChangeError(
        f"column {name!r}: this id is there twice", index=index, element_id=ids[index]
    )


def _check(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the properties, or say which cannot be stored."""
    for column in frame:
        if isinstance(column.dtype, pl.Binary | pl.Object):
            raise ChangeError(
                f"column {column.name!r} has type {column.dtype}, which cannot be stored"
            )
        if column.dtype.is_integer():
            _in_64_bits(column)
    return frame


def _in_64_bits(column: pl.Series) -> pl.Series:
    narrow = column.cast(pl.Int64, strict=False)
    if narrow.null_count() > column.null_count():
        raise ChangeError(f"column {column.name!r} has integers beyond 64 signed bits")
    return narrow


def _labels(label: Any, role: str = "label") -> tuple[str, ...]:
    is_many = isinstance(label, Iterable) and not isinstance(label, str | bytes | Mapping)
    labels: tuple[Any, ...] = tuple(label) if is_many and role == "label" else (label,)
    for one in labels:
        if not isinstance(one, str) or not one:
            raise ChangeError(f"a {role} must be text, got {shown(one)}")
    return labels


def _values(column: pl.Series) -> Values:
    """Return the values of a column as properties hold them."""
    dtype = column.dtype
    if isinstance(dtype, pl.Decimal):
        column = column.cast(pl.Float64)
        dtype = column.dtype
    if dtype.is_numeric() and not column.null_count():
        kind: Any = ("q", pl.Int64) if dtype.is_integer() else ("d", pl.Float64)
        exact = array(kind[0])
        exact.frombytes(buffer_of(column.cast(kind[1])))
        return exact
    if isinstance(dtype, pl.Date):
        return [None if n is None else Date(n) for n in column.cast(pl.Int32).to_list()]
    if isinstance(dtype, pl.Time):
        return [None if n is None else LocalTime(n) for n in column.cast(pl.Int64).to_list()]
    if isinstance(dtype, pl.Duration):
        return [None if n is None else Duration(0, 0, n) for n in _nanoseconds(column, dtype)]
    if isinstance(dtype, pl.Datetime):
        zone = dtype.time_zone
        numbers = _nanoseconds(column, dtype)
        if zone is None:
            return [None if n is None else LocalDateTime(*divmod(n, DAY)) for n in numbers]
        known: str | int = 0 if zone == "UTC" else zone
        return [
            None if n is None else at_moment(n // SECOND, n % SECOND, known) for n in numbers
        ]
    values = column.to_list()
    return (
        [stored_value(value, column.name) for value in values] if dtype.is_nested() else values
    )


def _nanoseconds(column: pl.Series, dtype: pl.Datetime | pl.Duration) -> list[int | None]:
    """Return exact nanoseconds, also where they do not fit the 64 bits of a column."""
    size = {"ns": 1, "us": 1_000, "ms": 1_000_000}[dtype.time_unit]
    return [None if n is None else n * size for n in column.to_physical().to_list()]


def nodes(frame: Any, label: str | Iterable[str], id_: str) -> Elements:
    """Return a frame of nodes; every column becomes a property, that of the ids too.

    Raises:
        ChangeError: See ``PushSource.upsert_nodes()``.
    """
    table = as_polars(frame)
    ids = _key(table, id_, "id", _ID)
    _unique(ids, id_)
    labels = _labels(label)
    shared = id_ if table[id_].dtype == pl.String else None
    return Elements(pl.DataFrame([ids]), _check(table), labels, shared)


def relations(frame: Any, type_: str, start: str, end: str, id_: str | None) -> Elements:
    """Return a frame of relations; the columns of ends and ids are no properties.

    Raises:
        ChangeError: See ``PushSource.upsert_relations()``.
    """
    _labels(type_, "type")
    table = as_polars(frame)
    starts, ends = (
        _key(table, name, role, key)
        for name, role, key in ((start, "start", _START), (end, "end", _END))
    )
    if id_ is None:
        ids = _derived_ids(type_, starts, ends)
    else:
        ids = _key(table, id_, "id", _ID)
        _unique(ids, id_)
    names = [name for name in table.columns if name not in (start, end, id_)]
    return Elements(pl.DataFrame([ids, starts, ends]), _check(table.select(names)), (type_,))


def _derived_ids(type_: str, starts: pl.Series, ends: pl.Series) -> pl.Series:
    """Return ids made of type, ends and, among relations between the same ends, the place."""
    keys = pl.DataFrame([starts, ends])
    parts = (pl.lit(f"{type_}:"), _spelled(starts), pl.lit("->"), _spelled(ends))
    made = keys.select(pl.concat_str(*parts).alias(_ID)).to_series()
    if are_distinct(made):
        return made
    place = pl.int_range(pl.len()).over(_ID)
    again = pl.when(place > 0).then(pl.format("#{}", place + 1)).otherwise(pl.lit(""))
    return made.to_frame().select(pl.concat_str(pl.col(_ID), again)).to_series()


def _spelled(ids: pl.Series) -> pl.Expr:
    """Return ids as Python writes them, so that 1 and '1' differ."""
    if ids.dtype == pl.Int64:
        return pl.col(ids.name).cast(pl.String)
    if ids.str.contains(r"['\\\\]|[^\x20-\x7e]").any():
        return pl.lit(pl.Series(ids.name, list(map(repr, ids.to_list()))))
    return pl.format("'{}'", pl.col(ids.name))


def difference(before: Elements | None, after: Elements) -> Columns | list[Accepted]:
    """Return the changes that lead from one synced frame to the next."""
    if before is None:
        return after.columns(INSERT)
    gone = before.keys[_ID]
    if gone.dtype == after.keys[_ID].dtype:
        gone = before.keys.join(after.keys, on=_ID, how="anti")[_ID]
    steps = [Accepted(DELETE, i, None, None, None, None, None) for i in gone.to_list()]
    return [*steps, *after.rows(_changed(before, after)).columns(INSERT)]


def _changed(before: Elements, after: Elements) -> pl.Series:
    """Return the places of the rows of ``after`` that are not the same in ``before``."""
    old, new = (pl.concat([e.keys, e.properties], how="horizontal") for e in (before, after))
    places = pl.int_range(len(new), eager=True)
    if old.schema != new.schema:
        return places
    names = [name for name in new.columns if name != _ID]
    both = new.join(
        old.with_columns(pl.lit(True).alias(_KNOWN)), on=_ID, how="left", suffix="\0before",
        maintain_order="left",
    )  # fmt: skip
    differs = pl.col(_KNOWN).is_null()
    for name in names:
        a, b = pl.col(name), pl.col(f"{name}\0before")
        differs |= a.ne_missing(b)
        if new[name].dtype.is_float():  # 0.0 is not -0.0
            differs |= (a == 0) & ((1 / a) != (1 / b))
    return places.filter(both.select(differs.alias("differs")).to_series())
