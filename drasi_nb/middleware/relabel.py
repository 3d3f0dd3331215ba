"""``relabel``: labels under other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drasi_nb.middleware.configuration import Setting
from drasi_nb.values.change import Change


@dataclass(frozen=True, slots=True)
class Relabel:
    """Renames labels and relation types, in one step: swaps are possible.

    Attributes:
        names: The new name of each label; labels that are not in it stay.
    """

    names: Mapping[str, str]

    def __call__(self, change: Change) -> list[Change]:
        """Return the change with its labels renamed; two that become one are one."""
        if change.labels is None:
            return [change]
        labels = tuple(dict.fromkeys(self.names.get(label, label) for label in change.labels))
        return [replace(change, labels=labels)]


def read(config: Setting) -> Relabel:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed; the text names the place.
    """
    mappings = config.fields(("labelMappings",))["labelMappings"]
    names = {label: name.text() for label, name in mappings.members().items()}
    if not names:
        raise mappings.error("at least one label is needed")
    return Relabel(names)
