"""``%%cypher``, ``%%gql`` and ``%drasi``; loaded by ``%load_ext drasi_nb``.

Cell magics are synchronous, as IPython does not await them: a query is registered and
complete when its cell ends.
"""

# IPython ships its decorators untyped
# mypy: disable-error-code="untyped-decorator,no-untyped-call"

from __future__ import annotations

import keyword
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from drasi_nb.errors import DrasiNbError, QueryError
from drasi_nb.runtime.runtime import Runtime
from drasi_nb.views.completion import IDENTIFIER, cypher_matcher
from drasi_nb.views.namespace import is_runtime, runtimes_in

if TYPE_CHECKING:
    from argparse import Namespace

    from IPython.core.interactiveshell import InteractiveShell

    from drasi_nb.runtime.query import Query

DEFAULT_VARIABLE = "rt"
_PARAMETER = re.compile(r"\$(?:(\w+)|`((?:[^`]|``)*)`)")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics and the completion; loading twice changes nothing."""
    unload_ipython_extension(shell)
    shell.register_magics(DrasiMagics)
    shell.Completer.custom_matchers.append(cypher_matcher)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the completion and the magics away again."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != IDENTIFIER]
    for kind, name in (("cell", "cypher"), ("cell", "gql"), ("line", "drasi")):
        shell.magics_manager.magics[kind].pop(name, None)


def runtime_of(namespace: dict[str, Any], variable: str | None) -> Runtime:
    """Return the runtime a magic acts on; without any, one is made and bound to ``rt``.

    Raises:
        UsageError: ``variable`` holds none, there are several, or ``rt`` is something else.
    """
    if variable is not None:
        value = namespace.get(variable)
        if not is_runtime(value):
            raise UsageError(f"--runtime {variable}: that variable holds no drasi_nb Runtime")
        return value  # type: ignore[return-value]
    found = runtimes_in(namespace)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise UsageError(f"several runtimes: {', '.join(found)}; say which with --runtime")
    known = namespace.get(DEFAULT_VARIABLE)
    if known is not None and not is_runtime(known):
        raise UsageError(
            f"there is no runtime, and {DEFAULT_VARIABLE!r} is a variable of yours; "
            "make one under another name: runtime = drasi_nb.Runtime()"
        )
    namespace[DEFAULT_VARIABLE] = made = Runtime()
    return made


def parameters_in(text: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook's values for each ``$name`` of a query that it has."""
    names = {plain or quoted.replace("``", "`") for plain, quoted in _PARAMETER.findall(text)}
    return {name: namespace[name] for name in sorted(names) if name in namespace}


@contextmanager
def plain_errors() -> Generator[None]:
    """Show errors of this package as their message, without a Python traceback."""
    try:
        yield
    except QueryError:
        raise  # draws its own caret
    except DrasiNbError as error:
        lines = [f"\x1b[31m\x1b[1m{type(error).__name__}\x1b[0m [{error.code}]: {error}"]
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        raise


@magics_class
class DrasiMagics(Magics):
    """The magics of drasi_nb."""

    @magic_arguments()
    @argument("name", help="name of the query, and of the variable that holds its handle")
    @argument("--source", "-s", action="append", help="a source it sees; default: all of them")
    @argument("--key", "-k", action="append", help="a column that identifies a row")
    @argument("--runtime", "-r", help="variable of the runtime, where there are several")
    @cell_magic
    def cypher(self, line: str, cell: str) -> Query:
        """Register the Cypher query below, or replace it, and show its live result."""
        return self._add(parse_argstring(self.cypher, line), cell, "cypher")

    @magic_arguments()
    @argument("name", help="name of the query, and of the variable that holds its handle")
    @argument("--source", "-s", action="append", help="a source it sees; default: all of them")
    @argument("--key", "-k", action="append", help="a column that identifies a row")
    @argument("--runtime", "-r", help="variable of the runtime, where there are several")
    @cell_magic
    def gql(self, line: str, cell: str) -> Query:
        """Register the GQL query below, or replace it, and show its live result."""
        return self._add(parse_argstring(self.gql, line), cell, "gql")

    @magic_arguments()
    @argument("action", nargs="?", choices=("start", "stop", "drop"), help="what to do")
    @argument("names", nargs="*", help="the components")
    @argument("--runtime", "-r", help="variable of the runtime, where there are several")
    @line_magic
    def drasi(self, line: str) -> Runtime | None:
        """Show the runtime, or start, stop or drop components of it."""
        options = parse_argstring(self.drasi, line)
        with plain_errors():
            runtime = runtime_of(self._namespace, options.runtime)
            if options.action is None:
                return runtime
            if not options.names:
                raise UsageError(f"%drasi {options.action} NAME: which component?")
            for name in options.names:
                self._act(runtime, options.action, name)
        return None

    @property
    def _namespace(self) -> dict[str, Any]:
        return {} if self.shell is None else self.shell.user_ns

    def _add(self, options: Namespace, cell: str, language: str) -> Query:
        with plain_errors():
            runtime = runtime_of(self._namespace, options.runtime)
            self._check_name(options.name, runtime)
            query = runtime.add_query(
                options.name,
                cell,
                sources=options.source or list(runtime.sources),
                language=language,
                parameters=parameters_in(cell, self._namespace),
                key=options.key,
            )
        self._namespace[options.name] = query
        return query

    def _check_name(self, name: str, runtime: Runtime) -> None:
        """Refuse a name that cannot be a variable, or whose variable the query needs itself."""
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"{name!r} is no variable name; write for example 'warm_rooms'")
        present = self._namespace.get(name)
        if is_runtime(present) or any(present is part for part in runtime.sources.values()):
            raise UsageError(f"the variable {name!r} holds a runtime or a source; use another")

    def _act(self, runtime: Runtime, action: str, name: str) -> None:
        if action == "start":
            runtime.start(name)
        elif action == "stop":
            runtime.stop(name)
        else:
            handle = runtime.queries.get(name)
            runtime.remove(name)
            if handle is not None and self._namespace.get(name) is handle:
                del self._namespace[name]
