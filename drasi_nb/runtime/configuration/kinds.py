"""What a configuration may name as a kind of source or reaction, and how each is made."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from drasi_nb.errors import ConfigError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.environment import resolved

Role = Literal["source", "reaction"]
Maker = Callable[..., Any]
M = TypeVar("M", bound=Maker)

_known: dict[str, Maker] = {}


def kind(name: str) -> Callable[[M], M]:
    """Return a decorator by which configurations can name a source or a reaction.

    What is decorated makes it: a class, or a function that returns a source or reaction. It is
    called with the settings as keywords, in snake_case. An object with a method ``settings()``,
    which returns these keywords, can be written by ``Runtime.to_config()`` however it was made.
    The same name again replaces the first.

    Args:
        name: ``"source/mock"`` or ``"reaction/log"``.

    Raises:
        ConfigError: The name is of another form.
    """
    role, _, bare = str(name).partition("/")
    if role not in ("source", "reaction") or not bare:
        raise ConfigError(f"a kind is named 'source/..' or 'reaction/..', got {name!r}")

    def register(maker: M) -> M:
        _known[name] = maker
        return maker

    return register


def find(role: Role, name: str, own: Mapping[str, Maker]) -> Maker | None:
    """Return what makes a kind: of the user's, by its whole or its bare name, or a known one."""
    whole = f"{role}/{name}"
    return own.get(whole) or own.get(name) or _known.get(whole)


def names(role: Role, own: Iterable[str]) -> list[str]:
    """Return the kinds that can be made, in alphabetical order."""
    bare = {name.partition("/")[2] for name in _known if name.startswith(f"{role}/")}
    for name in own:
        first, slash, rest = name.partition("/")
        if not slash or first == role:
            bare.add(rest or first)
    return sorted(bare)


def made(role: Role, name: str, maker: Maker, settings: Setting) -> Any:
    """Return a new source or reaction.

    Raises:
        ConfigError: A setting is unknown, missing or refused, or what came is no such thing.
    """
    keywords = {_snake(key): setting for key, setting in settings.members().items()}
    _check_keywords(maker, keywords, settings)
    values = {key: resolved(setting) for key, setting in keywords.items()}
    try:
        out = maker(**values)
    except Exception as error:
        text = (
            str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
        )
        raise settings.error(f"the {role} of kind {name!r} cannot be made: {text}") from error
    wanted = ("attach", "start", "stop") if role == "source" else ("__call__",)
    if not all(callable(getattr(out, method, None)) for method in wanted):
        raise settings.error(
            f"the kind {name!r} made a {type(out).__name__}, which is no {role}"
        )
    return out


def _check_keywords(maker: Maker, keywords: Mapping[str, Setting], at: Setting) -> None:
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):
        return  # a builtin without a signature
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for key, setting in keywords.items():
        if key not in known:
            if not known:
                raise setting.error(f"unknown key {key!r}; there are no settings")
            raise Setting(key, setting.place).unknown("key", known)
    for parameter in parameters:
        is_needed = parameter.default is parameter.empty and parameter.name in known
        if is_needed and parameter.name not in keywords:
            raise at.error(f"the key {parameter.name!r} is missing")


def described(role: Role, part: Any) -> tuple[str, dict[str, Any]] | None:
    """Return the kind and the settings of an object of a known class; None if it is of none.

    Raises:
        ConfigError: It cannot be made again from settings.
    """
    for name, maker in _known.items():
        first, _, bare = name.partition("/")
        if first == role and type(part) in (maker, getattr(maker, "__self__", None)):
            settings: Callable[[], dict[str, Any]] | None = getattr(part, "settings", None)
            if settings is not None:
                return bare, settings()
    return None


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
