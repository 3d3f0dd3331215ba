"""Random queries and data of the kinds that are evaluated column by column."""

from __future__ import annotations

import random
from typing import Any

import polars as pl

LABELS = ("A", "B")
TYPES = ("R", "S")
_VALUES: dict[str, tuple[Any, ...]] = {
    "i": (0, 1, 2, 3, -7, 2**40, 5),
    "f": (0.0, -0.0, 1.5, 2.0, -3.25, 0.1, 1e-12, 1e300, 7.0),
    "s": ("", "a", "ab", "b", "ü", "\U0001f600", "a'"),
    "b": (True, False),
}
_RARE = (float("inf"), float("nan"), -float("inf"))


def properties(rng: random.Random) -> dict[str, Any]:
    """Return values of one kind per key; some are missing."""
    out = {key: rng.choice(values) for key, values in _VALUES.items() if rng.random() < 0.8}
    if "f" in out and rng.random() < 0.05:
        out["f"] = rng.choice(_RARE)
    return out


def graph(rng: random.Random, nodes: int, relations: int) -> list[dict[str, Any]]:
    """Return inserts; a few relations dangle."""
    out = list[dict[str, Any]]()
    for n in range(nodes):
        labels = [label for label in LABELS if rng.random() < 0.7]
        out.append(
            {"op": "insert", "id": f"n{n}", "labels": labels, "properties": properties(rng)}
        )
    for r in range(relations):
        start, end = (f"n{rng.randrange(nodes + 1)}" for _ in range(2))
        out.append(
            {
                "op": "insert", "id": f"r{r}", "labels": [rng.choice(TYPES)],
                "properties": properties(rng), "start_id": start, "end_id": end,
            }
        )  # fmt: skip
    rng.shuffle(out)
    return out


def changes(rng: random.Random, count: int, nodes: int, relations: int) -> list[dict[str, Any]]:
    """Return changes of what ``graph`` inserted."""
    out = list[dict[str, Any]]()
    for _ in range(count):
        if rng.random() < 0.6:
            out.append(
                {
                    "op": "update",
                    "id": f"n{rng.randrange(nodes)}",
                    "properties": properties(rng),
                }
            )
        elif rng.random() < 0.5:
            out.append({"op": "delete", "id": f"n{rng.randrange(nodes)}"})
        else:
            out.append({"op": "delete", "id": f"r{rng.randrange(relations)}"})
    return out


def number(rng: random.Random, names: list[str], depth: int = 1) -> str:
    """Return an expression of numbers."""
    name = rng.choice(names)
    if depth == 0 or rng.random() < 0.4:
        return rng.choice((f"{name}.i", f"{name}.f", f"{name}.f", "2", "0.5", "-1"))
    a, b = (number(rng, names, depth - 1) for _ in range(2))
    return rng.choice(
        (
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({name}.f / {b})", f"-{a}",
            f"coalesce({a}, {b})", f"CASE WHEN {name}.b THEN {a} ELSE {b} END",
        )
    )  # fmt: skip


def condition(rng: random.Random, names: list[str], depth: int = 2) -> str:
    """Return a condition."""
    name, other = rng.choice(names), rng.choice(names)
    if depth and rng.random() < 0.5:
        a, b = (condition(rng, names, depth - 1) for _ in range(2))
        return rng.choice((f"({a} AND {b})", f"({a} OR {b})", f"({a} XOR {b})", f"NOT {a}"))
    op = rng.choice(("=", "<>", "<", "<=", ">", ">="))
    return rng.choice(
        (
            f"{number(rng, names)} {op} {number(rng, names)}",
            f"{name}.f {op} {number(rng, names, 0)}",
            f"{name}.s {op} {other}.s", f"{name}.s {op} 'ab'", f"{name}.b", f"{name}.b {op} true",
            f"0 <= {name}.i < 3", f"{name}.{rng.choice('ifsb')} IS NULL", f"{name}.i IS NOT NULL",
            f"{name}.s STARTS WITH 'a'", f"{name}.s ENDS WITH {other}.s", f"{name}.s CONTAINS 'b'",
        )
    )  # fmt: skip


def _node(rng: random.Random, name: str) -> str:
    return f"({name}{rng.choice(('', ':A', ':A', ':B', ':A|B', ':!A'))})"


def query(rng: random.Random) -> str:
    """Return a query whose first stage goes column by column on most data."""
    hops = rng.choice((0, 0, 1, 1, 1, 2, 3))
    nodes, relations, text = ["a"], list[str](), _node(rng, "a")
    for hop in range(hops):
        again = rng.random() < 0.15
        name = rng.choice(nodes) if again else "bcd"[hop]
        relations.append(f"r{hop}")
        left, right = rng.choice((("-", "->"), ("-", "->"), ("<-", "-"), ("-", "-")))
        text += f"{left}[r{hop}:{rng.choice(TYPES)}]{right}"
        text += f"({name})" if again else _node(rng, name)
        if not again:
            nodes.append(name)
    names = nodes + relations
    text = f"MATCH {text}"
    if rng.random() < 0.6:
        text += f" WHERE {condition(rng, names)}"
    if rng.random() < 0.3:
        name = rng.choice(nodes)
        text += f" WITH {name} AS k, {number(rng, names)} AS v WHERE v > 0 OR {condition(rng, ['k'], 1)}"
        names, value = ["k"], "v"
    else:
        value = number(rng, names)
    key = rng.choice(
        (
            f"{rng.choice(names)}.{rng.choice('ifsb')}",
            f"{rng.choice(names)}.s",
            rng.choice(names),
        )
    )
    if rng.random() < 0.5:
        one = f"{rng.choice(names)}.{rng.choice('ifsb')}"
        calls = ("count(*)", f"count({value})", f"sum({value})", f"avg({value})", f"min({value})",
                 f"max({rng.choice(names)}.s)", f"avg({rng.choice(names)}.f)",
                 f"min({rng.choice(names)}.f)", f"max({one})", f"collect({one})",
                 f"collect(DISTINCT {one})", f"count(DISTINCT {one})")  # fmt: skip
        chosen = ", ".join(f"{call} AS c{i}" for i, call in enumerate(rng.sample(calls, 2)))
        return (
            f"{text} RETURN {key} AS g, {chosen}"
            if rng.random() < 0.7
            else f"{text} RETURN {chosen}"
        )
    return f"{text} RETURN {key} AS g, {value} AS v, {rng.choice(names)}.f AS f"


def node_frame(rng: random.Random, ids: list[str]) -> pl.DataFrame:
    """Return properties of nodes as a frame."""
    rows = [{"id": i, **dict.fromkeys(_VALUES), **properties(rng)} for i in ids]
    schema = {"id": pl.String, "i": pl.Int64, "f": pl.Float64, "s": pl.String, "b": pl.Boolean}
    return pl.DataFrame(rows, schema=schema)
