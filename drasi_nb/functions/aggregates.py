"""The aggregates by name; the engine computes them, so nothing here is called."""

from __future__ import annotations

from typing import NamedTuple


class Aggregate(NamedTuple):
    """What an aggregate takes and gives, and whether queries may use it yet."""

    signature: str
    executed: bool


AGGREGATES: dict[str, Aggregate] = {
    "count": Aggregate("ANY -> INTEGER", executed=True),
    "sum": Aggregate("NUMBER -> NUMBER", executed=True),
    "avg": Aggregate("NUMBER -> FLOAT", executed=True),
    "min": Aggregate("ANY -> ANY", executed=True),
    "max": Aggregate("ANY -> ANY", executed=True),
    "collect": Aggregate("ANY -> LIST", executed=True),
    "stdev": Aggregate("NUMBER -> FLOAT", executed=False),
    "stdevp": Aggregate("NUMBER -> FLOAT", executed=False),
    "percentilecont": Aggregate("NUMBER, FLOAT -> FLOAT", executed=False),
    "percentiledisc": Aggregate("NUMBER, FLOAT -> NUMBER", executed=False),
}
"""Lower-case name to aggregate. Source: Neo4j Cypher manual, "Aggregating functions"."""
