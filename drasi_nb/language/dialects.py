"""What the two languages write differently, as data; both give the same tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialect:
    """One language over the common grammar.

    Attributes:
        name: As ``add_query(language=...)`` takes it.
        clauses: First words of clauses, for hints.
        label_word: A word that may stand for the colon before labels.
        has_quantifiers: Whether a relation is repeated by ``{1,3}``, ``+`` or ``*`` behind it.
        casts: Type names of ``CAST(x AS type)`` and the functions they stand for.
        functions: Names that the other language spells differently, lower case.
    """

    name: str
    clauses: tuple[str, ...]
    label_word: str | None = None
    has_quantifiers: bool = False
    casts: Mapping[str, str] = field(default_factory=dict[str, str])
    functions: Mapping[str, str] = field(default_factory=dict[str, str])


CYPHER = Dialect(
    "cypher",
    ("MATCH", "OPTIONAL", "WITH", "RETURN", "UNWIND", "CALL", "UNION", "WHERE", "ORDER", "SKIP",
     "OFFSET", "LIMIT"),
)  # fmt: skip

GQL = Dialect(
    "gql",
    ("MATCH", "OPTIONAL", "LET", "FILTER", "FOR", "YIELD", "NEXT", "RETURN", "CALL", "UNION",
     "WHERE", "GROUP", "ORDER", "OFFSET", "LIMIT"),
    label_word="IS",
    has_quantifiers=True,
    casts={
        "STRING": "toString", "VARCHAR": "toString", "INTEGER": "toInteger", "INT": "toInteger",
        "INT64": "toInteger", "BIGINT": "toInteger", "FLOAT": "toFloat", "FLOAT64": "toFloat",
        "DOUBLE": "toFloat", "REAL": "toFloat", "BOOLEAN": "toBoolean", "BOOL": "toBoolean",
        "DATE": "date", "DURATION": "duration",
    },
    functions={
        "char_length": "size", "character_length": "size", "cardinality": "size",
        "element_id": "elementId", "collect_list": "collect", "ceiling": "ceil", "ln": "log",
        "stddev_samp": "stDev", "stddev_pop": "stDevP", "percentile_cont": "percentileCont",
        "percentile_disc": "percentileDisc", "duration_between": "duration.between",
    },
)  # fmt: skip

DIALECTS = {dialect.name: dialect for dialect in (CYPHER, GQL)}
