"""What a middleware remembers, with the way back for a change that fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from drasi_nb.values.change import Change

K = TypeVar("K")
V = TypeVar("V")
_NOTHING: dict[str, Any] = {}


class Ledger(Generic[K, V]):
    """A dict whose entries since the last ``commit()`` can be taken back."""

    __slots__ = ("_before", "_entries")

    def __init__(self) -> None:
        self._entries: dict[K, V] = {}
        self._before: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        """Return the entry, or None."""
        return self._entries.get(key)

    def set(self, key: K, value: V | None) -> None:
        """Make ``value`` the entry; None removes it."""
        self._before.setdefault(key, self._entries.get(key))
        self._write(key, value)

    def commit(self) -> None:
        """Keep the entries as they are."""
        self._before.clear()

    def rollback(self) -> None:
        """Make the entries what they were at the last ``commit()``."""
        for key, value in self._before.items():
            self._write(key, value)
        self._before.clear()

    def _write(self, key: K, value: V | None) -> None:
        if value is None:
            self._entries.pop(key, None)
        else:
            self._entries[key] = value


class Memory(Ledger[Any, Change]):
    """Each element as its changes have made it; its op is that of the latest.

    Args:
        names: The properties to remember; None is all.
    """

    __slots__ = ("_names",)

    def __init__(self, names: frozenset[str] | None) -> None:
        super().__init__()
        self._names = names

    def see(self, change: Change) -> Change | None:
        """Apply a change; return the element after it, None after its delete."""
        before = self.get(change.id)
        after = None if change.op == "delete" else self._after(before, change)
        self.set(change.id, after)
        return after

    def _after(self, before: Change | None, change: Change) -> Change:
        properties = self._kept(change.properties)
        merges = before is not None and (change.start_id is None or before.start_id is not None)
        if change.op == "update" and before is not None and merges:
            return replace(
                before,
                op=change.op,
                labels=before.labels if change.labels is None else change.labels,
                properties=_merged(before.properties, properties),
                start_id=before.start_id if change.start_id is None else change.start_id,
                end_id=before.end_id if change.end_id is None else change.end_id,
                effective_from=change.effective_from,
            )
        return replace(change, properties=_merged(_NOTHING, properties))

    def _kept(self, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._names is None:
            return properties
        return {name: properties[name] for name in self._names if name in properties}


def _merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> Mapping[str, Any]:
    if not change:
        return before
    return {name: value for name, value in {**before, **change}.items() if value is not None}
