"""Differences in spelling: what the text says, whatever the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drasi_nb.language import ast
from drasi_nb.language.lexer import Token
from drasi_nb.runtime.configuration.environment import has_reference
from drasi_nb.runtime.configuration.lint.rules import Found
from drasi_nb.runtime.configuration.lint.walking import Text, walk
from drasi_nb.span import Span

_WORDS = (
    "MATCH OPTIONAL WHERE WITH RETURN AS AND OR NOT IN IS NULL TRUE FALSE CASE WHEN THEN ELSE"
    " END STARTS ENDS CONTAINS LET FILTER YIELD GROUP BY NEXT"
)
_KEYWORDS = frozenset(_WORDS.split())
_BREAKS = _KEYWORDS - {"AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE"} | {
    "ORDER", "SKIP", "LIMIT", "UNWIND", "UNION", "CALL", "ON", "FOR", "OFFSET",
}  # fmt: skip
_PREFIX = re.compile(r"(?:not|null|true|false|NOT|NULL|TRUE|FALSE)\w")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\}")


def found(query: Text) -> Iterator[Found]:
    """Yield the differences in spelling."""
    text = query.text
    if "\r" in text:
        place = text.index("\r")
        yield Found("carriage-return", Span(place, place + 1))
    if has_reference(text):
        for match in _REFERENCE.finditer(text):
            yield Found("interpolation", Span(*match.span()), match[0])
    yield from _comments(query)
    for index, token in enumerate(query.tokens):
        yield from _token(query, index, token)
    yield from _mixed(query.tokens)
    for node in walk(query.tree):
        if isinstance(node, ast.Variable) and _PREFIX.match(query.of(node)):
            yield Found("keyword-prefix", node.span, node.name)


def _comments(query: Text) -> Iterator[Found]:
    place = 0
    for token in query.tokens:
        between = re.sub(
            r"//[^\n]*", lambda m: " " * len(m[0]), query.text[place : token.span.start]
        )
        start = between.find("/*")
        if start >= 0:
            yield Found("block-comment", Span(place + start, place + start + 2))
        place = token.span.stop


def _token(query: Text, index: int, token: Token) -> Iterator[Found]:
    raw = query.text[token.span.start : token.span.stop]
    before = query.tokens[index - 1].text if index else ""
    if token.kind == "string":
        if raw[0] == '"':
            yield Found("double-quotes", token.span)
        if "\\" in raw or "\n" in raw or "\r" in raw:
            yield Found("string-escape", token.span)
    elif token.kind == "float":
        if "e" in raw.lower():
            yield Found("exponent", token.span, raw)
        elif raw.startswith("."):
            yield Found("leading-dot", token.span, raw)
    elif token.kind == "integer" and not raw.isdecimal():
        yield Found("integer-base", token.span, raw)
    elif token.kind == "symbol" and raw == ";":
        yield Found("semicolon", token.span)
    elif token.kind == "name":
        if not _PLAIN.match(raw):
            yield Found("identifier", token.span, raw)
        is_mixed = raw not in (raw.upper(), raw.lower()) and raw.upper() in _KEYWORDS
        after = query.tokens[index + 1].text
        is_name = before in (":", ".", "|", "&", "!") or before.upper() == "AS"
        if is_mixed and not is_name and not (before == "(" and after in (")", ":", "{")):
            yield Found("keyword-case", token.span, raw)
        if query.language == "gql" and token.upper == "WHERE" and before.upper() == "FILTER":
            yield Found("filter-where", token.span)
        if token.upper == "IS" and query.language == "gql" and _is_before_label(query, index):
            yield Found("label-word", token.span)


def _is_before_label(query: Text, index: int) -> bool:
    after = query.tokens[index + 1]
    if after.upper == "NOT":
        after = query.tokens[index + 2]
    return after.upper != "NULL" and query.tokens[index - 1].text != "."


def _mixed(tokens: list[Token]) -> Iterator[Found]:
    """Yield operators that bind otherwise there, with what stands before them in a bracket."""
    booleans: list[str] = [""]  # the operators seen, one text per open bracket
    products: list[str] = [""]
    for index, token in enumerate(tokens):
        text = token.upper if token.kind == "name" else token.text
        is_symbol = token.kind == "symbol"
        is_word = token.kind == "name" and _is_word(tokens, index)
        if (is_symbol and text in "([{") or (is_word and text == "CASE"):
            booleans.append("")
            products.append("")
        elif ((is_symbol and text in ")]}") or (is_word and text == "END")) and booleans[1:]:
            booleans.pop()
            products.pop()
        elif is_symbol and text in "*/%^" and _is_operator(tokens, index):
            seen = products[-1]
            is_late = text == "%" and ("*" in seen or "/" in seen)
            if is_late or (text == "^" and seen.endswith("%")):
                yield Found("mixed-products", token.span)
            products[-1] += text
        elif is_symbol and text != ".":
            products[-1] = ""
            if text in ",|":
                booleans[-1] = ""
        elif is_word:
            if text in ("AND", "OR"):
                if text == "AND" and "OR" in booleans[-1]:
                    yield Found("mixed-and-or", token.span)
                booleans[-1] += text
            elif text in _BREAKS:
                booleans[-1] = ""
            if text in _BREAKS or text in ("AND", "OR", "NOT", "IN", "IS", "XOR"):
                products[-1] = ""


def _is_word(tokens: list[Token], index: int) -> bool:
    """Return whether a name can be a keyword where it stands."""
    return index == 0 or tokens[index - 1].text not in (".", ":", "|", "&", "!")


def _is_operator(tokens: list[Token], index: int) -> bool:
    """Return whether a sign stands behind an operand."""
    before = tokens[index - 1] if index else None
    return before is not None and (before.kind != "symbol" or before.text in ")]}")
