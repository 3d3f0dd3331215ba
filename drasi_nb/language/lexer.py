"""From text to tokens."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from drasi_nb.errors import QuerySyntaxError
from drasi_nb.span import Span

TokenKind = Literal[
    "name", "quoted", "string", "integer", "float", "parameter", "symbol", "end"
]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<float>(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
  | (?P<integer>0[xX][0-9a-fA-F]+|0[oO][0-7]+|\d+)
  | (?P<parameter>\$(?:\w+|`(?:[^`]|``)*`))
  | (?P<quoted>`(?:[^`]|``)*`)
  | (?P<name>[^\W\d]\w*)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<symbol><=|>=|<>|=~|\.\.|[-+*/%^=<>()\[\]{}.,:|&!;])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "`": "`",
}


class Token(NamedTuple):
    """One token; ``text`` is its meaning (unescaped), ``upper`` serves keywords."""

    kind: TokenKind
    text: str
    upper: str
    span: Span


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, the last of kind "end". Cost: linear.

    Raises:
        QuerySyntaxError: A character or a string that cannot be read.
    """
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        kind, raw, span = match.lastgroup, match[0], Span(place, match.end())
        after = text[span.stop : span.stop + 1]
        if kind in ("integer", "float") and (after.isalnum() or after == "_"):
            raise QuerySyntaxError(
                f"{raw}{after} is no number", text, Span(place, span.stop + 1),
                code="invalid-number",
            )  # fmt: skip
        if kind == "string":
            tokens.append(Token("string", _unescaped(raw, text, place), "", span))
        elif kind == "quoted":
            tokens.append(Token("quoted", raw[1:-1].replace("``", "`"), "", span))
        elif kind == "parameter":
            name = raw[1:]
            if name.startswith("`"):
                name = name[1:-1].replace("``", "`")
            tokens.append(Token("parameter", name, "", span))
        elif kind != "space":
            tokens.append(Token(kind, raw, raw.upper(), span))  # type: ignore[arg-type]
        place = match.end()
    tokens.append(Token("end", "the end of the query", "", Span(len(text), len(text))))
    return tokens


def _unreadable(text: str, place: int) -> QuerySyntaxError:
    char = text[place]
    if char in "'\"`":
        return QuerySyntaxError(
            f"this {char} is never closed",
            text,
            Span(place, len(text)),
            code="unterminated-string",
        )
    if text.startswith("/*", place):
        return QuerySyntaxError(
            "this comment is never closed",
            text,
            Span(place, place + 2),
            code="unterminated-comment",
        )
    hint = {"$": "a parameter needs a name: $limit", "\\": "quote it: '\\\\'"}.get(char)
    return QuerySyntaxError(
        f"{char!r} has no meaning here", text, Span(place, place + 1), code="syntax", hint=hint
    )


def _unescaped(raw: str, text: str, start: int) -> str:
    if "\\" not in raw:
        return raw[1:-1]

    def meaning(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "uU" and len(code) > 1:
            number = int(code[1:], 16)
            if number < 0x110000:
                return chr(number)
        elif code in _PLAIN:
            return _PLAIN[code]
        place = start + 1 + match.start()
        raise QuerySyntaxError(
            f"\\{code} is no escape", text, Span(place, place + len(match[0])),
            code="invalid-escape", hint="a backslash itself is written \\\\",
        )  # fmt: skip

    return _ESCAPE.sub(meaning, raw[1:-1])
