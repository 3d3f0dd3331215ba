"""A Python function as middleware."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.values.change import Change

Made = Iterable[Change] | Change | None


class Function:
    """Calls a function of the user with a copy of the change that it may alter."""

    def __init__(self, function: Callable[[Change], Made]) -> None:
        self._function = function

    def __call__(self, change: Change) -> list[Change]:
        """Return what the function returned; None is no change.

        Raises:
            ChangeError: It returned something else than changes.
        """
        own = replace(change, properties=dict(change.properties))
        made = self._function(own)
        if made is None:
            return []
        if isinstance(made, Change):
            return [made]
        if not isinstance(made, Iterable) or isinstance(made, str | bytes | Mapping):
            raise ChangeError(f"returned {_kind(made)}; {_EXPECTED}")
        out = list(made)
        for item in out:
            if not isinstance(item, Change):
                raise ChangeError(f"returned an iterable with {_kind(item)} in it; {_EXPECTED}")
        return out


_EXPECTED = "return a Change, an iterable of them, or None"


def read(function: Callable[[Change], Made], place: str) -> tuple[str, Function]:
    """Return the name of a function and the middleware.

    Raises:
        ConfigError: It is asynchronous, a class, or cannot be called with one change.
    """
    setting = Setting(function, place)
    name = str(getattr(function, "__name__", type(function).__name__))
    call = getattr(type(function), "__call__", function)  # noqa: B004
    if inspect.isclass(function):
        raise setting.error(f"the class {name!r} is no middleware", "give an instance of it")
    if any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one)
        for one in (function, call)
    ):
        raise setting.error(f"{name!r} is asynchronous; middleware runs inside a tick")
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise setting.error(f"{name!r} must take one argument, the change") from None
    except ValueError:
        pass  # a builtin without a signature
    return name, Function(function)


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"
