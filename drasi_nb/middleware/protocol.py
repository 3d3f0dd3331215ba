"""What a middleware is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from drasi_nb.values.change import Change


class Middleware(Protocol):
    """Makes of one change none, one or many."""

    def __call__(self, change: Change) -> Iterable[Change]:
        """Return what the change becomes, in order; the change itself is left as it is.

        Raises:
            ChangeError: The change cannot be taken; any other exception means the same.
        """
        ...


@runtime_checkable
class Stateful(Protocol):
    """A middleware that remembers elements; a change that fails must leave no trace in it."""

    def commit(self) -> None:
        """Keep what was remembered since the last call of either method."""
        ...

    def rollback(self) -> None:
        """Forget what was remembered since the last call of either method."""
        ...
