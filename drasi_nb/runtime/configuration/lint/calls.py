"""Differences in functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drasi_nb.language import ast
from drasi_nb.runtime.configuration.lint.rules import Found
from drasi_nb.runtime.configuration.lint.values import kind_of
from drasi_nb.runtime.configuration.lint.walking import Text, walk

_BOTH = (
    "trim ltrim rtrim reverse left right replace split substring randomUUID size coalesce nullIf"
    " last abs ceil floor round pi sin cos tan degrees radians reduce duration date"
    " duration.inMonths duration.inDays duration.inSeconds retainHistory count sum min max avg"
    " drasi.changeDateTime drasi.listMax drasi.listMin drasi.stdevp drasi.awaiting drasi.future"
    " drasi.trueLater drasi.trueNowOrLater drasi.trueUntil drasi.trueFor drasi.previousValue"
    " drasi.previousDistinctValue drasi.slidingWindow drasi.getVersionByTimestamp"
    " drasi.getVersionsByTimeRange drasi.last drasi.linearGradient char_length "
)
_CYPHER = (
    "toUpper toLower toString toStringOrNull character_length toInteger toIntegerOrNull"
    " toFloat toFloatOrNull toBoolean toBooleanOrNull isEmpty head timestamp sign rand"
    " range tail coll.distinct coll.indexOf coll.insert elementId duration.between collect"
    " localtime localdatetime time datetime"
)
_GQL = (
    "upper lower local_time local_datetime zoned_time zoned_datetime element_id"
    " duration_between"
)
_OF_CLOCKS = {
    f"{kind}.{function}"
    for kind in ("date", "localtime", "localdatetime", "time", "datetime")
    for function in ("transaction", "statement", "realtime", "truncate")
}
_KNOWN = {
    "cypher": {*(_BOTH + _CYPHER).split(), *_OF_CLOCKS},
    "gql": set((_BOTH + _GQL).split()),
}
_CAST_TYPES = frozenset({"STRING", "INTEGER", "INT", "FLOAT", "BOOLEAN", "BOOL"})
_NOTES = {
    "size": "byte-length", "char_length": "byte-length", "character_length": "byte-length",
    "substring": "string-bounds", "right": "byte-length", "sum": "float-result",
    "min": "least-and-greatest", "max": "least-and-greatest", "avg": "average",
    "collect": "collected", "tail": "empty-tail", "range": "descending-range", "datetime": "instant",
    "zoned_datetime": "instant", "duration": "months", "drasi.last": "shared-accumulator",
    "drasi.linearGradient": "shared-accumulator", "drasi.future": "timers",
    "drasi.trueFor": "timers", "drasi.trueLater": "timers", "drasi.trueNowOrLater": "timers",
    "drasi.trueUntil": "timers", "drasi.slidingWindow": "timers",
    "drasi.getVersionByTimestamp": "needs-archive",
    "drasi.getVersionsByTimeRange": "needs-archive",
}  # fmt: skip
_NAME = re.compile(r"`[^`]*`|[\w.]+")
_CAST = re.compile(r"\bAS\s+(\w+)\s*\)\s*\Z", re.IGNORECASE)


def found(query: Text) -> Iterator[Found]:
    """Yield the differences in functions."""
    for node in walk(query.tree):
        if isinstance(node, ast.CountStar):
            yield Found("count-star", node.span)
        elif isinstance(node, ast.FunctionCall):
            yield from _call(query, node)
        elif isinstance(node, ast.Reduce):
            for inner in (*walk(node.initial), *walk(node.body)):
                if isinstance(inner, ast.FunctionCall):
                    yield Found("reduce-call", inner.span, f"{inner.name}()")


def _call(query: Text, call: ast.FunctionCall) -> Iterator[Found]:
    match = _NAME.match(query.of(call))
    name = match[0] if match is not None else call.name
    if call.distinct:
        yield Found("aggregate-distinct", call.span)
    if query.language == "gql" and name.upper() == "CAST":
        cast = _CAST.search(query.of(call))
        if cast is not None and cast[1].upper() not in _CAST_TYPES:
            yield Found("cast-type", call.span, cast[1])
        return
    known = _KNOWN[query.language]
    if name not in known:
        near = next((k for k in known if k.lower() == name.lower()), None)
        if near is not None:
            yield Found("function-case", call.span, near)
            name = near
        else:
            yield Found("unknown-function", call.span, f"{name}()")
            return
    is_text = name in ("toString", "toStringOrNull") and bool(call.args)
    if is_text and kind_of(call.args[0]) not in ("STRING", "INTEGER", "BOOLEAN"):
        yield Found("float-text", call.span)
    is_integer = name in ("toInteger", "toIntegerOrNull") and bool(call.args)
    if is_integer and kind_of(call.args[0]) not in ("STRING", "INTEGER", "BOOLEAN"):
        yield Found("rounded-down", call.span)
    note = _NOTES.get(name)
    if note is not None:
        yield Found(note, call.span, f"{name}()")
