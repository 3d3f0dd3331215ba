"""The aggregates by name; the engine computes them, so nothing here is called."""

from __future__ import annotations

from typing import NamedTuple


class Aggregate(NamedTuple):
    """What an aggregate takes and gives.

    Attributes:
        over_list: The scalar function that makes its value of the list of what was collected,
            for those that the engine does not know.
    """

    name: str
    signature: str
    doc: str
    over_list: str | None = None


_ALL = (
    Aggregate("count", "ANY -> INTEGER", "Return how many values are not null."),
    Aggregate("sum", "NUMBER -> NUMBER", "Return the exact sum; 0 of none."),
    Aggregate("avg", "NUMBER -> FLOAT", "Return the mean; null of none."),
    Aggregate("min", "ANY -> ANY", "Return the least value; null of none."),
    Aggregate("max", "ANY -> ANY", "Return the greatest value; null of none."),
    Aggregate("collect", "ANY -> LIST", "Return the values in the order of their rows."),
    Aggregate("stDev", "NUMBER -> FLOAT", "Return the standard deviation of a sample."),
    Aggregate("stDevP", "NUMBER -> FLOAT", "Return the standard deviation of all there is."),
    Aggregate(
        "percentileCont", "NUMBER, FLOAT -> FLOAT", "Return a percentile, between values."
    ),
    Aggregate("percentileDisc", "NUMBER, FLOAT -> NUMBER", "Return the value at a percentile."),
    Aggregate("drasi.last", "ANY -> ANY", "Return the value of the row that changed last."),
    Aggregate(
        "drasi.linearGradient",
        "ANY, ANY -> FLOAT",
        "Return the slope of the line nearest to points (x, y); moments count in seconds.",
        "#gradient",
    ),
)
AGGREGATES: dict[str, Aggregate] = {item.name.lower(): item for item in _ALL}
"""Lower-case name to aggregate. Source: Neo4j Cypher manual, "Aggregating functions"."""

NUMERIC_AGGREGATES = frozenset({"sum", "avg", "stdev", "stdevp"})
"""Those of one argument, which must be a number or null."""
