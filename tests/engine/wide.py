"""Random queries over the whole language: every clause, in any order that is legal."""

from __future__ import annotations

import random

from histories import KEYS, condition, expression, labels_of


class Names:
    """What is in scope: nodes, relations, lists of relations and plain values."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.relations: list[str] = []
        self.values: list[str] = []
        self.count = 0

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def elements(self) -> list[str]:
        return self.nodes + self.relations


def value(rng: random.Random, names: Names, depth: int = 1) -> str:
    """Return an expression over what is in scope."""
    choices = names.elements()
    if names.values and (not choices or rng.random() < 0.4):
        return rng.choice(names.values)
    return (
        expression(rng, choices, depth) if choices else rng.choice(("1", "2.5", "'a'", "null"))
    )


def test(rng: random.Random, names: Names) -> str:
    """Return a condition over what is in scope, sometimes a pattern."""
    if names.nodes and rng.random() < 0.35:
        inner = path(rng, names, fixed=True, anonymous=True)
        return rng.choice(
            (
                inner, f"NOT {inner}", f"EXISTS {{ MATCH {inner} }}", f"COUNT {{ {inner} }} > 1",
                f"EXISTS {{ MATCH {inner} WHERE {rng.choice(names.nodes)}.x = 1 }}",
            )
        )  # fmt: skip
    if names.elements():
        return condition(rng, names.elements(), 1)
    return f"{value(rng, names)} IS NOT NULL"


def path(
    rng: random.Random, names: Names, *, fixed: bool = False, anonymous: bool = False
) -> str:
    """Return a path pattern that starts, mostly, at what is in scope."""

    def node(first: bool) -> str:
        if names.nodes and rng.random() < (0.8 if first else 0.2):
            return f"({rng.choice(names.nodes)})"
        if anonymous:
            return f"({labels_of(rng)})"
        name = names.fresh("n")
        inline = f" {{{rng.choice(KEYS)}: 1}}" if rng.random() < 0.1 else ""
        text = f"({name}{labels_of(rng)}{inline})"
        names.nodes.append(name)
        return text

    out = f"({rng.choice(names.nodes)})" if anonymous else node(True)
    for _ in range(rng.choice((1, 1, 2)) if anonymous or rng.random() < 0.8 else 0):
        types = rng.choice(("", ":R", ":R", ":S", ":R|S"))
        left, right = rng.choice((("-", "->"), ("<-", "-"), ("-", "-")))
        length = ""
        if not fixed and rng.random() < 0.25:
            length = rng.choice(("*", "*1..2", "*0..1", "*2", "*..3", "*0.."))
        name = "" if anonymous else names.fresh("r")
        inline = " {x: 1}" if rng.random() < 0.08 else ""
        out += f"{left}[{name}{types}{length}{inline}]{right}{node(False)}"
        if name and not length:
            names.relations.append(name)
        elif name:
            names.values.append(f"size({name})")
    return out


def projection(rng: random.Random, names: Names, keyword: str) -> str:
    """Return WITH or RETURN, and leave only what it projects in scope."""
    kept = rng.sample(names.elements(), min(len(names.elements()), rng.randint(0, 2)))
    items, values = list[str](), list[str]()
    for _ in range(rng.randint(0 if kept else 1, 2)):
        name = names.fresh("c")
        text = value(rng, names)
        if names.nodes and rng.random() < 0.15:
            inner = path(rng, names, fixed=True, anonymous=True)
            start = inner[1 : inner.index(")")]
            text = rng.choice((f"[{inner} | {start}.x]", f"COUNT {{ {inner} }}"))
        items.append(f"{text} AS {name}")
        values.append(name)
    aggregated = rng.random() < 0.35
    if aggregated:
        name = names.fresh("c")
        call = rng.choice(("count(*)", "collect({e})", "count({e})", "max({e})"))
        items.append(f"{call.format(e=value(rng, names))} AS {name}")
        values.append(name)
    distinct = "DISTINCT " if rng.random() < 0.15 else ""
    whole = rng.random() < 0.25 and keyword == "RETURN"
    if keyword == "WITH" or whole:
        items = kept + items
        names.nodes = [name for name in kept if name in names.nodes]
        names.relations = [name for name in kept if name in names.relations]
    elif not items:
        items, values = ["1 AS one"], ["one"]
    names.values = values
    text = f" {keyword} {distinct}{', '.join(items)}"
    if rng.random() < 0.3:
        keys = values or [f"{name}.x" for name in kept]
        if keys:
            text += f" ORDER BY {rng.choice(keys)}{rng.choice(('', ' DESC'))}"
    if rng.random() < 0.2:
        text += f" SKIP {rng.randint(0, 2)}"
    if rng.random() < 0.2:
        text += f" LIMIT {rng.randint(0, 3)}"
    return text


def clause(rng: random.Random, names: Names) -> str:
    """Return one reading clause."""
    kind = rng.random()
    if kind < 0.3:
        text = f" MATCH {path(rng, names)}"
        return text + (f" WHERE {test(rng, names)}" if rng.random() < 0.4 else "")
    if kind < 0.55:
        text = f" OPTIONAL MATCH {path(rng, names)}"
        return text + (f" WHERE {test(rng, names)}" if rng.random() < 0.4 else "")
    if kind < 0.65:
        source = rng.choice(("[1, 2, null]", f"[{value(rng, names)}, 1]", "null", "[]"))
        name = names.fresh("u")
        names.values.append(name)
        return f" UNWIND {source} AS {name}"
    if kind < 0.72 and names.nodes:
        inner, node = path(rng, names, fixed=True, anonymous=True), names.fresh("k")
        start = inner[1 : inner.index(")")]
        names.values.append(node)
        return f" CALL {{ WITH {start} MATCH {inner} RETURN count(*) AS {node} }}"
    text = projection(rng, names, "WITH")
    return text + (f" WHERE {test(rng, names)}" if rng.random() < 0.3 else "")


def wide_query(rng: random.Random) -> str:
    """Return a random query; some are refused, most run."""

    def single() -> str:
        names = Names()
        text = "".join(clause(rng, names) for _ in range(rng.randint(1, 4)))
        return text + projection(rng, names, "RETURN")

    if rng.random() < 0.1:
        union = rng.choice((" UNION", " UNION ALL"))
        return f"MATCH (a:A) RETURN a.x AS v{union} MATCH (b)-->(c) RETURN c.x AS v"
    return single()
