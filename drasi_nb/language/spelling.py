"""How names, labels and constants are written so that they read back as themselves."""

from __future__ import annotations

import re

from drasi_nb.language import ast

_PLAIN = re.compile(r"[^\W\d]\w*")
_RESERVED = frozenset(
    [
        "ALL",
        "AND",
        "ANY",
        "AS",
        "ASC",
        "ASCENDING",
        "BY",
        "CALL",
        "CASE",
        "CAST",
        "COLLECT",
        "CONTAINS",
        "COUNT",
        "DESC",
        "DESCENDING",
        "DISTINCT",
        "ELSE",
        "END",
        "ENDS",
        "EXISTS",
        "FALSE",
        "FILTER",
        "FOR",
        "GROUP",
        "IN",
        "IS",
        "LET",
        "LIMIT",
        "MATCH",
        "NEXT",
        "NONE",
        "NOT",
        "NULL",
        "OFFSET",
        "OPTIONAL",
        "OR",
        "ORDER",
        "REDUCE",
        "RETURN",
        "SHORTESTPATH",
        "ALLSHORTESTPATHS",
        "SINGLE",
        "SKIP",
        "STARTS",
        "THEN",
        "TRUE",
        "UNION",
        "UNWIND",
        "WHEN",
        "WHERE",
        "WITH",
        "XOR",
        "YIELD",
    ]
)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FUNCTIONS = {"count", "collect", "all", "any", "none", "single", "exists", "reduce"}


def name_text(name: str) -> str:
    """Return a name, in back quotes unless it is a plain word without another meaning."""
    if _PLAIN.fullmatch(name) and (name.upper() not in _RESERVED or name in _FUNCTIONS):
        return name
    return "`" + name.replace("`", "``") + "`"


def parameter_text(name: str) -> str:
    """Return ``$name``."""
    return f"${name}" if re.fullmatch(r"\w+", name) else "$`" + name.replace("`", "``") + "`"


def literal_text(kind: ast.LiteralKind, value: object) -> str:
    """Return a constant."""
    if kind == "NULL":
        return "null"
    if kind == "BOOLEAN":
        return "true" if value else "false"
    if kind == "STRING":
        return "'" + "".join(_ESCAPES.get(char, char) for char in str(value)) + "'"
    return repr(value)


def label_text(labels: ast.LabelExpr, least: int = 0) -> str:
    """Return a label expression, in brackets if it binds less tight than ``least``."""
    match labels:
        case ast.Label(name=name):
            return name_text(name)
        case ast.LabelAny():
            return "%"
        case ast.LabelNot(operand=operand):
            return f"!{label_text(operand, 3)}"
        case ast.LabelAnd(left=left, right=right):
            level, text = 2, f"{label_text(left, 2)}&{label_text(right, 3)}"
        case ast.LabelOr(left=left, right=right):
            level, text = 1, f"{label_text(left, 1)}|{label_text(right, 2)}"
        case _:
            raise TypeError(f"no text for {type(labels).__name__}")
    return text if level >= least else f"({text})"
