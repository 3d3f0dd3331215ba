"""``Runtime.from_config()`` and ``Runtime.to_config()``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import polars as pl

from drasi_nb.engine.clock import Clock
from drasi_nb.errors import ConfigError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration import native, platform, server
from drasi_nb.runtime.configuration.blueprint import Blueprint, Format, describe
from drasi_nb.runtime.configuration.building import build
from drasi_nb.runtime.configuration.environment import text_of
from drasi_nb.runtime.configuration.kinds import Maker
from drasi_nb.runtime.configuration.lint.report import COLUMNS, Finding, written
from drasi_nb.runtime.configuration.yaml_text import Document, read_file, to_yaml

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

R = TypeVar("R", bound="Runtime")

Config = str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]]
_LAST_STEP = re.compile(r"(?:\.[^.\[\]]+|\[[^\[\]]*\]|^[^.\[\]]+)\Z")


@dataclass(frozen=True, slots=True)
class DrasiConfig:
    """A configuration for Drasi, and what would mean something else there.

    Attributes:
        format: "drasi-server" or "drasi-platform".
        documents: The YAML documents as plain values.
        lint: What Drasi refuses, ignores or reads otherwise; in the order of the components.
    """

    format: Format
    documents: list[dict[str, Any]]
    lint: list[Finding]

    @property
    def text(self) -> str:
        """Return the YAML text."""
        return to_yaml(self.documents)

    def lint_frame(self) -> pl.DataFrame:
        """Return the findings as a frame, a column for each attribute of ``Finding``."""
        rows = [[getattr(finding, name) for name in COLUMNS] for finding in self.lint]
        return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def from_config(
    make: type[R],
    config: Config,
    own: Mapping[str, Maker],
    clock: Clock | None,
    instance: str | None,
) -> R:
    """Return a new runtime; see ``Runtime.from_config()``."""
    document, path = Document([config], {}), None
    if isinstance(config, str | Path):
        path = Path(config)
        document = read_file(path)
    elif isinstance(config, list | tuple):
        document = Document(list(config), {})
    elif not isinstance(config, Mapping):
        kind = type(config).__name__
        raise ConfigError(f"expected a path, a mapping or a list of documents, got {kind}")
    try:
        blueprint, is_foreign = _read(document.values, instance)
        return build(make, blueprint, own, clock, is_foreign=is_foreign)
    except ConfigError as error:
        if path is None:
            raise
        line = _line(document.lines, error.place)
        where = f"{path}, line {line}" if line is not None else f"{path}"
        located = ConfigError(f"{where}: {error}")
        located.place = error.place
        raise located from error


def to_config(
    runtime: Runtime,
    path: str | Path | None,
    format: Format,
    named: Mapping[str, str | Mapping[str, Any]],
    skip: Collection[str],
) -> dict[str, Any] | DrasiConfig:
    """Return, and write if there is a path, a configuration; see ``Runtime.to_config()``."""
    if format not in get_args(Format):
        raise Setting(format, "to_config(format=...)").unknown("format", get_args(Format))
    blueprint = describe(runtime, named, skip, format)
    out: dict[str, Any] | DrasiConfig
    if format == "drasi_nb":
        out = native.write(blueprint)
        text = to_yaml([out])
    else:
        texts, findings = written(blueprint, format)
        writer = platform.write if format == "drasi-platform" else server.write
        out = DrasiConfig(format, writer(blueprint, texts), findings)
        text = out.text
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return out


def _read(values: list[Any], instance: str | None) -> tuple[Blueprint, bool]:
    """Return the blueprint of whatever format it is, and whether that is one of Drasi's."""
    if not values:
        raise ConfigError("there is nothing in it", place="")
    many = len(values) > 1
    roots = [
        Setting(value, f"documents[{i}]" if many else "") for i, value in enumerate(values)
    ]
    for root in roots:
        root.members()
    if many or platform.is_platform(values[0]):
        if instance is not None:
            raise ConfigError("instances are drasi-server's; these are single documents")
        return platform.read(roots), True
    version = roots[0].members().get("apiVersion")
    if version is None or text_of(version) == server.VERSION:
        return server.read(roots[0], instance), True
    if text_of(version) != native.VERSION:
        raise version.unknown("version of a configuration", (native.VERSION, server.VERSION))
    if instance is not None:
        raise ConfigError("instances are drasi-server's; this is a single runtime")
    return native.read(roots[0]), False


def _line(lines: Mapping[str, int], place: str | None) -> int | None:
    """Return the line of a place, or of what it is in."""
    while place:
        if place in lines:
            return lines[place]
        shorter = _LAST_STEP.sub("", place)
        if shorter == place:
            return None
        place = shorter
    return lines.get("") if place is not None else None
