"""Functions of angles. Angles are radians; outside its domain a function gives NaN."""

from __future__ import annotations

import math

from drasi_nb.functions.registry import scalar


@scalar("pi", "-> FLOAT")
def pi() -> float:
    """Return half a turn in radians, 3.141592653589793.

    Source:
        Cypher function ``pi()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.pi


@scalar("sin", "NUMBER -> FLOAT")
def sin(angle: float) -> float:
    """Return the sine of radians, in [-1, 1]; NaN of an infinite angle.

    Source:
        Cypher function ``sin()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.nan if math.isinf(angle) else math.sin(angle)


@scalar("cos", "NUMBER -> FLOAT")
def cos(angle: float) -> float:
    """Return the cosine of radians, in [-1, 1]; NaN of an infinite angle.

    Source:
        Cypher function ``cos()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.nan if math.isinf(angle) else math.cos(angle)


@scalar("tan", "NUMBER -> FLOAT")
def tan(angle: float) -> float:
    """Return the tangent of radians; NaN of an infinite angle.

    Source:
        Cypher function ``tan()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.nan if math.isinf(angle) else math.tan(angle)


@scalar("cot", "NUMBER -> FLOAT")
def cot(angle: float) -> float:
    """Return the cotangent of radians; Infinity of 0, NaN of an infinite angle.

    Source:
        Cypher function ``cot()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    tangent = tan(angle)
    return 1 / tangent if tangent else math.copysign(math.inf, tangent)


@scalar("asin", "NUMBER -> FLOAT")
def asin(x: float) -> float:
    """Return the angle of a sine, in [-pi/2, pi/2] radians; NaN outside [-1, 1].

    Source:
        Cypher function ``asin()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.asin(x) if -1 <= x <= 1 else math.nan


@scalar("acos", "NUMBER -> FLOAT")
def acos(x: float) -> float:
    """Return the angle of a cosine, in [0, pi] radians; NaN outside [-1, 1].

    Source:
        Cypher function ``acos()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.acos(x) if -1 <= x <= 1 else math.nan


@scalar("atan", "NUMBER -> FLOAT")
def atan(x: float) -> float:
    """Return the angle of a tangent, in [-pi/2, pi/2] radians.

    Source:
        Cypher function ``atan()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.atan(x)


@scalar("atan2", "NUMBER, NUMBER -> FLOAT")
def atan2(y: float, x: float) -> float:
    """Return the angle of the point (x, y) seen from the origin, in [-pi, pi] radians.

    Source:
        Cypher function ``atan2()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.atan2(y, x)


@scalar("degrees", "NUMBER -> FLOAT")
def degrees(angle: float) -> float:
    """Return radians as degrees.

    Source:
        Cypher function ``degrees()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.degrees(angle)


@scalar("radians", "NUMBER -> FLOAT")
def radians(angle: float) -> float:
    """Return degrees as radians.

    Source:
        Cypher function ``radians()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    return math.radians(angle)


@scalar("haversin", "NUMBER -> FLOAT")
def haversin(angle: float) -> float:
    """Return half the versine of radians, in [0, 1]; NaN of an infinite angle.

    Computed as sin²(angle / 2): the textbook (1 - cos angle) / 2 keeps about six digits for
    two sensors 30 m apart.

    Examples:
        >>> haversin(math.pi)
        1.0

    Source:
        Cypher function ``haversin()``, Neo4j Cypher manual, "Trigonometric functions".
    """
    half = sin(angle / 2)
    return half * half
