"""Which frame a set of rows makes.

A column takes the narrowest type that holds all its values: null under everything, INTEGER
under FLOAT, dates and times by kind, lists by item, maps and elements as structs. Values that
share no type become text (Cypher's spelling of each), never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

import polars as pl

from drasi_nb.values.awaiting import AWAITING
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.temporal.types import (
    DAY,
    SECOND,
    TEMPORAL,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
)

_SCALARS: dict[type, pl.DataType] = {
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    str: pl.String(),
    Date: pl.Date(),
    LocalTime: pl.Time(),
    LocalDateTime: pl.Datetime("ns"),
}
_DAYS = 100_000  # of nanoseconds, on either side of 1970, in 64 bits
_FAR_DAYS = 100_000_000  # of microseconds
_NS_PER = {"ns": 1, "us": 1_000}


def type_of(value: Any) -> pl.DataType:
    """Return the narrowest type of one value."""
    if value is None or value is AWAITING:  # not known yet
        return pl.Null()
    kind = type(value)
    if kind is LocalDateTime or kind is DateTime:
        unit = _unit(value)
        return pl.String() if unit is None else pl.Datetime(unit, _zone(value))
    if kind in _SCALARS and (kind is not Date or abs(value.days) < _FAR_DAYS):
        return _SCALARS[kind]
    if kind is Duration and not value.months and abs(_physical(value)) < 2**63:
        return pl.Duration("ns")  # a day is 24 hours there
    if kind in TEMPORAL or kind is Duration:
        return pl.String()  # Polars has no such type: Cypher's text
    if kind is list:
        return pl.List(type_of_all(value))
    plain = plain_value(value)
    return pl.Struct({str(key): type_of(item) for key, item in plain.items()})


def _unit(value: LocalDateTime | DateTime) -> Literal["ns", "us"] | None:
    """Return the unit of the column that holds a time exactly; None: only text does."""
    if abs(value.days) < _DAYS:
        return "ns"
    return "us" if abs(value.days) < _FAR_DAYS and value.nanos % 1_000 == 0 else None


def _zone(value: LocalDateTime | DateTime) -> str | None:
    if isinstance(value, LocalDateTime):
        return None
    return _polars_zone(value.zone) if value.zone else "UTC"


@lru_cache(maxsize=1_024)
def _polars_zone(name: str) -> str:
    """Return a zone as Polars knows it, UTC where it does not."""
    try:
        pl.Series([0], dtype=pl.Datetime("ns", name))
    except pl.exceptions.ComputeError:
        return "UTC"
    return name


def widen(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    """Return the narrowest type that holds the values of both."""
    if a == b or isinstance(b, pl.Null):
        return a
    if isinstance(a, pl.Null):
        return b
    if {type(a), type(b)} == {pl.Int64, pl.Float64}:
        return pl.Float64()
    if (
        isinstance(a, pl.Datetime)
        and isinstance(b, pl.Datetime)
        and (a.time_zone is None) == (b.time_zone is None)
    ):
        zone = a.time_zone if a.time_zone == b.time_zone else "UTC"
        return pl.Datetime("ns" if a.time_unit == b.time_unit == "ns" else "us", zone)
    if isinstance(a, pl.List) and isinstance(b, pl.List):
        return pl.List(widen(_inner(a), _inner(b)))
    if isinstance(a, pl.Struct) and isinstance(b, pl.Struct):
        left, right = dict(a), dict(b)
        names = [*left, *(name for name in right if name not in left)]
        null = pl.Null()
        return pl.Struct(
            {
                name: widen(_known(left.get(name, null)), _known(right.get(name, null)))
                for name in names
            }
        )
    return pl.String()


def _inner(a: pl.List) -> pl.DataType:
    return _known(a.inner)


def _known(a: Any) -> pl.DataType:
    return a if isinstance(a, pl.DataType) else a()


def widest(types: Iterable[pl.DataType]) -> pl.DataType:
    """Return the narrowest type that holds the values of all."""
    out: pl.DataType = pl.Null()
    for item in types:
        out = widen(out, item)
    return out


_SIMPLE = frozenset({bool, int, float, str, type(None)})


def type_of_all(values: Sequence[Any]) -> pl.DataType:
    """Return the narrowest type of a column. Cost: one pass, fast for plain values."""
    kinds = set(map(type, values))
    if kinds <= _SIMPLE:
        return widest(pl.Null() if kind is type(None) else _SCALARS[kind] for kind in kinds)
    return widest(map(type_of, values))


def plain_value(value: Any) -> Any:
    """Return graph values as maps, all else as it is."""
    if isinstance(value, Node):
        return {"id": value.id, "labels": list(value.labels), "properties": value.properties}
    if isinstance(value, Relation):
        return {
            "id": value.id,
            "type": value.type,
            "start": value.start,
            "end": value.end,
            "properties": value.properties,
        }
    if isinstance(value, Path):
        return {"nodes": list(value.nodes), "relations": list(value.relations)}
    return value


def text_of(value: Any) -> str | None:
    """Return Cypher's spelling of a value; null stays null."""
    if value is None or type(value) is str:
        return value
    return _spelled(value)


def _spelled(value: Any) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is str:
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_spelled(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Node):
        labels = "".join(f":{label}" for label in value.labels)
        return f"({labels} {_spelled(value.properties)})" if value.properties else f"({labels})"
    if isinstance(value, Relation):
        inner = f" {_spelled(value.properties)}" if value.properties else ""
        return f"[:{value.type}{inner}]"
    return str(value)


_NONE = frozenset[type]()
_AS_THEY_ARE: dict[type[pl.DataType], frozenset[type]] = {
    pl.Boolean: frozenset({bool, type(None)}),
    pl.Int64: frozenset({int, type(None)}),
    pl.Float64: frozenset({float, type(None)}),
    pl.String: frozenset({str, type(None)}),
}


def _fits(value: Any, wanted: pl.DataType) -> Any:
    """Return a value in the form Polars takes for a type."""
    if value is None or value is AWAITING:
        return None
    if isinstance(wanted, pl.String):
        return text_of(value)
    if isinstance(wanted, pl.List):
        inner = _inner(wanted)
        if set(map(type, value)) <= _AS_THEY_ARE.get(type(inner), _NONE):
            return value
        return [_fits(item, inner) for item in value]
    if isinstance(wanted, pl.Struct):
        plain = plain_value(value)
        return {
            field.name: _fits(plain.get(field.name), _known(field.dtype))
            for field in wanted.fields
        }
    if isinstance(wanted, pl.Float64):
        return float(value)
    if isinstance(wanted, pl.Datetime):  # beside far years the digits below 1 us are cut
        return _physical(value) // _NS_PER[wanted.time_unit]
    return _physical(value)


def _physical(value: Any) -> Any:
    """Return a temporal value as the number that stands for it in a column, all else as it is."""
    match value:
        case Date():
            return value.days
        case LocalTime():
            return value.nanos
        case LocalDateTime() | Duration():
            return value.days * DAY + value.nanos
        case DateTime():
            return value.epoch_second * SECOND + value.nanos % SECOND
        case _:
            return value


_NATIVE = (pl.Boolean, pl.Int64, pl.Null)
_NUMBERS: dict[type[pl.DataType], pl.DataType] = {
    pl.Date: pl.Int32(),
    pl.Time: pl.Int64(),
    pl.Datetime: pl.Int64(),
    pl.Duration: pl.Int64(),
}


def _physical_type(wanted: pl.DataType) -> pl.DataType:
    """Return a type with the numbers that stand for temporal values in their place."""
    if isinstance(wanted, pl.List):
        return pl.List(_physical_type(_inner(wanted)))
    if isinstance(wanted, pl.Struct):
        fields = {field.name: _physical_type(_known(field.dtype)) for field in wanted.fields}
        return pl.Struct(fields)
    return _NUMBERS.get(type(wanted), wanted)


def series(name: str, values: Sequence[Any], wanted: pl.DataType) -> pl.Series:
    """Return a column of a given type."""
    if isinstance(wanted, _NATIVE):
        return pl.Series(name, values, dtype=wanted, strict=False)
    if isinstance(wanted, pl.Float64 | pl.String):
        plain = float if isinstance(wanted, pl.Float64) else str
        if set(map(type, values)) <= {plain, type(None)}:
            return pl.Series(name, values, dtype=wanted)
    physical = _physical_type(wanted)
    column = pl.Series(name, [_fits(value, wanted) for value in values], dtype=physical)
    return column if physical == wanted else column.cast(wanted)


def frame_of(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Return rows as a frame."""
    data = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pl.DataFrame(
        [
            series(name, values, type_of_all(values))
            for name, values in zip(columns, data, strict=True)
        ]
    )
