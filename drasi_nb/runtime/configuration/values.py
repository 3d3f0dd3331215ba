"""Values of parameters as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drasi_nb.errors import ChangeError, ConfigError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.environment import resolved
from drasi_nb.values.change import stored_value
from drasi_nb.values.temporal.text import temporal
from drasi_nb.values.temporal.types import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)

TEMPORAL = "$temporal"
"""The key of a temporal value: ``{"$temporal": "date", "text": "2024-01-01"}``."""
KINDS: dict[type, str] = {
    Date: "date",
    LocalTime: "localtime",
    Time: "time",
    LocalDateTime: "localdatetime",
    DateTime: "datetime",
    Duration: "duration",
}
"""Classes of temporal values and the functions of the language that make them."""


def plain(value: Any, place: str) -> Any:
    """Return a parameter's value as a configuration can hold it.

    Raises:
        ConfigError: It is no value of the language.
    """
    try:
        return _plain(stored_value(value), place)
    except ChangeError as error:
        raise ConfigError(error.reason, place=place) from None


def _plain(value: Any, place: str) -> Any:
    if type(value) in KINDS:
        return {TEMPORAL: KINDS[type(value)], "text": str(value)}
    if isinstance(value, Mapping):
        if TEMPORAL in value:
            raise ConfigError(f"a map with the key {TEMPORAL!r} cannot be written", place=place)
        return {key: _plain(item, place) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, place) for item in value]
    return value


def value_of(setting: Setting) -> Any:
    """Return a parameter's value, its variables put in. No map of it is an envelope.

    Raises:
        ConfigError: A temporal value is malformed, or a variable is not set.
    """
    value = setting.value
    if isinstance(value, Mapping):
        if TEMPORAL not in value:
            for key in value:
                if not isinstance(key, str):
                    raise Setting(key, setting.place).wrong("a key of text")
            return {key: value_of(setting.at(key, item)) for key, item in value.items()}
        fields = setting.fields((TEMPORAL, "text"))
        kind = fields[TEMPORAL].choice("temporal kind", tuple(KINDS.values()))
        try:
            return temporal(kind, fields["text"].text())
        except ValueError as error:
            raise fields["text"].error(str(error)) from None
    if isinstance(value, list):
        return [value_of(item) for item in setting.items()]
    return resolved(setting)
