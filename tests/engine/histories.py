"""Random graphs, changes and queries, and the model they are checked against."""

from __future__ import annotations

import random
from typing import Any

import drasi_nb as dnb
from drasi_nb.engine.interpreter import evaluate_plan
from drasi_nb.engine.oracle import PlainGraph
from drasi_nb.values.graph import Node, Relation
from drasi_nb.values.ordering import identical, order_key

LABELS = ("A", "B", "C")
TYPES = ("R", "S")
KEYS = ("x", "y", "z")
VALUES: tuple[Any, ...] = (
    None, 0, 1, 2, 3, -1, 1.0, 2.5, -0.5, 0.1, 1e300, float("inf"), float("nan"), True, False,
    "a", "b", "", [1, 2], [1.0, None],
)  # fmt: skip


class Model:
    """The graph as the changes say it is, kept without the store."""

    def __init__(self) -> None:
        self.elements: dict[str, dict[str, Any]] = {}

    def apply(self, change: dict[str, Any]) -> None:
        known = self.elements.get(change["id"])
        if change["op"] == "delete":
            self.elements.pop(change["id"], None)
            return
        new = {k: change.get(k) for k in ("labels", "start_id", "end_id")}
        properties = dict(change.get("properties") or {})
        is_relation = new["start_id"] is not None
        if known is not None and change["op"] == "update":
            if is_relation == (known["start_id"] is not None) or not is_relation:
                properties = {**known["properties"], **properties}
                for key in ("labels", "start_id", "end_id"):
                    if new[key] is None:
                        new[key] = known[key]
        new["properties"] = {k: v for k, v in properties.items() if v is not None}
        self.elements[change["id"]] = new

    def graph(self) -> PlainGraph:
        nodes, relations = [], []
        for id_, e in self.elements.items():
            properties = dict(sorted(e["properties"].items()))
            if e["start_id"] is None:
                nodes.append(Node(id_, sorted(set(e["labels"] or ())), properties, "s"))
            else:
                ends = (e["start_id"], e["end_id"])
                relations.append(Relation(id_, e["labels"][0], *ends, properties, "s"))
        return PlainGraph(nodes, relations)


def history(
    rng: random.Random, length: int, nodes: int = 5, relations: int = 6
) -> list[dict[str, Any]]:
    """Return changes that go in any order: relations first, deletes, re-inserts, known ids."""
    out = []
    for _ in range(length):
        op = rng.choice(("insert", "insert", "update", "update", "update", "delete"))
        properties = {k: rng.choice(VALUES) for k in KEYS if rng.random() < 0.5}
        if rng.random() < 0.5:
            change = {"op": op, "id": f"n{rng.randrange(nodes)}"}
            if op == "insert" or (op == "update" and rng.random() < 0.3):
                change["labels"] = [label for label in LABELS if rng.random() < 0.5]
        else:
            change = {"op": op, "id": f"r{rng.randrange(relations)}"}
            if op != "delete":
                ends = [f"n{rng.randrange(nodes)}" for _ in range(2)]
                if op == "insert" or rng.random() < 0.3:
                    change |= {
                        "labels": [rng.choice(TYPES)],
                        "start_id": ends[0],
                        "end_id": ends[1],
                    }
        if op != "delete":
            change["properties"] = properties
        out.append(change)
    return out


def legal(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turn updates of unknown relations, which name no ends, into nothing."""
    known: set[str] = set()
    out = []
    for change in changes:
        id_ = change["id"]
        if (
            id_.startswith("r")
            and change["op"] == "update"
            and id_ not in known
            and "start_id" not in change
        ):
            continue
        known.add(id_)
        if change["op"] == "delete":
            known.discard(id_)
        out.append(change)
    return out


def expression(rng: random.Random, names: list[str], depth: int = 2) -> str:
    """Return a random value expression over variables."""
    name = rng.choice(names)
    leaf = [
        f"{name}.{rng.choice(KEYS)}",
        str(rng.choice((0, 1, 2, 2.5, -1, 0.1))),
        rng.choice(("'a'", "null", "true", "[1, 2, null]", "$p")),
    ]
    if depth == 0 or rng.random() < 0.35:
        return rng.choice((leaf[0], leaf[0], leaf[1], leaf[2]))
    a, b = expression(rng, names, depth - 1), expression(rng, names, depth - 1)
    return rng.choice(
        (
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} / {b})", f"({a} % {b})",
            f"coalesce({a}, {b})", f"CASE WHEN {condition(rng, names, 0)} THEN {a} ELSE {b} END",
            f"CASE {a} WHEN {b} THEN 1 ELSE {a} END", f"[{a}, {b}]", f"{{k: {a}}}.k",
            f"[v IN [{a}, {b}] WHERE v IS NOT NULL | v]", f"size([{a}, {b}])", f"[{a}, {b}][0]",
            f"reduce(acc = 0, v IN [1, {a}] | acc + v)", f"-{a}", f"toString({a})",
        )
    )  # fmt: skip


def condition(rng: random.Random, names: list[str], depth: int = 2) -> str:
    """Return a random condition over variables."""
    if depth == 0 or rng.random() < 0.4:
        a, b = expression(rng, names, 1), expression(rng, names, 0)
        op = rng.choice(("=", "<>", "<", "<=", ">", ">=", "=", ">"))
        return rng.choice(
            (
                f"{a} {op} {b}", f"{a} {op} {b}", f"{a} IS NULL", f"{a} IS NOT NULL",
                f"{a} IN [1, 2.5, 'a', null]", f"{a} STARTS WITH 'a'", f"0 <= {a} < 3",
                f"any(v IN [{a}, {b}] WHERE v = 1)",
            )
        )  # fmt: skip
    a, b = condition(rng, names, depth - 1), condition(rng, names, depth - 1)
    return rng.choice(
        (f"({a} AND {b})", f"({a} AND {b})", f"({a} OR {b})", f"({a} XOR {b})", f"NOT ({a})")
    )


def join(rng: random.Random, names: list[str]) -> str:
    """Return an equality of two properties, which an index may answer, and perhaps more."""
    a, b = (f"{rng.choice(names)}.{rng.choice(KEYS)}" for _ in range(2))
    more = "" if rng.random() < 0.6 else f" AND {condition(rng, names, 1)}"
    return f"{a} = {b}{more}"


def labels_of(rng: random.Random) -> str:
    return rng.choice(("", ":A", ":A", ":B", ":A:B", ":A|B", ":!A"))


def pattern(rng: random.Random, nodes: list[str], relations: list[str], hops: int) -> str:
    """Return a path pattern; variables may repeat, which closes cycles."""

    def node() -> str:
        if nodes and rng.random() < 0.2:
            return f"({rng.choice(nodes)})"
        name = f"n{len(nodes)}" if rng.random() < 0.8 else ""
        if name:
            nodes.append(name)
        inline = (
            f" {{{rng.choice(KEYS)}: {rng.choice((1, 2.5))}}}" if rng.random() < 0.1 else ""
        )
        return f"({name}{labels_of(rng)}{inline})"

    out = node()
    for _ in range(hops):
        name = f"r{len(relations)}"
        relations.append(name)
        types = rng.choice(("", ":R", ":R", ":S", ":R|S"))
        left, right = rng.choice((("-", "->"), ("<-", "-"), ("-", "-")))
        out += f"{left}[{name}{types}]{right}{node()}"
    return out


AGGREGATES = (
    "count(*)", "count({e})", "sum({e})", "avg({e})", "min({e})", "max({e})", "collect({e})",
    "count(DISTINCT {e})", "sum(DISTINCT {e})", "collect(DISTINCT {e})", "avg(DISTINCT {e})", "stDev({e})", "stDevP(DISTINCT {e})", "percentileCont({e}, 0.3)",
    "percentileDisc({e}, 0.5)", "percentileDisc(DISTINCT {e}, 1.0)",
)  # fmt: skip


def projection(rng: random.Random, names: list[str], *, aggregated: bool) -> str:
    """Return the items of a WITH or RETURN as c0, c1, ..."""
    items = []
    for _ in range(rng.randint(0 if aggregated else 1, 2)):
        items.append(expression(rng, names, rng.randint(0, 1)))
    if aggregated:
        for _ in range(rng.randint(1, 2)):
            text = rng.choice(AGGREGATES).format(e=expression(rng, names, rng.randint(0, 1)))
            items.append(rng.choice((text, text, f"{text} = 1", f"[{text}]")))
    return ", ".join(f"{item} AS c{i}" for i, item in enumerate(items))


def query(rng: random.Random) -> str:
    """Return a random query of the grammar that is executed."""
    nodes: list[str] = []
    relations: list[str] = []
    text = ""
    for _ in range(rng.choice((1, 1, 1, 2))):
        paths = [
            pattern(rng, nodes, relations, rng.choice((0, 1, 1, 2)))
            for _ in range(rng.choice((1, 1, 2)))
        ]
        text += f" MATCH {', '.join(paths)}"
        names = nodes + relations
        if names and rng.random() < 0.5:
            text += f" WHERE {rng.choice((condition, join))(rng, names)}"
    names = nodes + relations
    if not names:
        return text + " RETURN count(*) AS c0"
    for _ in range(rng.choice((0, 0, 1, 2))):
        aggregated = rng.random() < 0.6
        items = projection(rng, names, aggregated=aggregated)
        passed = rng.choice(names)
        distinct = "DISTINCT " if rng.random() < 0.15 else ""
        text += f" WITH {distinct}{passed} AS k, {items}"
        names = ["k"] + [f"c{i}" for i in range(items.count(" AS c"))]
        # property access on columns that hold anything would fail on most rows
        names = ["k"] if rng.random() < 0.8 else names
        if rng.random() < 0.5:
            text += f" WHERE {condition(rng, ['k'], 1)}"
        if not text.count("MATCH"):
            break
        names = ["k"]
    whole = rng.random() < 0.15
    if whole:
        return text + f" RETURN {rng.choice(names)} AS c0"
    distinct = "DISTINCT " if rng.random() < 0.2 else ""
    return text + f" RETURN {distinct}{projection(rng, names, aggregated=rng.random() < 0.5)}"


def same_rows(a: list[tuple[Any, ...]], b: list[tuple[Any, ...]]) -> bool:
    """Return whether two results hold the same rows."""
    a, b = (sorted(rows, key=lambda r: (order_key(r), repr(r))) for rows in (a, b))  # 0.0, -0.0
    return len(a) == len(b) and all(identical(x, y) for x, y in zip(a, b, strict=True))


def check(text: str, changes: list[dict[str, Any]], cuts: list[int], before: int) -> None:
    """Feed a history to a query and compare with the oracle after every tick."""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        model = Model()
        for change in changes[:before]:
            source.push(change)
            model.apply(change)
        rt.flush()
        q = rt.add_query("q", text, sources=["s"], parameters={"p": 1})
        summed = dict(q.keyed_rows())

        def collect(delta: dnb.Delta) -> None:
            for key, old, new in delta.changes:
                assert (old is None) == (key not in summed), (key, old)
                assert old is None or identical(summed[key], old)
                if new is None:
                    del summed[key]
                else:
                    summed[key] = new

        q.on_delta(collect)
        _compare(q, text, model, summed)
        place = before
        for cut in [*cuts, len(changes)]:
            batch = changes[place:cut]
            place = max(place, cut)
            if not batch:
                continue
            source.push(batch)
            for change in batch:
                model.apply(change)
            rt.flush()
            assert q.error is None, q.error
            _compare(q, text, model, summed)


def _compare(q: dnb.Query, text: str, model: Model, summed: dict[Any, Any]) -> None:
    failed: list[Any] = []
    assert q.plan is not None
    expected = evaluate_plan(q.plan, model.graph(), failed=failed)
    got = dict(q.keyed_rows())
    assert len(got) == len(expected), (text, got, expected)
    assert same_rows(list(got.values()), list(expected.values())), (text, got, expected)
    assert got.keys() == summed.keys()
    assert all(identical(got[key], summed[key]) for key in got)
    assert q.metrics().failures == len(failed), (text, q.failures(), failed)
    assert q.frame().height == len(got)
