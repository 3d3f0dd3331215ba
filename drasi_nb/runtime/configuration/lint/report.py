"""What of a runtime would mean something else in Drasi: by component, line and column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from drasi_nb.errors import ChangeError, ConfigError, QueryError
from drasi_nb.language import ast
from drasi_nb.language.dialects import DIALECTS
from drasi_nb.language.lexer import tokenize
from drasi_nb.language.parser import parse
from drasi_nb.language.printer import expression_text
from drasi_nb.plan.joins import Join, read_joins
from drasi_nb.runtime.configuration.blueprint import (
    Blueprint,
    Format,
    Part,
    QueryPart,
    changed_settings,
    source_ids,
)
from drasi_nb.runtime.configuration.lint import calls, clauses, patterns, spelling, values
from drasi_nb.runtime.configuration.lint.rules import RULES, Effect, Found
from drasi_nb.runtime.configuration.lint.walking import Text, walk
from drasi_nb.runtime.configuration.values import KINDS
from drasi_nb.runtime.internal import COMPONENTS, PREFIX
from drasi_nb.span import NOWHERE, Span
from drasi_nb.values.change import stored_value

_RESOURCE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_NO_KINDS = ("push", "replay", "unknown")  # of Drasi
_PARTS = (spelling.found, clauses.found, patterns.found, values.found, calls.found)


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between a query here and in Drasi.

    Attributes:
        component: Id of the query, source or reaction; empty is the runtime.
        line: 1-based line in the query's text, None for what is not in a text.
        column: 1-based column.
        code: Stable, kebab-case, for example "integer-division".
        effect: "refused": Drasi does not run it; "differs": it means something else there;
            "may differ": that depends on the data; "note": for information.
        message: What the difference is.
        hint: A way out, or None.
    """

    component: str
    line: int | None
    column: int | None
    code: str
    effect: Effect
    message: str
    hint: str | None

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{where}{self.message}" + (f"; {self.hint}" if self.hint else "")


COLUMNS = {
    name: pl.Int64() if name in ("line", "column") else pl.String()
    for name in Finding.__dataclass_fields__
}


def lint(query: QueryPart) -> list[Finding]:
    """Return what of a query Drasi refuses or reads otherwise, in the order of the text.

    Raises:
        ConfigError: With its parameters put in, the text cannot be read here.
    """
    return _findings(query, *with_values(query))


def written(blueprint: Blueprint, format: Format) -> tuple[dict[str, str], list[Finding]]:
    """Return the text of each query as Drasi gets it, and what would mean something else there."""
    texts, out = dict[str, str](), list[Finding]()
    is_platform = format == "drasi-platform"
    for name in changed_settings(blueprint.config):
        out.append(_finding("", "runtime-settings", name))
    for part in (*blueprint.sources, *blueprint.reactions):
        out += [_finding(part.id, code, what) for code, what in _of_part(part, format)]
    for id_ in blueprint.left_out:
        out.append(_finding(id_, "reaction-left-out", ""))
    for query in blueprint.queries:
        text, splices = with_values(query)
        texts[query.id] = text
        if is_platform:
            for code, what in _of_resource(query.id, auto_start=query.definition.auto_start):
                out.append(_finding(query.id, code, what))
        out += _findings(query, text, splices)
    return texts, out


# -- parameters ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Splice:
    """A value in the place of a parameter.

    Attributes:
        name: Of the parameter.
        span: Of the parameter in the query's own text.
        text: Of the value; None if it has none, and the parameter stays.
    """

    name: str
    span: Span
    text: str | None


def with_values(query: QueryPart) -> tuple[str, list[Splice]]:
    """Return the text of a query with the values of its parameters, and where they went."""
    text, language = query.definition.text, query.definition.language
    out, place = "", 0
    splices = list[Splice]()
    for token in tokenize(text):
        if token.kind != "parameter":
            continue
        value = _literal(query.definition.parameters.get(token.text), language)
        spelled = None if value is None else expression_text(value, DIALECTS[language])
        splices.append(Splice(token.text, token.span, spelled))
        kept = text[token.span.start : token.span.stop] if spelled is None else spelled
        out += text[place : token.span.start] + kept
        place = token.span.stop
    return out + text[place:], splices


def _literal(value: Any, language: str) -> ast.Expr | None:
    """Return the expression of a value; None if the language has none."""
    try:
        value = stored_value(value)
    except ChangeError:
        return None
    match value:
        case None:
            return ast.Literal(NOWHERE, "NULL", None)
        case bool():
            return ast.Literal(NOWHERE, "BOOLEAN", value)
        case int():
            return ast.Literal(NOWHERE, "INTEGER", value)
        case float():
            return ast.Literal(NOWHERE, "FLOAT", value) if math.isfinite(value) else None
        case str():
            return ast.Literal(NOWHERE, "STRING", value)
        case list():
            items = [_literal(item, language) for item in value]
            if None in items:
                return None
            return ast.ListLiteral(NOWHERE, tuple(i for i in items if i is not None))
        case dict():
            entries = {key: _literal(item, language) for key, item in value.items()}
            pairs = tuple((key, item) for key, item in entries.items() if item is not None)
            return ast.MapLiteral(NOWHERE, pairs) if len(pairs) == len(entries) else None
        case _ if type(value) in KINDS and language == "cypher":
            text = ast.Literal(NOWHERE, "STRING", str(value))
            return ast.FunctionCall(NOWHERE, KINDS[type(value)], (text,))
        case _:
            return None


def _own_place(place: int, splices: list[Splice]) -> int:
    """Return the place in the query's own text of one in the text with values."""
    shift = 0
    for splice in splices:
        own = splice.span.stop - splice.span.start
        length = own if splice.text is None else len(splice.text)
        start = splice.span.start + shift
        if place < start:
            break
        if place < start + length:
            return splice.span.start
        shift += length - own
    return place - shift


# -- findings -----------------------------------------------------------------------------


def _findings(query: QueryPart, text: str, splices: list[Splice]) -> list[Finding]:
    own = query.definition.text
    found = list[tuple[int, Found]]()
    for splice in splices:
        code = "parameter" if splice.text is not None else "parameter-value"
        found.append((splice.span.start, Found(code, splice.span, splice.name)))
    joins = read_joins(query.definition.joins)
    language = query.definition.language
    try:
        tree = parse(text, DIALECTS[language])
    except QueryError as error:  # a value nests deeper than a query may
        raise ConfigError(f"query {query.id!r} with its parameters put in: {error}") from error
    seen = Text(text, tokenize(text), tree, language, joins)
    for part in _PARTS:
        found += [(_own_place(one.span.start, splices), one) for one in part(seen)]
    found.sort(key=lambda pair: pair[0])
    out = [_finding(query.id, code, what) for code, what in _beside(query, seen, joins)]
    for place, one in dict.fromkeys(found):
        line, column = Span(place, place).line_column(own)
        out.append(_finding(query.id, one.code, one.what, (line, column), may=one.may))
    return out


def _finding(
    component: str,
    code: str,
    what: str,
    place: tuple[int, int] | None = None,
    *,
    may: bool = False,
) -> Finding:
    rule = RULES[code]
    words: Mapping[str, str] = {"id": component, "upper": what.upper()}
    message = rule.message.replace("${}", f"${what}").format(what, **words)
    hint = None if rule.hint is None else rule.hint.format(what, **words)
    line, column = place or (None, None)
    effect: Effect = "may differ" if may and rule.effect == "differs" else rule.effect
    return Finding(component, line, column, code, effect, message, hint)


def _beside(
    query: QueryPart, seen: Text, joins: Mapping[str, Join]
) -> Iterator[tuple[str, str]]:
    """Yield what of a query is not in its text."""
    for id_ in source_ids(query.definition):
        if id_.startswith(PREFIX):
            yield "query-source", repr(id_.removeprefix(PREFIX))
        elif id_ == COMPONENTS:
            yield "components-source", ""
    for one in query.definition.middleware:
        if not isinstance(one, Mapping):
            yield "python-middleware", repr(getattr(one, "__name__", type(one).__name__))
    labels = {
        label.name
        for node in walk(seen.tree)
        if isinstance(node, ast.NodePattern) and node.labels is not None
        for label in walk(node.labels)
        if isinstance(label, ast.Label)
    }
    for join in joins.values():
        missing = [key.label for key in join.keys if key.label not in labels]
        if missing:
            yield "join-labels", " and ".join(map(repr, dict.fromkeys(missing)))
        if len(set(join.keys)) < len(join.keys):
            yield "join-same-key", repr(join.id)
        yield "join-nulls", repr(join.id)


def _of_part(part: Part, format: Format) -> Iterator[tuple[str, str]]:
    if part.kind in _NO_KINDS or (part.origin == "drasi_nb" and not part.is_stand_in):
        yield f"{part.role}-kind", repr(part.kind)
    elif part.origin not in ("drasi_nb", format):
        yield "kind-origin", f"{part.kind!r} of {part.origin}"
    if part.role == "source" and part.kind == "replay":
        yield "replay-source", ""
    if format == "drasi-platform":
        yield from _of_resource(part.id, auto_start=part.auto_start)


def _of_resource(id_: str, *, auto_start: bool) -> Iterator[tuple[str, str]]:
    if not _RESOURCE.match(id_):
        yield "resource-name", repr(id_)
    if not auto_start:
        yield "auto-start", ""
