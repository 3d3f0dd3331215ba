"""The aggregates by name; the engine computes them, so nothing here is called."""

from __future__ import annotations

from typing import NamedTuple


class Aggregate(NamedTuple):
    """What an aggregate takes and gives."""

    signature: str


AGGREGATES: dict[str, Aggregate] = {
    "count": Aggregate("ANY -> INTEGER"),
    "sum": Aggregate("NUMBER -> NUMBER"),
    "avg": Aggregate("NUMBER -> FLOAT"),
    "min": Aggregate("ANY -> ANY"),
    "max": Aggregate("ANY -> ANY"),
    "collect": Aggregate("ANY -> LIST"),
    "stdev": Aggregate("NUMBER -> FLOAT"),
    "stdevp": Aggregate("NUMBER -> FLOAT"),
    "percentilecont": Aggregate("NUMBER, FLOAT -> FLOAT"),
    "percentiledisc": Aggregate("NUMBER, FLOAT -> NUMBER"),
}
"""Lower-case name to aggregate. Source: Neo4j Cypher manual, "Aggregating functions"."""

NUMERIC_AGGREGATES = frozenset({"sum", "avg", "stdev", "stdevp"})
"""Those of one argument, which must be a number or null."""
