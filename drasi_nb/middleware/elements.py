"""Elements as trees that a path can read, and ids as a path gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.paths import Path
from drasi_nb.values.change import Change


def tree(change: Change) -> dict[str, Any]:
    """Return the properties with ``$metadata`` and, of a relation, ``$in_node``, ``$out_node``.

    ``$metadata`` holds elementId, labels, effectiveFrom and operation.
    """
    out = dict(change.properties)
    out["$metadata"] = {
        "elementId": change.id,
        "labels": list(change.labels or ()),
        "effectiveFrom": change.effective_from,
        "operation": change.op,
    }
    if change.start_id is not None:
        out["$in_node"], out["$out_node"] = change.start_id, change.end_id
    return out


def as_id(value: Any, what: str) -> str | int | None:
    """Return a value as an id: text and integers as they are, a whole float as integer.

    Returns:
        None for null and NaN, which are no ids.

    Raises:
        ChangeError: It is a list or a map.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    if isinstance(value, float) and (value != value or value.is_integer()):
        return None if value != value else int(value)
    if isinstance(value, list | tuple | dict):
        kind = "map" if isinstance(value, dict) else "list"
        raise ChangeError(f"{what}: a {kind} is no id")
    return str(value)


def names_read(paths: Iterable[Path | None]) -> frozenset[str] | None:
    """Return the properties that paths read, None if that may be any."""
    roots = [path.root for path in paths if path is not None]
    if None in roots:
        return None
    return frozenset(root for root in roots if root is not None)
