"""Reads a configuration; what is wrong is named with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drasi_nb.errors import ConfigError

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*\Z")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of a configuration.

    Attributes:
        value: As it was given.
        place: The way to it, such as ``middleware[0].config.Order[1].selector``; empty is all.
    """

    value: object
    place: str

    def error(self, problem: str, hint: str | None = None) -> ConfigError:
        """Return the error that names this place; the caller raises it."""
        return ConfigError(problem + (f"; {hint}" if hint else ""), place=self.place)

    def wrong(self, expected: str) -> ConfigError:
        """Return the error for a value of the wrong type."""
        return self.error(f"expected {expected}, got {_shown(self.value)}")

    def unknown(self, what: str, known: Iterable[str]) -> ConfigError:
        """Return the error for a word that is none of ``known``, with the nearest of them."""
        words = list(known)
        near = difflib.get_close_matches(str(self.value), words, 2)
        hint = f"did you mean {_either(near)}?" if near else f"use {_either(words)}"
        return self.error(f"unknown {what} {self.value!r}", hint)

    def at(self, key: object, value: object) -> Setting:
        """Return what stands under ``key``."""
        if isinstance(key, int):
            return Setting(value, f"{self.place}[{key}]")
        plain = isinstance(key, str) and _PLAIN_KEY.match(key)
        if not plain:
            return Setting(value, f"{self.place}[{key!r}]")
        return Setting(value, f"{self.place}.{key}" if self.place else str(key))

    def text(self) -> str:
        """Return text that is not empty."""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        if not self.value.strip():
            raise self.error("must not be empty")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def count(self) -> int:
        """Return an integer of at least 1."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("an integer")
        if self.value < 1:
            raise self.error(f"must be at least 1, got {self.value}")
        return self.value

    def choice(self, what: str, words: Sequence[str]) -> str:
        """Return one of ``words``, whatever the case it was written in."""
        given = self.text().lower()
        if given not in words:
            raise self.unknown(what, words)
        return given

    def items(self) -> list[Setting]:
        """Return the members of a list."""
        if not isinstance(self.value, list | tuple):
            raise self.wrong("a list")
        return [self.at(index, item) for index, item in enumerate(self.value)]

    def members(self) -> dict[str, Setting]:
        """Return what stands under each key of a mapping whose keys are free."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("a mapping")
        for key in self.value:
            if not isinstance(key, str) or not key:
                raise self.error(f"a key must be text, got {_shown(key)}")
        return {key: self.at(key, value) for key, value in self.value.items()}

    def fields(
        self, required: Sequence[str], optional: Sequence[str] = ()
    ) -> dict[str, Setting]:
        """Return what stands under the known keys, by their names in Drasi.

        ``inNodeId`` and ``in_node_id`` are one key. An optional key that is null is absent.
        """
        names = {_spelling(name): name for name in (*required, *optional)}
        found: dict[str, Setting] = {}
        for key, setting in self.members().items():
            name = names.get(_spelling(key))
            if name is None:
                raise Setting(key, setting.place).unknown("key", names.values())
            if name in found:
                raise setting.error(f"given twice, as {found[name].place} too")
            if name in required or setting.value is not None:
                found[name] = setting
        for name in required:
            if name not in found:
                raise self.error(f"the key {name!r} is missing")
        return found


def by_label(config: Setting, own_keys: Iterable[str] = ()) -> dict[str, Setting]:
    """Return the settings of each label; they may stand under one key ``mappings``.

    Args:
        config: The configuration of a middleware.
        own_keys: Keys that the settings of a label have, by which a label named "mappings"
            is told from the key of that name.
    """
    labels = config.members()
    inner = labels.get("mappings")
    if inner is not None and len(labels) == 1 and isinstance(inner.value, Mapping):
        keys = set(inner.value)
        if not keys or not keys <= set(own_keys):
            config, labels = inner, inner.members()
    if not labels:
        raise config.error("at least one label is needed")
    return labels


def _spelling(key: str) -> str:
    return key.replace("_", "").lower()


def _shown(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(map(repr, words[:-1])), repr(words[-1]))))
