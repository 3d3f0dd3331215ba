"""From a configuration to a middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from drasi_nb.middleware import (
    decoder,
    function,
    jq,
    parse_json,
    promote,
    relabel,
    unwind,
)
from drasi_nb.middleware import map as mapping
from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.protocol import Middleware
from drasi_nb.values.change import Change

Config = Mapping[str, object] | Callable[[Change], Iterable[Change] | Change | None]

KINDS: dict[str, Callable[[Setting], Middleware]] = {
    "map": mapping.read,
    "unwind": unwind.read,
    "promote": promote.read,
    "relabel": relabel.read,
    "decoder": decoder.read,
    "parse_json": parse_json.read,
    "jq": jq.read,
}


def build(config: Config, *, place: str) -> tuple[str, Middleware]:
    """Return the name of a middleware and the middleware, with a memory of its own.

    Args:
        config: A function, or a mapping with ``kind``, ``name`` and the settings of the kind:
            beside these two, or under ``config``.
        place: Where the configuration stands, such as ``middleware[0]``; errors begin with it.

    Raises:
        ConfigError: The configuration is malformed; the text names the place and the fault.
    """
    if not isinstance(config, Mapping):
        if callable(config):
            return function.read(config, place)
        raise Setting(config, place).wrong("a mapping with kind and name, or a function")
    setting = Setting(config, place)
    members = setting.members()
    for key in ("kind", "name"):
        if key not in members:
            raise setting.error(f"the key {key!r} is missing")
    kind, name = members.pop("kind"), members.pop("name")
    if kind.text() not in KINDS:
        raise kind.unknown("kind of middleware", KINDS)
    settings = Setting({key: member.value for key, member in members.items()}, place)
    if "config" in members:
        settings = members.pop("config")
        for key, member in members.items():
            raise Setting(key, member.place).unknown("key", ("kind", "name", "config"))
    return name.text(), KINDS[kind.text()](settings)
