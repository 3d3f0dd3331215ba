"""Changes: what a source says happened to one element, and the check at the door."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from drasi_nb.errors import ChangeError, shown
from drasi_nb.values.arithmetic import INT_MAX, INT_MIN
from drasi_nb.values.graph import STAMP, Node, Relation
from drasi_nb.values.temporal.text import from_numpy, from_python
from drasi_nb.values.temporal.types import TEMPORAL, Duration

INSERT, UPDATE, DELETE = 0, 1, 2
_OPS = {"insert": INSERT, "update": UPDATE, "delete": DELETE}
_FAR_MS = 2**43  # so that a stamp fits 64 bits
_FREE = frozenset({float, str, bool, type(None), Duration, *TEMPORAL})
_DEEPEST = 100  # lists in lists
_ALONE: dict[Any, tuple[str]] = {}  # labels that were checked, each as the only one
_MOST_ALONE = 1_000
_PYTHON_TIMES = (dt.date, dt.time, dt.timedelta)


@dataclass(slots=True)
class Change:
    """One insert, update or delete of a graph element; with both ends it is a relation.

    Attributes:
        op: "insert", "update" or "delete".
        id: A string or an integer, unique in its source.
        labels: Of a node; a relation has one, its type. None leaves an update's labels alone.
        properties: Null removes a property on update.
        start_id: Where a relation starts.
        end_id: Where it ends.
        effective_from: When it became true, in ms since the epoch; None is the arrival.
    """

    op: str
    id: Any
    labels: tuple[str, ...] | list[str] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    start_id: Any = None
    end_id: Any = None
    effective_from: int | None = None


class Accepted(NamedTuple):
    """A change that was checked; what the engine applies."""

    op: int
    id: Any
    labels: tuple[str, ...] | None
    properties: dict[str, Any] | None
    start_id: Any
    end_id: Any
    time_ms: int | None


_ALIASES = {
    "start": "start_id", "startId": "start_id", "in_id": "start_id", "inId": "start_id",
    "end": "end_id", "endId": "end_id", "out_id": "end_id", "outId": "end_id",
}  # fmt: skip
_KEYS = frozenset({"op", "id", "labels", "properties", "start_id", "end_id", "effective_from"})
_new = tuple.__new__


def accept(change: Any, index: int | None = None) -> Accepted:
    """Return the checked form of a change; property values are copied.

    Raises:
        ChangeError: It has no id, one end, an unknown op or key, a NaN id, or a property of
            a type that cannot be stored; the text names the change and the reason.
    """
    if type(change) is not dict:
        change = _as_dict(change, index)
    try:
        op, element_id = _OPS[change["op"]], change["id"]
    except (KeyError, TypeError):  # it is missing, unknown, or cannot even be looked up
        raise _head_error(change, index) from None
    if type(element_id) is not str and (
        type(element_id) is not int or not INT_MIN <= element_id <= INT_MAX
    ):
        raise _head_error(change, index)
    get = change.get
    start = end = moment = None
    if "properties" not in change or len(change) != (4 if "labels" in change else 3):
        if not _KEYS.issuperset(change):
            change = _with_known_keys(change, index)
            get = change.get
        start, end, moment = get("start_id"), get("end_id"), get("effective_from")
        if start is not None or end is not None:
            _check_ends(start, end, index, element_id)
        if moment is not None and (type(moment) is not int or abs(moment) >= _FAR_MS):
            moment = _moment(moment, index, element_id)
    labels = get("labels")
    if labels is not None:
        try:
            if type(labels) is not list or len(labels) != 1:
                raise KeyError
            labels = _ALONE[labels[0]]
        except (KeyError, TypeError):
            labels = _labels(labels, start is not None, index, element_id)
    elif start is not None and op == INSERT:
        raise ChangeError(
            "a relation needs its type in labels", index=index, element_id=element_id
        )
    properties = get("properties")
    if not properties and (properties is None or isinstance(properties, Mapping)):
        return _new(Accepted, (op, element_id, labels, None, start, end, moment))
    if type(properties) is dict:
        properties = properties.copy()
    elif isinstance(properties, Mapping):
        properties = dict(properties)
    else:
        raise ChangeError(
            f"properties must be a mapping, got {shown(properties)}",
            index=index,
            element_id=element_id,
        )
    for key, value in properties.items():
        if type(key) is not str or key == STAMP:
            plain = _plain_names(properties, index, element_id)
            return accept({**change, "labels": labels, "properties": plain}, index)
        kind = type(value)
        if kind not in _FREE and (kind is not int or not INT_MIN <= value <= INT_MAX):
            properties[key] = _stored(value, key, index, element_id)
    return _new(Accepted, (op, element_id, labels, properties, start, end, moment))


def _plain_names(
    properties: dict[Any, Any], index: int | None, element_id: Any
) -> dict[str, Any]:
    """Return properties by names that are plain text, where some may be of numpy or an enum."""
    for key in properties:
        if not isinstance(key, str) or key == STAMP:
            raise ChangeError(
                f"a property name must be text, got {shown(key)}"
                if key != STAMP
                else f"{key!r} cannot be the name of a property",
                index=index,
                element_id=element_id,
            )
    return {str.__str__(key): value for key, value in properties.items()}


def _head_error(change: dict[str, Any], index: int | None) -> ChangeError:
    op, element_id = change.get("op"), change.get("id")
    if not isinstance(op, str):
        given = f"got {shown(op)}" if "op" in change else "it is missing"
        return ChangeError(
            f"unknown op: it must be insert, update or delete, {given}",
            index=index,
            element_id=element_id,
        )
    if op not in _OPS:
        near = difflib.get_close_matches(str(op), _OPS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "; use insert, update or delete"
        return ChangeError(f"unknown op {op!r}{hint}", index=index, element_id=element_id)
    if element_id is None:
        return ChangeError("the id is missing", index=index)
    return _id_error(element_id, "id", index, element_id)


def _check_ends(start: Any, end: Any, index: int | None, element_id: Any) -> None:
    for name, value in (("start_id", start), ("end_id", end)):
        if value is None:
            raise ChangeError(
                f"a relation needs both ends, {name} is missing",
                index=index,
                element_id=element_id,
            )
        _check_id(value, name, index, element_id)


def _check_id(value: Any, name: str, index: int | None, element_id: Any) -> None:
    if type(value) is not str and (type(value) is not int or not INT_MIN <= value <= INT_MAX):
        raise _id_error(value, name, index, element_id)


def _id_error(value: Any, name: str, index: int | None, element_id: Any) -> ChangeError:
    if type(value) is int:
        reason = f"{shown(value)} does not fit 64 bits"
        return ChangeError(f"{name}: {reason}", index=index, element_id=None)
    reason = f"must be text or an integer, got {shown(value)}"
    if isinstance(value, float) and value != value:
        reason = "NaN is no id"
    return ChangeError(f"{name}: {reason}", index=index, element_id=element_id)


def _with_known_keys(change: dict[str, Any], index: int | None) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in change.items():
        name = _ALIASES.get(key, key)
        if name not in _KEYS:
            near = difflib.get_close_matches(str(key), sorted(_KEYS), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ChangeError(
                f"unknown key {key!r}{hint}", index=index, element_id=change["id"]
            )
        if out.get(name) is None:
            out[name] = value
        elif value is not None:
            raise ChangeError(
                f"{name} is given twice, as {key!r} too", index=index, element_id=change["id"]
            )
    return out


def _labels(labels: Any, relation: bool, index: int | None, element_id: Any) -> tuple[str, ...]:
    if isinstance(labels, bytes | Mapping) or not isinstance(labels, Iterable):
        raise ChangeError(
            f"labels must be a list of text, got {shown(labels)}",
            index=index,
            element_id=element_id,
        )
    names = (labels,) if type(labels) is str else tuple(labels)
    for name in names:
        if type(name) is not str or not name:
            raise ChangeError(
                f"a label must be text, got {shown(name)}", index=index, element_id=element_id
            )
    if relation and len(names) != 1:
        raise ChangeError(
            f"a relation has one type, got {list(names)!r}", index=index, element_id=element_id
        )
    if len(names) == 1 and len(_ALONE) < _MOST_ALONE:
        _ALONE[names[0]] = names
    return names


def _stored(value: Any, key: str, index: int | None, element_id: Any, depth: int = 0) -> Any:
    kind = type(value)
    if kind in _FREE:
        return value
    if depth > _DEEPEST:
        raise ChangeError(
            f"property {key!r} holds lists or maps deeper than {_DEEPEST}, or itself",
            index=index,
            element_id=element_id,
        )
    if kind is int:
        if INT_MIN <= value <= INT_MAX:
            return value
        raise ChangeError(
            f"property {key!r}: {shown(value)} does not fit 64 bits",
            index=index,
            element_id=element_id,
        )
    if kind is list or kind is tuple:
        return [_stored(item, key, index, element_id, depth + 1) for item in value]
    if kind is dict:
        for name in value:
            if type(name) is not str:
                raise ChangeError(
                    f"property {key!r}: a key in a map must be text, got {shown(name)}",
                    index=index,
                    element_id=element_id,
                )
        return {
            name: _stored(item, key, index, element_id, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, _PYTHON_TIMES):  # those of pandas too
        return from_python(value)
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m"):
        return from_numpy(value)
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a numpy scalar
        return _stored(value.item(), key, index, element_id, depth + 1)
    raise ChangeError(
        f"property {key!r} has a value of type {kind.__name__}, which cannot be stored; use "
        "null, boolean, integer, float, text, date and time types, lists or maps of them",
        index=index,
        element_id=element_id,
    )


def _moment(value: Any, index: int | None, element_id: Any) -> int:
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        value = round(aware.timestamp() * 1000)
        if abs(value) < _FAR_MS:
            return int(value)
    if type(value) is int:
        raise ChangeError(
            f"effective_from must be in ms since the epoch, of the years 1692 to 2248, got {shown(value)}",
            index=index,
            element_id=element_id,
        )
    raise ChangeError(
        f"effective_from must be ms since the epoch or a datetime, got {shown(value)}",
        index=index,
        element_id=element_id,
    )


def _as_dict(change: Any, index: int | None) -> dict[str, Any]:
    if isinstance(change, Change):
        return {name: getattr(change, name) for name in Change.__slots__}
    if isinstance(change, Mapping):
        return dict(change)
    raise ChangeError(f"expected a Change or a dict, got {type(change).__name__}", index=index)


def of_element(op: str, element: Any, index: int | None = None) -> dict[str, Any]:
    """Return the change dict for an op on a Node, a Relation, a dict or, to delete, an id."""
    if isinstance(element, Node):
        return {
            "op": op,
            "id": element.id,
            "labels": element.labels,
            "properties": element.properties,
        }
    if isinstance(element, Relation):
        return {
            "op": op,
            "id": element.id,
            "labels": (element.type,),
            "properties": element.properties,
            "start_id": element.start,
            "end_id": element.end,
        }
    if isinstance(element, Mapping):
        return {**element, "op": op}
    if op == "delete":
        return {"op": op, "id": element}
    raise ChangeError(
        f"expected a Node, a Relation or a dict, got {type(element).__name__}", index=index
    )


def stored_value(value: Any, name: str = "value") -> Any:
    """Return a value as properties and parameters hold it: lists and maps are copied.

    Args:
        value: Of the user.
        name: What errors call it.

    Raises:
        ChangeError: Its type cannot be stored.
    """
    return _stored(value, name, None, None)
