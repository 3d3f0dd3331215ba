"""What Drasi refuses or reads otherwise: one entry per difference.

Source: Drasi's observed behaviour (core 0.5.10, server and platform of August 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from drasi_nb.span import Span

Effect = Literal["refused", "differs", "may differ", "note"]
"""Drasi does not run it; means something else there; may, by the data; for information."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A difference; ``{}`` in the message is what was found."""

    effect: Effect
    message: str
    hint: str | None = None


class Found(NamedTuple):
    """A place in a query where a rule applies."""

    code: str
    span: Span
    what: str = ""
    may: bool = False  # whether it depends on the data, for a rule that says "differs"


_R: Effect = "refused"
_D: Effect = "differs"
_M: Effect = "may differ"
_N: Effect = "note"
RULES: dict[str, Rule] = {
    # -- text
    "carriage-return": Rule(_R, "a CR is no white space there", "end lines with LF alone"),
    "block-comment": Rule(_R, "there are no /* */ comments", "write // to the end of a line"),
    "semicolon": Rule(_R, "a query must not end with ';'", "leave it out"),
    "keyword-case": Rule(
        _R, "{} is no keyword there: they are all upper or all lower case", "write {upper}"
    ),
    "double-quotes": Rule(_R, "strings have single quotes only", "write '..'"),
    "string-escape": Rule(_R, "strings have no escapes and no line ends"),
    "exponent": Rule(_R, "{} is no number there: no exponent", "write all digits"),
    "leading-dot": Rule(_R, "{} is no number there", "write a digit before the dot"),
    "integer-base": Rule(_R, "{} is no number there: only decimal", "write it in decimal"),
    "identifier": Rule(
        _R, "the name {} needs back quotes there", "start with a letter, of ASCII only"
    ),
    "keyword-prefix": Rule(
        _R, "the name {} is read as a keyword and a rest there", "choose another name"
    ),
    "interpolation": Rule(
        _D, "{} is replaced by an environment variable there", "split the text: '$' + '{{..'"
    ),
    # -- clauses
    "order-by": Rule(_R, "there is no ORDER BY"),
    "skip": Rule(_R, "there is no SKIP"),
    "limit": Rule(_R, "there is no LIMIT"),
    "distinct": Rule(_R, "there is no DISTINCT", "group: WITH the columns, count(..)"),
    "star": Rule(_R, "there is no * in RETURN and WITH", "name the columns"),
    "unwind": Rule(_R, "there is no UNWIND and no FOR", "the unwind middleware makes nodes"),
    "union": Rule(_R, "there is no UNION", "write two queries"),
    "call": Rule(_R, "there is no CALL"),
    "match-after-with": Rule(
        _R, "a MATCH behind WITH is ignored there, and its variables are unknown",
        "write all patterns before the first WITH",
    ),
    "where-between-matches": Rule(
        _R, "no MATCH may follow a WHERE", "write one WHERE behind the last MATCH"
    ),
    "optional-where": Rule(
        _D, "a WHERE behind OPTIONAL MATCH drops the whole row there", "filter in the pattern"
    ),
    "optional-match": Rule(
        _D, "live results keep stale rows with nulls, and aggregates that count nulls undercount"
    ),
    "no-match": Rule(_D, "a query without MATCH never has a row there"),
    "filter-where": Rule(_R, "FILTER takes no WHERE there", "write FILTER and the condition"),
    "column-name": Rule(
        _D, "without AS the column is called {} there; equal names are one column", "write AS"
    ),
    "emptied-group": Rule(
        _D, "a group that empties stays in the result there, with 0 or null",
        "name the groups in WITH, and RETURN what has a count above 0",
    ),
    "global-aggregate": Rule(_D, "there is no row there before the first change"),
    "group-key": Rule(_M, "groups 1 and 1.0 are one, shown as the number that came last"),
    # -- patterns
    "variable-length": Rule(_D, "a length is ignored there: the pattern matches one relation"),
    "shortest-path": Rule(_R, "there is no {}()"),
    "path-variable": Rule(_R, "there are no path variables"),
    "quantified-path": Rule(_R, "there are no quantified paths"),
    "disconnected-patterns": Rule(
        _D, "patterns that share no variable never match there", "relate them by a join"
    ),
    "cyclic-pattern": Rule(_D, "a pattern that closes a circle is not checked to close there"),
    "same-relation": Rule(
        _D, "one relation may stand for both of two relations there", "tell them by type"
    ),
    "unlabelled-node": Rule(_D, "a node without label matches relations too", "give a label"),
    "later-labels": Rule(
        _D, "labels and conditions of {} are ignored there: it occurs before",
        "write them where it first occurs",
    ),
    "inline-variable": Rule(
        _R, "{} is not known inside of another pattern there", "write it in WHERE"
    ),
    "label-form": Rule(_R, "labels are combined by | only, not by & ! % or :"),
    "label-spaces": Rule(_R, "no space may stand around the colon before a label"),
    "label-word": Rule(_R, "labels follow a colon only, not IS"),
    "arrow-form": Rule(_R, "{} is no relation there", "write -> <- or -, or -[]-> with brackets"),
    # -- expressions
    "parameter": Rule(_N, "${} is written as its value: there are no parameters"),
    "parameter-value": Rule(_R, "the value of ${} cannot be written in a query"),
    "mixed-and-or": Rule(
        _D, "AND and OR bind alike there, from left to right", "use brackets"
    ),
    "mixed-products": Rule(
        _D, "% and ^ bind alike there, and tighter than * and /", "use brackets"
    ),
    "xor": Rule(_R, "there is no XOR", "write a <> b"),
    "regular-expression": Rule(_R, "there is no =~"),
    "unary-sign": Rule(_R, "there is no sign before an expression", "write 0 - x"),
    "integer-division": Rule(
        _D, "the quotient of integers is a FLOAT there", "write toInteger(a / b), for numbers of one sign"
    ),
    "modulo-zero": Rule(_M, "% by an integer 0 kills the query there"),
    "aggregate-divisor": Rule(
        _D, "a quotient by an aggregate of the same clause never gives a row there",
        "divide in the clause behind",
    ),
    "null-comparison": Rule(
        _D, "a comparison with null is true or false there, never null", "write IS NULL"
    ),
    "null-equality": Rule(_M, "null = null is true there", "add IS NOT NULL"),
    "unequal": Rule(_M, "<> is false there for values of different kinds"),
    "number-equality": Rule(_D, "an INTEGER is never = a FLOAT there"),
    "element-equality": Rule(_M, "elements and maps are never equal there", "compare ids"),
    "string-order": Rule(_D, "strings and booleans have no order there: {} is false"),
    "not-null": Rule(_M, "NOT null is true there", "add IS NOT NULL"),
    "null-in-list": Rule(_D, "null IN a list is true if null is in it there, else false"),
    "null-value": Rule(_M, "what compares null, or is made of it by AND and OR, is never null there"),
    "null-list": Rule(_M, "null in the place of a list is an error there", "write coalesce(x, [])"),
    "case-null": Rule(_D, "CASE x WHEN null is true of null there", "write WHEN x IS NULL"),
    "comparison-chain": Rule(
        _D, "a < b < c compares the truth of a < b with c there", "join two comparisons by AND"
    ),
    "list-plus": Rule(_D, "list + anything is null there"),
    "slice": Rule(_D, "a slice from a negative start begins elsewhere there"),
    "string-index": Rule(_M, "[..] behind null or another kind is an error there"),
    "empty-map": Rule(_R, "there is no empty map"),
    "label-predicate": Rule(_R, "there are no label predicates", "write it in the pattern"),
    "map-projection": Rule(_R, "there are no map projections", "write a map"),
    "quantifier": Rule(_R, "{}() is unknown there", "compare size([.. WHERE ..])"),
    "reduce-call": Rule(_R, "reduce() cannot call functions there: {}"),
    "pattern-comprehension": Rule(_R, "there are no pattern comprehensions"),
    "pattern-predicate": Rule(
        _R, "patterns are no conditions there", "OPTIONAL MATCH and IS NULL, or a count"
    ),
    "subquery": Rule(_R, "there is no {} {{ }}"),
    # -- functions
    "count-star": Rule(_R, "there is no count(*)", "count a variable of the pattern"),
    "aggregate-distinct": Rule(_R, "aggregates have no DISTINCT", "coll.distinct(collect(..))"),
    "unknown-function": Rule(_R, "the function {} is unknown there"),
    "function-case": Rule(_R, "functions have their case there", "write {}"),
    "cast-type": Rule(_R, "CAST to {} is unknown there"),
    "needs-archive": Rule(_R, "{} needs a storage backend with an archive there"),
    "shared-accumulator": Rule(
        _D, "{} ignores groups there, and crashes beside another aggregate"
    ),
    "timers": Rule(_M, "when one timer is due all fire there, and changes without time are due"),
    "byte-length": Rule(_M, "{} counts bytes there, not characters", "ASCII is alike"),
    "string-bounds": Rule(_M, "{} beyond the end of the text is an error there"),
    "float-result": Rule(_D, "{} is always a FLOAT there"),
    "least-and-greatest": Rule(
        _M, "{} takes numbers and times only there, gives FLOATs, and null while the last value is"
    ),
    "average": Rule(_M, "avg() of none is 0.0 there, and a value that becomes null is an error"),
    "collected": Rule(
        _M, "collect() leaves elements, dates and durations out there, in order of arrival"
    ),
    "empty-tail": Rule(_M, "tail() of an empty list is null there"),
    "float-text": Rule(_M, "a whole FLOAT is written without .0 there"),
    "rounded-down": Rule(_M, "toInteger() of a negative FLOAT rounds down there, not to zero"),
    "descending-range": Rule(_M, "range() counts up only there"),
    "instant": Rule(_M, "datetime() loses its zone there, and what is below a ms"),
    "months": Rule(_M, "years and months of a duration are ignored in sums there"),
    # -- beside the text
    "query-source": Rule(_R, "a query cannot read the query {} there"),
    "components-source": Rule(_D, "the runtime's own graph is '__component_graph__' there, and other"),
    "join-labels": Rule(_R, "the join needs nodes labelled {} in the query there"),
    "join-same-key": Rule(_D, "the join {} has equal keys, which never join there"),
    "join-nulls": Rule(_M, "the join {} joins null with null there, and 1 not with 1.0"),
    "undirected-join": Rule(_D, "a join without direction gives each row twice there"),
    "join-direction": Rule(_D, "a join goes both ways there, whatever the arrow"),
    "python-middleware": Rule(_R, "the Python function {} is left out: it runs here only"),
    "source-kind": Rule(
        _R, "the source is of kind {}, which Drasi does not have",
        "say what stands for it there: to_config(kinds={{{id!r}: {{'kind': 'http', ..}}}})",
    ),
    "reaction-kind": Rule(
        _R, "the reaction is of kind {}, which is made by Python here",
        "say what stands for it there: to_config(kinds={{{id!r}: {{'kind': 'log', ..}}}})",
    ),
    "reaction-left-out": Rule(
        _R, "the reaction is a Python function and is left out",
        "say what stands for it there: to_config(kinds={{{id!r}: {{'kind': 'log', ..}}}})",
    ),
    "kind-origin": Rule(
        _M, "the kind {} may have another name and other settings there",
        "say what stands for it: to_config(kinds={{{id!r}: {{'kind': .., ..}}}})",
    ),
    "replay-source": Rule(_N, "what it plays does not go along"),
    "auto-start": Rule(_D, "everything runs from the start there"),
    "resource-name": Rule(
        _R, "{} is no name of a resource there", "lower case letters, digits and dashes"
    ),
    "runtime-settings": Rule(_N, "the setting {} has no counterpart there"),
}  # fmt: skip
