"""Keeping a query right against computing it anew with Polars, per change, in one run.

``PYTHONPATH=. python tests/benchmarks/recompute.py [nodes]`` (100,000). The frames that Polars
computes from are kept up to date outside of what is timed.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

import drasi_nb as dnb

SEED, CHANGES, CHECKED, RECOMPUTED = 7, 1_000, 100, 7
TAGS = list("abcdefgh")
Change = dict[str, Any]
Lazy = pl.LazyFrame


class Data:
    """People who know about five others each, as lists; both sides are fed from it."""

    def __init__(self, nodes: int) -> None:
        rng = self.rng = random.Random(SEED)
        self.age = [rng.randrange(100) for _ in range(nodes)]
        self.city = [rng.randrange(nodes) for _ in range(nodes)]
        self.tags = [rng.sample(TAGS, 2) for _ in range(nodes)]
        # a third of the people know nobody; those who do know mostly their neighbours
        self.knows: dict[int, tuple[int, int]] = {}
        self._next = 0
        for _ in range(nodes * 2):
            self.add_relation()

    def add_relation(self) -> int:
        """Make one more relation; return its number."""
        a = self.rng.randrange(len(self.age) * 2 // 3)
        b = (a + self.rng.choice((-5, -4, -3, -2, -1, 1, 2, 3, 4, 5))) % len(self.age)
        self._next += 1
        self.knows[self._next] = (a, b)
        return self._next

    def people(self) -> pl.DataFrame:
        """Return the nodes."""
        return pl.DataFrame(
            {"id": range(len(self.age)), "age": self.age, "city": self.city, "tags": self.tags}
        )

    def relations(self) -> pl.DataFrame:
        """Return the relations, their ids as text."""
        return pl.DataFrame(
            {
                "id": [f"k{i}" for i in self.knows],
                "a": [a for a, _ in self.knows.values()],
                "b": [b for _, b in self.knows.values()],
            }
        )

    def ages(self) -> Iterator[Change]:
        """Yield new ages; each is another one than before."""
        while True:
            i = self.rng.randrange(len(self.age))
            self.age[i] = (self.age[i] + 1 + self.rng.randrange(98)) % 100
            yield {"op": "update", "id": i, "properties": {"age": self.age[i]}}

    def tag_lists(self) -> Iterator[Change]:
        """Yield new lists of tags."""
        while True:
            i = self.rng.randrange(len(self.age))
            self.tags[i] = self.rng.sample([t for t in TAGS if t not in self.tags[i]], 2)
            yield {"op": "update", "id": i, "properties": {"tags": self.tags[i]}}

    def cities(self) -> Iterator[Change]:
        """Yield new cities."""
        while True:
            i = self.rng.randrange(len(self.age))
            self.city[i] = (self.city[i] + 1) % len(self.age)
            yield {"op": "update", "id": i, "properties": {"city": self.city[i]}}

    def edges(self) -> Iterator[Change]:
        """Yield a relation more and a relation less, in turn."""
        while True:
            number = self.add_relation()
            a, b = self.knows[number]
            yield {
                "op": "insert",
                "id": f"k{number}",
                "labels": ["KNOWS"],
                "start_id": a,
                "end_id": b,
            }
            while (gone := self.rng.randrange(1, self._next)) not in self.knows:
                pass
            del self.knows[gone]
            yield {"op": "delete", "id": f"k{gone}"}


@dataclass(frozen=True, slots=True)
class Case:
    """One query, how Polars computes it, and what changes."""

    text: str
    polars: Callable[[Lazy, Lazy], Lazy]
    changes: Callable[[Data], Iterator[Change]]


def _optional(p: Lazy, k: Lazy) -> Lazy:
    known = k.join(p.select(b="id", known="age"), on="b").select("a", "known")
    return p.join(known, left_on="id", right_on="a", how="left").select("id", "age", "known")


def _anti(p: Lazy, k: Lazy) -> Lazy:
    old = k.join(p.filter(pl.col("age") > 90), left_on="b", right_on="id").select("a")
    return p.join(old, left_on="id", right_on="a", how="anti").select("id")


def _triangle(_p: Lazy, k: Lazy) -> Lazy:
    two = k.join(k, left_on="b", right_on="a", suffix="2").rename({"b": "m", "b2": "b"})
    three = two.join(k.select(b="a", a="b", id3="id"), on=["a", "b"])
    return three.select("a", "m", "b")


def _three_hops(_p: Lazy, k: Lazy) -> Lazy:
    ends = k.select("a", "b", i="id")
    step = k.select(b="a", c="b", j="id")
    two = ends.join(step, on="b").filter(pl.col("i") != pl.col("j"))
    third = k.select(c="a", d="b", l="id")
    three = two.join(third, on="c").filter(
        (pl.col("l") != pl.col("i")) & (pl.col("l") != pl.col("j"))
    )
    every = [ends.select("a", e="b"), two.select("a", e="c"), three.select("a", e="d")]
    return pl.concat(every).group_by("a").agg(n=pl.len().cast(pl.Int64))


CASES = {
    "OPTIONAL MATCH": Case(
        "MATCH (p:P) OPTIONAL MATCH (p)-[:KNOWS]->(o:P) RETURN p.id AS id, p.age AS age, o.age AS known",
        _optional,
        Data.ages,
    ),
    "anti-join": Case(
        "MATCH (p:P) WHERE NOT EXISTS { MATCH (p)-[:KNOWS]->(o:P) WHERE o.age > 90 } RETURN p.id AS id",
        _anti,
        Data.ages,
    ),
    "triangle": Case(
        "MATCH (a:P)-[:KNOWS]->(m:P)-[:KNOWS]->(b:P)-[:KNOWS]->(a) RETURN a.id AS a, m.id AS m, b.id AS b",
        _triangle,
        Data.edges,
    ),
    "*1..3": Case(
        "MATCH (a:P)-[:KNOWS*1..3]->(e:P) RETURN a.id AS a, count(*) AS n",
        _three_hops,
        Data.edges,
    ),
    "top 10": Case(
        "MATCH (p:P) RETURN p.id AS id, p.age * 1000000 + p.id AS score ORDER BY score DESC LIMIT 10",
        lambda p, _k: p.select("id", score=pl.col("age") * 1_000_000 + pl.col("id")).top_k(10, by="score"),
        Data.ages,
    ),
    "UNWIND": Case(
        "MATCH (p:P) UNWIND p.tags AS tag RETURN tag, count(*) AS n",
        lambda p, _k: p.explode("tags").group_by(tag="tags").agg(n=pl.len().cast(pl.Int64)),
        Data.tag_lists,
    ),
    "DISTINCT": Case(
        "MATCH (p:P) RETURN DISTINCT p.city AS city",
        lambda p, _k: p.select("city").unique(),
        Data.cities,
    ),
    "COUNT { }": Case(
        "MATCH (p:P) RETURN p.id AS id, COUNT { (p)-[:KNOWS]->(:P) } AS n",
        lambda p, k: p.select("id").join(
            k.group_by(id="a").agg(n=pl.len().cast(pl.Int64)), on="id", how="left"
        ).with_columns(pl.col("n").fill_null(0)),
        Data.edges,
    ),
}  # fmt: skip


def loaded(nodes: int) -> tuple[Data, dnb.Runtime, dnb.PushSource]:
    """Return the data, and a runtime that has it."""
    data, rt = Data(nodes), dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("people", dnb.PushSource())
    source.upsert_nodes(data.people(), label="P", id="id")
    source.upsert_relations(data.relations(), type="KNOWS", start="a", end="b", id="id")
    rt.flush()
    return data, rt, source


def recomputed(case: Case, data: Data) -> tuple[pl.DataFrame, float]:
    """Return the result by Polars, and how long it took in seconds."""
    people, relations = data.people().lazy(), data.relations().lazy()
    start = time.perf_counter()
    frame = case.polars(people, relations).collect()
    return frame, time.perf_counter() - start


def verify(case: Case, data: Data, query: dnb.Query) -> None:
    """Compare both results as sets of rows.

    Raises:
        AssertionError: They differ.
    """
    theirs = recomputed(case, data)[0]
    ours = query.frame().select(theirs.columns)
    assert sorted(ours.rows(), key=repr) == sorted(theirs.rows(), key=repr)


def run(name: str, case: Case, nodes: int) -> str:
    """Return one line of the table."""
    data, rt, source = loaded(nodes)
    start = time.perf_counter()
    query = rt.add_query(name, case.text, sources=["people"], auto_start=False)
    registered = time.perf_counter() - start
    rt.start(name)
    deltas = list[Any]()
    query.on_delta(deltas.append)
    verify(case, data, query)
    changes = case.changes(data)
    for _ in range(CHECKED):
        source.push(next(changes))
        rt.flush()
    verify(case, data, query)
    spent = list[float]()
    for _ in range(CHANGES):
        change = next(changes)
        start = time.perf_counter()
        source.push(change)
        rt.flush()
        spent.append(time.perf_counter() - start)
    assert deltas or name == "top 10"
    theirs = statistics.median(recomputed(case, data)[1] for _ in range(RECOMPUTED))
    ours = statistics.mean(spent)
    rt.close()
    return (
        f"{name:16} {ours * 1e6:9.1f} us {theirs * 1e3:9.2f} ms {theirs / ours:8,.0f}x"
        f" {registered * 1e3:6.2f} ms"
    )


def main() -> None:
    """Print the table."""
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(
        f"{nodes:,} nodes, {2 * nodes:,} relations; mean of {CHANGES:,} changes, each its own tick"
    )
    print(f"{'query':16} {'a change':>12} {'Polars anew':>12} {'ratio':>9} {'registered':>9}")
    for name, case in CASES.items():
        print(run(name, case, nodes), flush=True)


if __name__ == "__main__":
    main()
