"""From frames to changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from drasi_nb.errors import ChangeError, shown
from drasi_nb.values.change import DELETE, INSERT, UPDATE, Accepted, stored_value
from drasi_nb.values.ordering import identical
from drasi_nb.values.temporal.types import (
    DAY,
    SECOND,
    Date,
    Duration,
    LocalDateTime,
    LocalTime,
    at_moment,
)


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


def _column(frame: pl.DataFrame, name: str, role: str) -> list[Any]:
    if name not in frame.columns:
        raise ChangeError(
            f"the frame has no column {name!r} ({role}); it has {', '.join(frame.columns)}"
        )
    column = frame[name]
    if column.dtype.is_integer() or isinstance(
        column.dtype, pl.String | pl.Categorical | pl.Enum
    ):
        if column.dtype in (pl.UInt64, pl.Int128, pl.UInt128):
            column = _in_64_bits(column)
        values = column.to_list()
    elif column.dtype.is_float() and column.is_nan().any():
        raise ChangeError(
            f"column {name!r} ({role}): NaN is no id", index=column.is_nan().arg_max()
        )
    else:
        raise ChangeError(
            f"column {name!r} ({role}) must be text or integers, is {column.dtype}"
        )
    if None in values:
        raise ChangeError(
            f"column {name!r} ({role}): the id is missing", index=values.index(None)
        )
    return values


def _unique(values: list[Any], name: str) -> None:
    if len(set(values)) == len(values):
        return
    seen = set[Any]()
    for index, value in enumerate(values):
        if value in seen:
            raise ChangeError(
                f"column {name!r}: this id is there twice", index=index, element_id=value
            )
        seen.add(value)


def _properties(frame: pl.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    columns: list[list[Any]] = []
    for name in names:
        column = frame[name]
        if column.dtype in (pl.Int128, pl.UInt128):
            column = _in_64_bits(column)
        if isinstance(column.dtype, pl.Decimal):
            column = column.cast(pl.Float64)
        elif isinstance(column.dtype, pl.Binary | pl.Object):
            raise ChangeError(
                f"column {name!r} has type {column.dtype}, which cannot be stored"
            )
        elif column.dtype == pl.UInt64:
            column = _in_64_bits(column)
        columns.append(_values(column))
    if not names:
        return [{} for _ in range(frame.height)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _in_64_bits(column: pl.Series) -> pl.Series:
    narrow = column.cast(pl.Int64, strict=False)
    if narrow.null_count() > column.null_count():
        raise ChangeError(f"column {column.name!r} has integers beyond 64 signed bits")
    return narrow


def _values(column: pl.Series) -> list[Any]:
    """Return the values of a column as properties hold them."""
    dtype = column.dtype
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


def node_changes(frame: Any, label: str | Iterable[str], id_: str) -> list[Accepted]:
    """Return one update per row; an unknown id is inserted by it.

    Raises:
        ChangeError: See ``PushSource.upsert_nodes()``.
    """
    table = as_polars(frame)
    ids = _column(table, id_, "id")
    _unique(ids, id_)
    labels = _labels(label)
    rows = _properties(table, table.columns)
    return [
        Accepted(UPDATE, element_id, labels, row, None, None, None)
        for element_id, row in zip(ids, rows, strict=True)
    ]


def _labels(label: Any, role: str = "label") -> tuple[str, ...]:
    is_many = isinstance(label, Iterable) and not isinstance(label, str | bytes | Mapping)
    labels = tuple(label) if is_many and role == "label" else (label,)
    for one in labels:
        if not isinstance(one, str) or not one:
            raise ChangeError(f"a {role} must be text, got {shown(one)}")
    return labels


def relation_changes(
    frame: Any, type_: str, start: str, end: str, id_: str | None
) -> list[Accepted]:
    """Return one update per row; an unknown id is inserted by it.

    Raises:
        ChangeError: See ``PushSource.upsert_relations()``.
    """
    _labels(type_, "type")
    table = as_polars(frame)
    starts, ends = _column(table, start, "start"), _column(table, end, "end")
    if id_ is None:
        ids = _derived_ids(type_, starts, ends)
    else:
        ids = _column(table, id_, "id")
        _unique(ids, id_)
    names = [name for name in table.columns if name not in (start, end, id_)]
    rows, labels = _properties(table, names), (type_,)
    return [
        Accepted(UPDATE, element_id, labels, row or None, a, b, None)
        for element_id, row, a, b in zip(ids, rows, starts, ends, strict=True)
    ]


def _derived_ids(type_: str, starts: list[Any], ends: list[Any]) -> list[str]:
    seen = Counter[str]()
    ids = list[str]()
    for start, end in zip(starts, ends, strict=True):
        name = f"{type_}:{start!r}->{end!r}"
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return ids


def difference(before: dict[Any, Accepted], after: dict[Any, Accepted]) -> list[Accepted]:
    """Return the changes that lead from one synced frame to the next."""
    steps: list[Accepted] = []
    for element_id in before:
        if element_id not in after:
            steps.append(Accepted(DELETE, element_id, None, None, None, None, None))
    for element_id, change in after.items():
        old = before.get(element_id)
        if old is None or not identical(tuple(old), tuple(change)):
            steps.append(change._replace(op=INSERT))
    return steps
