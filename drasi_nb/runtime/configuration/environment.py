"""``${NAME}`` and ``${NAME:-default}`` in a configuration, as drasi-server has them.

``$${`` stands for ``${`` itself. A variable that is empty counts as not set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.yaml_text import scalar

_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def text_of(setting: Setting, *, required: bool = True) -> str:
    """Return a text with its variables put in.

    Args:
        setting: The text.
        required: Whether it must not be empty.

    Raises:
        ConfigError: It is no text, empty, or a variable is not set.
    """
    value = _envelope(setting)
    out = Setting(value, setting.place)
    if not isinstance(value, str):
        raise out.wrong("text")
    out = Setting(_filled(out, value), setting.place)
    return out.text() if required else str(out.value)


def resolved(setting: Setting) -> Any:
    """Return a value with all its variables put in; a variable alone may be a number.

    Raises:
        ConfigError: A variable is not set, or there is a secret.
    """
    value = _envelope(setting)
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        text = _filled(setting, value)
        is_whole = value is not setting.value or (whole is not None and whole[1] is not None)
        return scalar(text) if is_whole else text
    if isinstance(value, Mapping):
        return {key: resolved(setting.at(key, item)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(setting.at(i, item)) for i, item in enumerate(value)]
    return value


def resolved_setting(setting: Setting) -> Setting:
    """Return a setting with its variables put in."""
    return Setting(resolved(setting), setting.place)


def escaped(value: Any) -> Any:
    """Return a plain value that ``resolved()`` gives back as it is."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(item) for item in value]
    return value


def has_reference(text: str) -> bool:
    """Return whether drasi-server would put a variable into a text."""
    return any(match[1] is not None for match in _REFERENCE.finditer(text))


def _filled(setting: Setting, text: str) -> str:
    def found(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        return "${" if name is None else _variable(setting, name, default)

    return _REFERENCE.sub(found, text)


def _variable(setting: Setting, name: str, default: str | None) -> str:
    value = os.environ.get(name) or default
    if value is None:
        hint = f"set it, or give a default: ${{{name}:-value}}"
        raise setting.error(f"the environment variable {name!r} is not set", hint)
    return value


def _envelope(setting: Setting) -> Any:
    """Return a value, or that of the variable that an envelope of Drasi names."""
    value = setting.value
    if not isinstance(value, Mapping) or "name" not in value:
        return value
    if value.get("kind") == "Secret":
        hint = "give the value by an environment variable: ${NAME}"
        raise setting.error(f"the secret {value['name']!r} has no store here", hint)
    if value.get("kind") == "EnvironmentVariable" and set(value) <= {"kind", "name", "default"}:
        fields = setting.fields(("kind", "name"), ("default",))
        default = fields["default"].value if "default" in fields else None
        text = _variable(
            setting, fields["name"].text(), None if default is None else f"{default}"
        )
        return text.replace("${", "$${")
    return value
