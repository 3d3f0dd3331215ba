"""Rows that a run-time error keeps out of a result, now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """One dropped row.

    Attributes:
        key: Its row key.
        reason: The error's text.
        code: The error's code.
        seq: The change at which it failed.
    """

    key: tuple[Any, ...]
    reason: str
    code: str
    seq: int


class FailureLog:
    """The failing rows of one query: all of them counted, the latest kept.

    A row that is mended or leaves is forgotten, so an empty log means a complete result.
    """

    def __init__(self, keep: int = 1_000) -> None:
        self.keep = keep
        self.count = 0
        self.seq = 0
        self.entries: dict[tuple[int, Any], Failure] = {}

    def record(self, stage: int, weight: int, key: Any, error: Any) -> None:
        """Note that a row failed on entering (weight 1) or that a failing one left (-1)."""
        self.count += weight
        if weight < 0:
            self.entries.pop((stage, key), None)
            return
        while len(self.entries) >= self.keep:
            del self.entries[next(iter(self.entries))]
        self.entries[(stage, key)] = Failure(key, str(error), error.code, self.seq)

    def latest(self) -> list[Failure]:
        """Return what is kept, oldest first."""
        return list(self.entries.values())
