"""Oddities of values: an expression and what it is; ``ERROR`` where the row drops and is counted."""

from __future__ import annotations

from typing import Any


class Error:
    def __init__(self, code: str) -> None:
        self.code = code


def text(*pairs: tuple[str, str]) -> list[tuple[str, Any]]:
    return [(f"toString({expression})", value) for expression, value in pairs]


CASES: dict[str, list[tuple[str, Any]]] = {
    "5 what cannot be computed drops its row, and nothing dies": [
        ("1 % 0", Error("division-by-zero")), ("[1][-5]", None), ("[1, 2][5..1]", []),
        ("right('日本', 1)", "本"), ("range(1, 3, 0)", Error("")), ("drasi.listMax([])", None),
        ("drasi.listMin([])", None), ("drasi.stdevp([])", None),
    ],
    "24 AND binds tighter than OR, XOR between them": [
        ("true OR true AND false", True), ("true XOR true AND false", True), ("true OR true XOR true", True),
    ],
    "25 % stands with * and /": [("2 * 5 % 3", 1), ("10 % 4 * 2", 4), ("7 - 5 % 3", 5), ("2 ^ 2 * 3", 12.0)],
    "26 logic has three values": [
        ("NOT null", None), ("null AND false", False), ("null OR true", True), ("1 < null", None),
    ],
    "27 null equals nothing": [("null = null", None), ("null <> null", None), ("null IS NULL", True)],
    "28 7 is 7.0 everywhere": [
        ("7 = 7.0", True), ("7 <> 7.0", False), ("7 IN [7.0]", True), ("nullIf(7, 7.0)", None),
        ("CASE 7 WHEN 7.0 THEN 1 ELSE 2 END", 1),
    ],
    "29 values of two kinds differ": [("1 <> 'a'", True), ("1 = 'a'", False), ("1 <> null", None)],
    "30 text and booleans have an order": [
        ("'a' < 'b'", True), ("'Z' < 'a'", True), ("false < true", True), ("1 < 'a'", None),
    ],
    "31 maps and lists are equal by what they hold": [
        ("{a: 1} = {a: 1}", True), ("{a: [1, {b: 2}]} = {a: [1.0, {b: 2}]}", True), ("{a: 1} = {a: null}", None),
    ],
    "32 what is decided is not asked on": [
        ("false AND 1 / 0 = 1", False), ("true OR 1 / 0 = 1", True), ("CASE WHEN true THEN 1 ELSE 1 / 0 END", 1),
    ],
    "33 an integer that does not fit is an error, never another number": [
        ("9223372036854775807 + 1", Error("")), ("9223372036854775807 * 2", Error("")),
        ("-9223372036854775808 - 1", Error("")), ("9223372036854775807 + 1.0", 9.223372036854775807e18),
    ],
    "34 lists, durations and times add up": [
        ("[1] + [2, 3]", [1, 2, 3]),
        *text(("duration({days: 1}) * 3", "P3D"), ("date('2024-03-01') - duration({days: 1})", "2024-02-29"),
              ("duration.between(date('2024-01-01'), date('2024-03-01'))", "P2M")),
    ],
    "35 years and months count": text(
        ("date('2024-01-31') + duration({months: 1})", "2024-02-29"), ("duration({years: 1, months: 2})", "P1Y2M"),
        ("date('2024-02-29') + duration({years: 1})", "2025-02-28"),
    ),
    "36 PT0.75M is 45 s": text(("duration('PT0.75M')", "PT45S")),
    "37 an offset and nanoseconds stay": text(
        ("datetime('2024-01-01T10:00:00.123456789+02:00')", "2024-01-01T10:00:00.123456789+02:00"),
    ),
    "38 a T between date and time, an offset behind a time": text(
        ("localdatetime('2024-01-01T10:00')", "2024-01-01T10:00"), ("time('10:00+02:00')", "10:00+02:00"),
    ),
    "39 weeks, quarters, ordinals, maps with little in them, nulls": [
        *text(("date('2024-W05-1')", "2024-01-29"), ("date('2024-Q2-60')", "2024-05-30"),
              ("date('2024-202')", "2024-07-20"), ("date({year: 2024})", "2024-01-01"),
              ("date.truncate('quarter', date('2024-05-30'))", "2024-04-01")),
        ("localdatetime(null)", None), ("duration(null)", None),
    ],
    "40 text is measured in code points": [
        ("size('日本')", 2), ("char_length('é')", 1), ("substring('日本語', 1, 1)", "本"), ("right('日本語', 2)", "本語"),
        ("reverse('aé')", "éa"),
    ],
    "41 a place past the end is the end, a negative length an error": [
        ("substring('abc', 5)", ""), ("left('abc', 0)", ""), ("right('abc', 9)", "abc"), ("left('abc', -1)", Error("")),
    ],
    "42 round() goes half up": [("round(-1.5)", -1.0), ("round(1.5)", 2.0), ("round(2.5)", 3.0)],
    "43 what Drasi lacks": [
        ("sqrt(4)", 2.0), ("exp(0)", 1.0), ("log(1)", 0.0), ("COUNT { UNWIND [1, 1] AS x RETURN DISTINCT x }", 1),
    ],
    "48 words, lines, signs, escapes, exponents": [
        ("[note IN [1] | note][0]", 1), ("[nullx IN [1] | nullx][0]", 1), ("[andy IN [1] | andy][0]", 1),
        ("-(-3)", 3), ("'a\\n\\u00e9\\''", "a\né'"), ("1.5e3", 1500.0), ("1\r\n+ 1", 2), ("tRuE aNd NoT fAlSe", True),
    ],
    "51 OrNull never fails": [
        ("toStringOrNull(true)", "true"), ("toBooleanOrNull('TRUE')", True), ("toBooleanOrNull('x')", None),
        ("toIntegerOrNull('x')", None), ("toFloatOrNull([])", None),
    ],
    "52 reduce() calls functions": [("reduce(a = 0, x IN [-1, -2] | a + abs(x))", 3)],
    "57 distinct knows 1 and 1.0 as one": [("size(coll.distinct([1, 1.0, 2]))", 2)],
    "63 a zone is a zone": [
        ("localdatetime.transaction('+02:00').hour", 2), ("localtime.realtime('+02:00').hour", 2),
        ("datetime.transaction('Europe/Berlin').hour", 1),
    ],
    "66 listMin passes over null": [("drasi.listMin([null, 2, 1])", 1), ("drasi.listMax([null, 2, 1])", 2)],
    "67 from a date and time to a time": text(
        ("duration.between(datetime('2024-01-01T10:00Z'), time('12:00Z'))", "PT2H"),
        ("duration.between(time('12:00Z'), datetime('2024-01-01T10:00Z'))", "PT-2H"),
    ),
    "68 a slice from the end": [("[1, 2, 3, 4][-2..]", [3, 4]), ("[1, 2, 3, 4][-3..-1]", [2, 3])],
    "75 range() goes down": [("range(3, 1)", []), ("range(3, 1, -1)", [3, 2, 1])],
}  # fmt: skip
