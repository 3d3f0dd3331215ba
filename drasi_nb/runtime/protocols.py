"""What the runtime asks of its parts, and what it offers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from drasi_nb.engine.clock import Clock
    from drasi_nb.frames.delta import Delta
    from drasi_nb.values.change import Change


class SourcePort(Protocol):
    """What a source holds of its runtime while it is attached."""

    source_id: str

    @property
    def clock(self) -> Clock:
        """The runtime's clock; timers set on it drive a source that plays by itself."""
        ...

    def submit(self, changes: Iterable[Change | dict[str, Any]]) -> int:
        """Check and queue one batch; return its size. A batch is never split over two ticks.

        Raises:
            ChangeError: A change is malformed; nothing of the batch was queued, unless the
                runtime keeps the good ones (``on_error="keep_good"``).
        """
        ...

    def queued(self) -> int:
        """Return how many changes wait to be taken."""
        ...

    def fail(self, reason: str) -> None:
        """Put the source in Error, with the reason."""
        ...


class Source(Protocol):
    """Where changes enter; one runtime at a time."""

    def attach(self, port: SourcePort) -> None:
        """Remember ``port``; called once by ``add_source``."""
        ...

    def start(self) -> None:
        """Begin to submit; called when the component goes to Running."""
        ...

    def stop(self) -> None:
        """Cease to submit; what was submitted stays."""
        ...


SOURCES: dict[str, Callable[[], Any]] = {}
"""How to make sources by kind: "push" is what stands for any source after a restart."""


class Reaction(Protocol):
    """What acts on deltas: a callable taking one ``Delta``."""

    def __call__(self, delta: Delta) -> object:
        """Act on one delta; an exception is counted and shown, the query goes on."""
        ...
