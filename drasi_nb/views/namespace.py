"""The runtimes among the variables of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime


def is_runtime(value: object) -> bool:
    """Tell a runtime by the name of its class, which outlives ``%autoreload``."""
    return any(
        kind.__qualname__ == "Runtime" and kind.__module__.startswith("drasi_nb.")
        for kind in type(value).__mro__
    )


def runtimes_in(namespace: dict[str, Any]) -> dict[str, Runtime]:
    """Return the open runtimes of a notebook by variable, each once."""
    found: dict[int, tuple[str, Runtime]] = {}
    for name, value in namespace.items():
        if name.startswith("_") or not is_runtime(value) or value.is_closed:
            continue
        found.setdefault(id(value), (name, value))
    return dict(found.values())
