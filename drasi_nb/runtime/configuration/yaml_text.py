"""YAML and JSON as configurations have them: read safely, every value with its line; written.

Plain words are those of YAML 1.2, as Drasi reads them: ``on``, ``yes`` and ``2024-01-01`` are
text. What PyYAML itself would take for more than that is quoted when it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drasi_nb.errors import ConfigError
from drasi_nb.middleware.configuration import Setting

_MOST_VALUES = 200_000
_WORDS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        (
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+0123456789.",
    ),
)
_TAG = "tag:yaml.org,2002:"
_NOT_AS_THEY_ARE = re.compile("[\r\x85\u2028\u2029\ufeff\t]| \n| \\Z")


@dataclass(frozen=True, slots=True)
class Document:
    """Values with the lines on which they begin.

    Attributes:
        values: One per document.
        lines: 1-based line by place; places of several documents begin with ``documents[0]``.
    """

    values: list[Any]
    lines: Mapping[str, int]


def read_file(path: Path) -> Document:
    """Return what is in a YAML or JSON file.

    Raises:
        ConfigError: It is not there, cannot be read, or is neither; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path} cannot be read: {reason}") from None
    return _read_json(text, path) if path.suffix == ".json" else _read_yaml(text, path)


def scalar(text: str) -> Any:
    """Return what a plain word stands for: a number, true, false, null, or the text itself."""
    for tag, pattern, _ in _WORDS:
        if re.fullmatch(pattern, text):
            return _word(tag, text)
    return text


def to_yaml(documents: Iterable[Any]) -> str:
    """Return YAML text of plain values; long texts keep their lines."""
    out: str = yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4_096
    )
    return out


# -- reading ------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - filled below


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


for _tag, _pattern, _first in _WORDS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            _TAG + _tag,
            re.compile(rf"(?:{_pattern})\Z"),
            ["" if c == "\0" else c for c in _first],
        )


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = None
    if _NOT_AS_THEY_ARE.search(value):
        style = '"'
    elif "\n" in value:
        style = "|"
    return dumper.represent_scalar(_TAG + "str", value, style=style)


_Dumper.add_representer(str, _text)


def _read_json(text: str, path: Path) -> Document:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) < len(pairs):
            twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
            raise ConfigError(f"{path}: the key {twice!r} is there twice")
        return out

    try:
        return Document([json.loads(text, object_pairs_hook=once)], {})
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from None
    except RecursionError:
        raise ConfigError(f"{path} nests too deep") from None


def _read_yaml(text: str, path: Path) -> Document:
    reader = _Reader(path)
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
        many = len(nodes) > 1
        values = [
            reader.value(node, Setting(None, f"documents[{i}]" if many else ""))
            for i, node in enumerate(nodes)
        ]
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise ConfigError(f"{path}{line}: no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: no YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ConfigError(f"{path} nests too deep") from None
    return Document([value for value in values if value is not None], reader.lines)


class _Reader:
    """Makes plain values of YAML nodes and remembers where they stood."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[str, int] = {}
        self._count = 0
        self._open: set[int] = set()

    def value(self, node: Any, at: Setting) -> Any:
        line = node.start_mark.line + 1
        self.lines[at.place] = line
        self._count += 1
        if self._count > _MOST_VALUES:
            raise ConfigError(f"{self.path}: more than {_MOST_VALUES:,} values")
        if id(node) in self._open:
            raise self._error(line, "an alias stands for what it is in")
        self._open.add(id(node))
        out = self._made(node, at, line)
        self._open.discard(id(node))
        return out

    def _made(self, node: Any, at: Setting, line: int) -> Any:
        tag = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.SequenceNode) and tag == "seq":
            return [self.value(item, at.at(i, None)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode) and tag == "map":
            return dict(self._entries(node, at))
        if isinstance(node, yaml.ScalarNode):
            if tag == "str":
                return node.value
            try:
                return _word(tag, node.value)
            except (KeyError, ValueError):
                pass
        raise self._error(line, f"the tag {node.tag!r} is not read: only plain values are")

    def _entries(self, node: yaml.MappingNode, at: Setting) -> Iterator[tuple[Any, Any]]:
        seen = set[Any]()
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(line, "a key must be one word or text")
            key = self.value(key_node, Setting(None, "a key"))
            if key in seen:
                raise self._error(line, f"the key {key!r} is there twice")
            seen.add(key)
            inner = at.at(key, None)
            yield key, self.value(value_node, inner)
            self.lines[inner.place] = line

    def _error(self, line: int, problem: str) -> ConfigError:
        return ConfigError(f"{self.path}, line {line}: {problem}")


def _word(tag: str, text: str) -> Any:
    match tag:
        case "bool":
            return {"true": True, "false": False}[text.lower()]
        case "null":
            return None
        case "int":
            bare = text.lstrip("+-")
            base = {"0o": 8, "0x": 16}.get(bare[:2], 10)
            return int(text, base)
        case "float":
            return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))
        case _:
            raise KeyError(tag)
