"""The one comm of a runtime: an invisible widget that carries the rows of all its views."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import anywidget
import traitlets

from drasi_nb.views.broadcast import Broadcast
from drasi_nb.views.protocol import PROTOCOL, Frame, Resync

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

STATIC = Path(__file__).parent / "static"
T = TypeVar("T")


def reference(thing: T) -> Callable[[], T | None]:
    """Return a weak reference, or a strong one where the class allows no weak ones."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: thing


class Hub(anywidget.AnyWidget):
    """Model of ``widgets/src/hub.ts``. Holds the runtime weakly: a view keeps nothing alive."""

    _esm = STATIC / "widget.js"
    protocol = traitlets.Int(PROTOCOL).tag(sync=True)
    model_key = traitlets.Unicode().tag(sync=True)

    def __init__(self, runtime: Runtime) -> None:
        key = uuid4().hex
        super().__init__(model_id=key, model_key=key)
        self._loop = _running_loop()
        self._thread = threading.get_ident()
        self.broadcast = Broadcast(
            reference(runtime),
            send=self._send_frame,
            later=self._later,
            marshal=self._on_home,
        )
        self.on_msg(self._take_message)

    def __repr__(self) -> str:
        return "Hub()"

    def close(self) -> None:
        """Close the comm; all views of the runtime go with it."""
        self.broadcast.close()
        super().close()

    def _take_message(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        if self._loop is None:  # made before the loop ran
            self._loop, self._thread = _running_loop(), threading.get_ident()
        self._on_home(self.broadcast.receive, content)

    def _on_home(self, call: Callable[..., object], *args: Any) -> None:
        """Call on the kernel's loop: at once there, soon from any other thread."""
        if self._loop is None or threading.get_ident() == self._thread:
            call(*args)
        else:
            self._loop.call_soon_threadsafe(call, *args)

    def _later(self, delay_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        if self._loop is None:
            raise RuntimeError("a live view needs the event loop of a kernel")
        return self._loop.call_later(delay_s, call)

    def _send_frame(self, frame: Frame | Resync, buffers: list[bytes]) -> None:
        self.send(frame, buffers=buffers)


_HUBS: MutableMapping[Any, Hub] = weakref.WeakKeyDictionary()


def hub_of(runtime: Runtime) -> Hub:
    """Return the hub of a runtime, made on first use."""
    hub = _HUBS.get(runtime)
    if hub is None or hub.comm is None:
        hub = _HUBS[runtime] = Hub(runtime)
    return hub


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
