"""Writing Python source: indentation, fresh names, bound constants.

User text never enters the source: names are numbered, values are bound by number.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

_modules = count(1)


class _Alive:
    """Stands in a namespace, whose functions keep it."""


class Writer:
    """One generated module."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self.apart: list[list[str]] = []
        self.numbers: dict[str, str] = {}  # local name -> name of whether it is a number
        self._names: dict[int, str] = {}
        self._equal: dict[Any, str] = {}
        self._depth = 0
        self._count = count()

    def line(self, text: str) -> None:
        """Write one line at the current depth."""
        self.lines.append(" " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write ``head`` and indent what follows by one."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def top_level(self) -> Iterator[list[str]]:
        """Collect lines apart, at depth 0; yield the list they go to."""
        lines, depth = self.lines, self._depth
        self.lines, self._depth = [], 0
        yield self.lines
        self.lines, self._depth = lines, depth

    def fresh(self, prefix: str) -> str:
        """Return a name that was not used before."""
        return f"{prefix}{next(self._count)}"

    def bind(self, value: Any, prefix: str = "k") -> str:
        """Return the name under which the source sees ``value``."""
        name = self._names.get(id(value))
        if name is None:
            name = self.fresh(prefix.upper() if prefix.islower() else prefix)
            self._names[id(value)] = name
            self.constants[name] = value  # keeps the value alive, so its id stays its own
        return name

    def bind_equal(self, value: Any) -> str:
        """Return the name of a hashable value, the same for equal ones."""
        name = self._equal.get(value)
        if name is None:
            name = self._equal[value] = self.bind(value)
        return name

    def source(self) -> str:
        """Return the text written so far."""
        parts = [*self.lines, *(line for lines in self.apart for line in lines)]
        return "\n".join(parts) + "\n"

    def load(self) -> dict[str, Any]:
        """Compile and run the module; return its namespace."""
        source = self.source()
        name = f"<drasi_nb query {next(_modules)}>"
        namespace = dict(self.constants)
        exec(compile(source, name, "exec"), namespace)  # noqa: S102 - our own source, no user text
        # a traceback through generated code shows its lines, for as long as it can run
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        namespace["_alive"] = alive = _Alive()
        weakref.finalize(alive, linecache.cache.pop, name, None).atexit = False
        return namespace
