"""Rows as Arrow IPC bytes for the browser, and the text of values of no plain Arrow type."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

SAFE_INT = 2**53 - 1
"""Beyond this a browser number is not exact, so such integers travel as text."""
_TEXT_LIMIT = 400


def cell_text(value: object, *, limit: int = _TEXT_LIMIT) -> str:
    """Return a value as Cypher would write it, cut at about ``limit`` characters.

    >>> cell_text({"a": [1, None, "x"]})
    '{a: [1, null, "x"]}'
    """
    text = _plain(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return _nested(value, 0)


def _nested(value: object, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if depth else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_nested(v, depth + 1)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_nested(item, depth + 1) for item in value) + "]"
    return _graph(value, depth)


def _graph(value: Any, depth: int) -> str:
    """Return the text of a node, relation or path, told apart by attribute (classes reload)."""
    if hasattr(value, "labels") and hasattr(value, "properties"):
        labels = "".join(f":{label}" for label in value.labels)
        return f"({labels or ''}{_properties(value.properties, labels, depth)})"
    if hasattr(value, "type") and hasattr(value, "properties"):
        return f"[:{value.type}{_properties(value.properties, value.type, depth)}]"
    if hasattr(value, "nodes") and hasattr(value, "relations"):
        return _path_text(value, depth)
    return str(value)


def _properties(properties: Mapping[str, Any], before: str, depth: int) -> str:
    if not properties:
        return ""
    return (" " if before else "") + _nested(properties, depth + 1)


def _path_text(path: Any, depth: int) -> str:
    parts = [_nested(path.nodes[0], depth + 1)] if path.nodes else []
    for index, relation in enumerate(path.relations):
        left, right = path.nodes[index], path.nodes[index + 1]
        backwards = relation.start == right.id and relation.end == left.id and left != right
        body = _nested(relation, depth + 1)
        parts.append(f"<-{body}-" if backwards else f"-{body}->")
        parts.append(_nested(right, depth + 1))
    return "".join(parts)


def column_series(name: str, values: Sequence[object]) -> pl.Series:
    """Return one column in the plainest Arrow type that holds ``values`` exactly, else text.

    Booleans, integers a browser can hold and floats stay; integers among floats widen;
    everything else becomes its ``cell_text``.
    """
    kinds = {type(value) for value in values}
    kinds.discard(type(None))
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds <= {int, float} and all(
        type(v) is not int or -SAFE_INT <= v <= SAFE_INT for v in values
    ):
        floats = float in kinds
        return pl.Series(
            name, values, dtype=pl.Float64 if floats else pl.Int64, strict=not floats
        )
    texts = [None if value is None else cell_text(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def json_cell(value: object) -> str | float | bool | None:
    """Return a value as JSON can hold it, by the rules of ``column_series``."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and -SAFE_INT <= value <= SAFE_INT:
        return value
    if isinstance(value, float) and value - value == 0:  # JSON has no NaN and no infinity
        return value
    return cell_text(value)


def rows_ipc(
    rows: Sequence[Sequence[object]], width: int, leading: Mapping[str, Sequence[int]]
) -> bytes:
    """Return ``rows`` as one uncompressed Arrow IPC stream.

    Args:
        rows: Each of ``width`` values.
        width: The number of columns, named ``c0``, ``c1``, … so that any column name will do.
        leading: Integer columns to put first, by name.
    """
    columns = [pl.Series(name, values, dtype=pl.Int32) for name, values in leading.items()]
    for place in range(width):
        columns.append(column_series(f"c{place}", [row[place] for row in rows]))
    stream = io.BytesIO()
    pl.DataFrame(columns).write_ipc_stream(stream, compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()
