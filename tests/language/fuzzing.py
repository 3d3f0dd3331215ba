"""Texts that are almost queries, and what may come of them: a plan, or a QueryError."""

from __future__ import annotations

import random
import re

from histories import query
from timed_histories import timed_query
from wide import wide_query

from drasi_nb.errors import QueryError
from drasi_nb.language.dialects import CYPHER, GQL, Dialect
from drasi_nb.language.parser import parse
from drasi_nb.language.printer import to_text
from drasi_nb.plan.binder import bind
from tests.language.test_gql import PAIRS
from tests.language.test_printer import HARD

_PIECE = re.compile(r"\w+|\s+|[^\w\s]")
WORDS = [
    *CYPHER.clauses, *GQL.clauses, "AS", "IN", "IS", "NULL", "NOT", "AND", "XOR", "DISTINCT", "EXISTS",
    "COUNT", "COLLECT", "CASE", "WHEN", "THEN", "ELSE", "END", "all", "reduce", "shortestPath", "n", "r",
    "x", "n.x", "$p", "1", "0x1F", "1.5e3", "'a'", "`q`", "count(*)", "datetime()", "drasi.trueFor",
    "drasi.slidingWindow", "rand()", "{", "}", "(", ")", "[", "]", "-[", "]->", "<-[", "]-", "-->", "*1..3",
    "{1,2}", "*", "+", "-", "/", "%", "^", "=", "<>", "<", ">=", "=~", ",", ":", ":A", "|", "&", "!", ".", "..",
    ";", "//", "/*", "*/", "'", '"', "`", "\\", "\x00", "é", "\u2028", "🜁", "0o9", "9" * 40,
]  # fmt: skip


def almost(rng: random.Random) -> tuple[str, Dialect]:
    """Return a query with pieces dropped, doubled, swapped or put in, or a soup of words."""
    kind = rng.random()
    if kind < 0.15:
        glue = rng.choice((" ", "", "\n"))
        soup = glue.join(rng.choice(WORDS) for _ in range(rng.randrange(1, 25)))
        return soup, rng.choice((CYPHER, GQL))
    dialect = CYPHER
    if kind < 0.4:
        text, dialect = rng.choice(PAIRS)[0], GQL
    elif kind < 0.6:
        text = rng.choice(HARD)
    else:
        text = rng.choice((query, wide_query, timed_query))(rng)
    pieces = _PIECE.findall(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
        match rng.randrange(5):
            case 0:
                del pieces[place]
            case 1:
                pieces.insert(place, pieces[other])
            case 2:
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case 3:
                pieces.insert(place, f" {rng.choice(WORDS)} ")
            case _:
                pieces[place : place + 1] = [pieces[place][: rng.randrange(3)]]
        if not pieces:
            break
    return "".join(pieces), dialect if rng.random() < 0.9 else rng.choice((CYPHER, GQL))


def check(text: str, dialect: Dialect) -> bool:
    """Read a text up to its plan; return whether it is a query.

    Raises:
        AssertionError: What it prints as is not read as the same.
        Exception: Whatever is raised that is no QueryError.
    """
    try:
        tree = parse(text, dialect)
    except QueryError:
        return False
    try:
        plan = bind(tree, text, {"p": 1})
    except QueryError:
        return False
    printed = to_text(tree, dialect)
    again = parse(printed, dialect)
    assert to_text(again, dialect) == printed, (text, printed)
    assert bind(again, printed, {"p": 1}).columns == plan.columns, (text, printed)
    return True
