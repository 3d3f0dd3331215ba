"""Functions of any value; they see nulls."""

from __future__ import annotations

from typing import Any

from drasi_nb.functions.registry import scalar
from drasi_nb.values.logic import eq


@scalar("coalesce", "ANY... -> ANY", nulls="pass")
def coalesce(*values: Any) -> Any:
    """Return the first argument that is not null, or null.

    Source:
        Cypher function ``coalesce()``, openCypher TCK Conditional1.
    """
    return next((value for value in values if value is not None), None)


@scalar("nullIf", "ANY, ANY -> ANY", nulls="pass")
def null_if(value: Any, other: Any) -> Any:
    """Return null where ``value = other``, else ``value``, also where that is unknown.

    Source:
        Cypher function ``nullIf()``, Neo4j Cypher manual, "Scalar functions".
    """
    return None if eq(value, other) is True else value
