"""What ``decoder`` and ``parse_json`` share: one text property that is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.values.change import Change

KEYS = ("output_property", "on_error")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Puts what is read from a text property in its place, or in another.

    An update that leaves the property alone passes as it is; one that removes it (null)
    removes what was read from it.

    Attributes:
        target: The property that is read.
        output: The property that is written.
        skips: Whether a change that cannot be read passes as it is.
        most_bytes: Longest text, in bytes of UTF-8.
        decode: Reads the text; a ValueError says why it cannot.
    """

    target: str
    output: str
    skips: bool
    most_bytes: int
    decode: Callable[[str], object]

    def __call__(self, change: Change) -> list[Change]:
        """Return the change with the property read.

        Raises:
            ChangeError: It is missing, no text, too long, or malformed.
        """
        if change.op == "delete":
            return [change]
        properties = change.properties
        if change.op == "update" and properties.get(self.target) is None:
            if self.target not in properties:
                return [change]
            return [replace(change, properties={**properties, self.output: None})]
        try:
            value = self._value(properties.get(self.target))
        except ValueError as error:
            if self.skips:
                return [change]
            raise ChangeError(f"property {self.target!r}: {error}") from None
        return [replace(change, properties={**properties, self.output: value})]

    def _value(self, text: object) -> object:
        if text is None:
            raise ValueError("is missing")
        if not isinstance(text, str):
            raise ValueError(f"must be text, is of type {type(text).__name__}")
        length = len(text.encode("utf-8", "surrogatepass"))
        if length > self.most_bytes:
            raise ValueError(f"has {length} bytes, more than {self.most_bytes}")
        return self.decode(text)


def read_rewrite(
    given: Mapping[str, Setting], limit: str, decode: Callable[[str], object]
) -> Rewrite:
    """Return the middleware; ``limit`` is the key of the longest text, 1 MiB if absent.

    Raises:
        ConfigError: A setting is malformed; the text names the place.
    """
    target = given["target_property"].text()
    error = given.get("on_error")
    return Rewrite(
        target=target,
        output=given["output_property"].text() if "output_property" in given else target,
        skips=error is not None and error.choice("policy", ("skip", "fail")) == "skip",
        most_bytes=given[limit].count() if limit in given else 1 << 20,
        decode=decode,
    )
