"""``promote``: a value from deep inside becomes a property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.paths import Path, read_path
from drasi_nb.values.change import Change


@dataclass(frozen=True, slots=True)
class Promote:
    """Copies what each path selects to a property.

    An update that leaves alone what a path reads leaves its copy alone; one that removes it
    (null) removes the copy.

    Attributes:
        mappings: Path and name of each copy; all paths read the change as it came.
        on_conflict: "overwrite", "skip" or "fail", where the name is taken by a value.
        skips: Whether a path that selects nothing or several is passed over.
    """

    mappings: tuple[tuple[Path, str], ...]
    on_conflict: str
    skips: bool

    def __call__(self, change: Change) -> list[Change]:
        """Return the change with its copies.

        Raises:
            ChangeError: A path selects not one value, or a name is taken.
        """
        if change.op == "delete":
            return [change]
        read = dict(change.properties)
        properties = dict(read)
        for path, name in self.mappings:
            found = path.all(read)
            if len(found) != 1:
                if change.op == "update" and not found and _is_untold(path, read):
                    found = [None] if path.root in read else []
                elif not self.skips:
                    raise ChangeError(f"{path.text} selects {len(found)} values, not one")
                else:
                    found = []
            if found and self._may_write(properties, name):
                properties[name] = found[0]
        return [replace(change, properties=properties)]

    def _may_write(self, properties: Mapping[str, Any], name: str) -> bool:
        if properties.get(name) is None or self.on_conflict == "overwrite":
            return True
        if self.on_conflict == "fail":
            raise ChangeError(f"the property {name!r} has a value already")
        return False


def read(config: Setting) -> Promote:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed; the text names the place.
    """
    given = config.fields(("mappings",), ("on_conflict", "on_error"))
    mappings: list[tuple[Path, str]] = []
    for item in given["mappings"].items():
        entry = item.fields(("path", "target_name"))
        mappings.append((read_path(entry["path"]), entry["target_name"].text()))
    if not mappings:
        raise given["mappings"].error("at least one mapping is needed")
    conflict, error = given.get("on_conflict"), given.get("on_error")
    return Promote(
        tuple(mappings),
        conflict.choice("policy", ("overwrite", "skip", "fail")) if conflict else "overwrite",
        error is not None and error.choice("policy", ("skip", "fail")) == "skip",
    )


def _is_untold(path: Path, properties: Mapping[str, Any]) -> bool:
    """Return whether an update says nothing of what the path reads, or removes it."""
    return path.root is None or properties.get(path.root) is None
