"""JSONPath, as Drasi reads it.

RFC 9535 with one difference: a filter on what is no list tests that value itself, so
``$[?(@.kind == 'door')]`` selects the element or nothing. Observed with drasi-lib 0.3.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonpath import JSONPathEnvironment, JSONPathError, JSONPathMatch
from jsonpath.parse import Parser
from jsonpath.segments import (
    JSONPathChildSegment,
    JSONPathRecursiveDescentSegment,
    JSONPathSegment,
)
from jsonpath.selectors import (
    Filter,
    IndexSelector,
    JSONPathSelector,
    KeysFilter,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)
from jsonpath.stream import TokenStream

from drasi_nb.middleware.configuration import Setting

_ROOTED = re.compile(r"\s*\$\s*(?:\Z|[.\[])")
_BARE_DOLLAR = re.compile(r"\s*\$\.?(\$?[A-Za-z_]\w*)")
_PLAIN = (NameSelector, IndexSelector, SliceSelector, WildcardSelector)


class _Test(Filter):
    """A filter that is a test of the value itself, unless that is a list."""

    def resolve(self, node: JSONPathMatch) -> Iterable[JSONPathMatch]:
        value = node.obj
        if not isinstance(value, Sequence) or isinstance(value, str):
            node = node.new_child([value], 0)
        return super().resolve(node)


class _Parser(Parser):
    def parse_filter_selector(
        self, stream: TokenStream, *, keys: bool = False
    ) -> Filter | KeysFilter:
        made = super().parse_filter_selector(stream, keys=keys)
        if isinstance(made, Filter):
            return _Test(env=made.env, token=made.token, expression=made.expression)
        return made


class _Environment(JSONPathEnvironment):
    parser_class = _Parser


_ENVIRONMENT = _Environment()


class Path:
    """A JSONPath that was read.

    Attributes:
        text: As it was written.
        root: The one property of the element that it reads, or None if that cannot be told.
    """

    __slots__ = ("_names", "_path", "root", "text")

    def __init__(self, text: str) -> None:
        """Read ``text``.

        Raises:
            ValueError: It is no JSONPath that begins at the root.
        """
        if not _ROOTED.match(text):
            raise ValueError(f"{text!r} does not begin with $, the element{_dollar_hint(text)}")
        try:
            self._path = _ENVIRONMENT.compile(text)
        except JSONPathError as error:
            raise ValueError(_described(error, text)) from None
        self.text = text
        segments: tuple[JSONPathSegment, ...] = getattr(self._path, "segments", ())
        for segment in segments:
            if isinstance(segment, JSONPathRecursiveDescentSegment):
                segment.selectors = tuple(map(_standard, segment.selectors))
        names = [_only_name(segment) for segment in segments]
        self._names = names if names and None not in names else None
        self.root: str | None = None
        if names and names[0] != "$selected" and _is_local(segments, text):
            self.root = names[0]

    def all(self, tree: Any) -> list[Any]:
        """Return what is selected in ``tree``, in order."""
        if self._names is not None:
            for name in self._names:
                if not isinstance(tree, Mapping) or name not in tree:
                    return []
                tree = tree[name]
            return [tree]
        if isinstance(tree, str):  # the library would read it as JSON text
            return [tree] if self.text.strip() == "$" else []
        return self._path.findall(tree)

    def first(self, tree: Any) -> Any:
        """Return the first that is selected in ``tree``, or None."""
        found = self.all(tree)
        return found[0] if found else None


def read_path(setting: Setting) -> Path:
    """Return the JSONPath of a setting.

    Raises:
        ConfigError: It is no text, or no JSONPath.
    """
    try:
        return Path(setting.text())
    except ValueError as error:
        raise setting.error(f"not a JSONPath: {error}") from None


def _standard(selector: JSONPathSelector) -> JSONPathSelector:
    """Return a selector of RFC 9535: below ``..`` a value would else be tested twice."""
    if not isinstance(selector, _Test):
        return selector
    return Filter(env=selector.env, token=selector.token, expression=selector.expression)


def _only_name(segment: JSONPathSegment) -> str | None:
    selectors = segment.selectors
    if not isinstance(segment, JSONPathChildSegment) or len(selectors) != 1:
        return None
    return selectors[0].name if isinstance(selectors[0], NameSelector) else None


def _is_local(segments: Iterable[JSONPathSegment], text: str) -> bool:
    """Return whether no filter in a path can look at the root again."""
    selectors = [selector for segment in segments for selector in segment.selectors]
    return text.count("$") == 1 or all(isinstance(one, _PLAIN) for one in selectors)


def _described(error: JSONPathError, text: str) -> str:
    index = getattr(error.token, "index", None)
    where = f" at column {index + 1}" if isinstance(index, int) and index >= 0 else ""
    hint = "; for a regular expression write @.name =~ /.../" if "~=" in text else ""
    return f"{error.message}{where} in {text!r}{hint or _dollar_hint(text)}"


def _dollar_hint(text: str) -> str:
    name = _BARE_DOLLAR.match(text)
    if name is None or (text.lstrip().startswith("$.") and not name[1].startswith("$")):
        return ""
    return f"; for the name ${name[1].lstrip('$')} write $['${name[1].lstrip('$')}']"
