"""Values as JSON and back, exactly: what a log and a snapshot hold.

What JSON cannot say is a map with the key ``$``: NaN and infinities, integers beyond 64 bits,
text that is no Unicode, dates and times, elements, tuples. No pickle: reading runs no code.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from drasi_nb.values.awaiting import AWAITING, Awaiting
from drasi_nb.values.change import Accepted
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.ordering import Descending
from drasi_nb.values.temporal.types import TEMPORAL, Duration

_CLASSES: tuple[Any, ...] = (*TEMPORAL, Duration)
_TIMES: dict[str, Any] = {kind.kind: kind for kind in _CLASSES}
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_FREE = frozenset({int, str, bool, type(None)})  # of properties, that JSON says as they are
_LINE = orjson.OPT_APPEND_NEWLINE
_new = tuple.__new__


def dump(value: Any) -> bytes:
    """Return a value as one line of JSON, without the line's end.

    Raises:
        TypeError: It holds something that is no value; the text says what.
    """
    return orjson.dumps(plain(value))


def load(text: bytes | str) -> Any:
    """Return the value that ``dump()`` was given.

    Raises:
        ValueError: The text is no JSON, or a map with ``$`` that no ``dump()`` wrote.
    """
    return value_of(orjson.loads(text))


def plain(value: Any) -> Any:
    """Return a value made of what JSON has: null, booleans, numbers, text, lists, maps."""
    kind = type(value)
    if kind is str:
        return value if _is_unicode(value) else {"$": "text", "code": _code(value)}
    if value is None or kind is bool:
        return value
    if kind is int:
        if _INT_MIN <= value <= _INT_MAX:
            return value
        return {"$": "int", "text": str(value)}
    if kind is float:
        return value if math.isfinite(value) else {"$": "float", "text": str(value)}
    if kind is list:
        return [plain(item) for item in value]
    if kind is tuple:
        return {"$": "tuple", "items": [plain(item) for item in value]}
    if kind is dict:
        if "$" in value or not all(type(key) is str and _is_unicode(key) for key in value):
            return {"$": "map", "items": [[plain(k), plain(v)] for k, v in value.items()]}
        return {key: plain(item) for key, item in value.items()}
    return _special(kind, value)


def _special(kind: type, value: Any) -> dict[str, Any]:
    if kind in TEMPORAL or kind is Duration:
        return {"$": value.kind, "parts": [plain(part) for part in value.__reduce__()[1]]}
    if kind is Awaiting:
        return {"$": "awaiting"}
    if kind is Node:
        parts = [value.id, list(value.labels), value.properties, value.source, value.stamp]
    elif kind is Relation:
        parts = [value.id, value.type, value.start, value.end, value.properties, value.source,
                 value.stamp]  # fmt: skip
    elif kind is Path:
        parts = [value.nodes, value.relations]
    elif kind is Descending:
        parts = [value.key]
    elif kind is Accepted:
        parts = list(value)
    else:
        raise TypeError(f"{kind.__name__} is no value that can be written: {value!r:.80}")
    return {"$": kind.__name__.lower(), "parts": plain(parts)}


def value_of(plain: Any) -> Any:
    """Return the value that ``plain()`` was given."""
    kind = type(plain)
    if kind is list:
        return [value_of(item) for item in plain]
    if kind is not dict:
        return plain
    tag = plain.get("$")
    if tag is None:
        return {key: value_of(item) for key, item in plain.items()}
    match tag:
        case "tuple":
            return tuple([value_of(item) for item in plain["items"]])
        case "map":
            return {value_of(key): value_of(item) for key, item in plain["items"]}
        case "float":
            return float(plain["text"])
        case "int":
            return int(plain["text"])
        case "text":
            return bytes.fromhex(plain["code"]).decode("utf-16-le", "surrogatepass")
        case "awaiting":
            return AWAITING
        case _:
            return _of_parts(tag, [value_of(part) for part in plain.get("parts", ())])


def _of_parts(tag: str, parts: list[Any]) -> Any:
    match tag:
        case "node":
            node = Node(*parts[:4])
            node.stamp = parts[4]
            return node
        case "relation":
            relation = Relation(*parts[:6])
            relation.stamp = parts[6]
            return relation
        case "path":
            return Path(*parts)
        case "descending":
            return Descending(*parts)
        case "accepted":
            return Accepted(*parts)
        case _ if tag in _TIMES:
            return _TIMES[tag](*parts)
        case _:
            raise ValueError(f"there is no kind of value {tag!r}")


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _code(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").hex()


# -- changes ----------------------------------------------------------------------------


def dump_changes(head: tuple[Any, ...], changes: Any, last: Any = None) -> bytes:
    """Return ``[*head, [changes], last]`` as one line of JSON, its end included.

    Without ``last`` where that is None.

    Cost: about 1 us and 0.5 us a change where all values are text, numbers and booleans.
    """
    changes = changes if type(changes) is list else list(changes)
    out: list[tuple[Any, ...]] = []
    for change in changes:
        if change[3]:
            for value in change[3].values():
                kind = type(value)
                if kind is float:
                    if value - value != 0:  # NaN and infinities, which JSON has not
                        return _dumped(head, changes, last)
                elif kind not in _FREE:
                    return _dumped(head, changes, last)
        out.append(change[:])  # a plain tuple, not a named one, which needs a call back
    try:
        line = (*head, out) if last is None else (*head, out, last)
        return orjson.dumps(line, None, _LINE)
    except TypeError:  # an integer beyond 64 bits, or text that is no Unicode
        return _dumped(head, changes, last)


def _dumped(head: tuple[Any, ...], changes: list[Accepted], last: Any) -> bytes:
    line = [*plain(list(head)), [_written(change) for change in changes]]
    return orjson.dumps(line if last is None else [*line, last], None, _LINE)


def _written(change: Accepted) -> list[Any]:
    op, element_id, labels, properties, start, end, time_ms = change
    names: Any = None
    if labels is not None:
        names = [plain(label) for label in labels]
    values = None if properties is None else plain(properties)
    return [op, plain(element_id), names, values, plain(start), plain(end), time_ms]


def read_change(parts: list[Any]) -> Accepted:
    """Return a change of a line that ``dump_changes()`` wrote."""
    op, element_id, labels, properties, start, end, time_ms = parts
    if properties is not None:
        if "$" in properties:
            # a map that names a property "$", or a property of that name itself
            kind = properties["$"]
            is_tagged = kind == "map" and type(properties.get("items")) is list
            properties = value_of(properties) if is_tagged else dict(properties)
        else:
            for name, value in properties.items():
                kind = type(value)
                if kind is dict or kind is list:
                    properties[name] = value_of(value)
    if type(element_id) is dict:
        element_id = value_of(element_id)
    if type(start) is dict:
        start = value_of(start)
    if type(end) is dict:
        end = value_of(end)
    if labels is not None:
        labels = tuple([value_of(label) for label in labels])
    return _new(Accepted, (op, element_id, labels, properties, start, end, time_ms))
