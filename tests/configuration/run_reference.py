"""What the report says of Drasi, against Drasi itself: the rows of ``test_lint.py`` and more.

Does Drasi refuse the rows that are said to be refused, and no others? Has it the same result
wherever nothing was found, also for random queries? Needs drasi-lib (the bench extra), which
may stand in another environment:

    python tests/configuration/run_reference.py [random queries] [interpreter with drasi-lib]
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

Row = dict[str, Any]
FOLDER = Path(__file__).parent
AT_ONCE = 40
RICH: list[Row] = [
    {"op": "insert", "id": "a", "labels": ["A"], "properties": {
        "x": 2, "y": 2, "z": 3, "g": "g", "l": [1, 2], "t": "2024-01-01T00:00:00Z", "i": 1,
        "a": True, "b": False, "c": True, "d": True, "v": 1, "s": "text", "day": "2024-01-01"}},
    {"op": "insert", "id": "b", "labels": ["B"], "properties": {"x": 2, "y": 2}},
    {"op": "insert", "id": "c", "labels": ["C"], "properties": {"x": 1}},
    {"op": "insert", "id": "r", "labels": ["R"], "start_id": "a", "end_id": "b"},
    {"op": "insert", "id": "s", "labels": ["S"], "start_id": "b", "end_id": "c"},
]  # fmt: skip
SPARSE: list[Row] = [
    {"op": "insert", "id": "a1", "labels": ["A"], "properties": {
        "i": 2, "j": 7, "f": 2.5, "g": 7.0, "s": "ab", "u": "xyz", "b": True, "l": [1, 2, 3]}},
    {"op": "insert", "id": "a2", "labels": ["A"], "properties": {
        "i": -3, "j": 0, "f": -0.5, "g": 0.0, "s": "", "u": "ab", "b": False, "l": []}},
    {"op": "insert", "id": "a3", "labels": ["A"], "properties": {"i": 5}},
    {"op": "insert", "id": "b", "labels": ["B"], "properties": {"i": 2, "s": "ab"}},
    {"op": "insert", "id": "r", "labels": ["R"], "start_id": "a1", "end_id": "b"},
]  # fmt: skip


class Writer:
    """Writes random queries over ``SPARSE`` that Drasi can read."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def query(self) -> str:
        pattern = self.rng.choice(["(n:A)", "(n:A)", "(n:A)-[:R]->(m:B)", "(n:A|B)"])
        where = self.rng.choice(["", f" WHERE {self.condition(1)}"])
        kind = self.rng.choice([self.number, self.number, self.text, self.condition, self.list])
        value = kind(2)
        if kind == self.list and self.rng.random() < 0.5:
            value = f"{self.rng.choice(['head', 'last', 'size', 'isEmpty'])}({value})"
        return f"MATCH {pattern}{where} RETURN {value} AS v"

    def number(self, depth: int) -> str:
        rng = self.rng
        forms = [f"n.{rng.choice('ijfg')}", str(rng.choice([0, 1, 2, 7, -2, 0.5, 2.0, -1.5]))]
        if depth:
            deeper = self.number(depth - 1)
            function = rng.choice(
                ["abs", "floor", "ceil", "sign", "round", "toInteger", "toFloat"]
            )
            forms += [
                f"{deeper} {rng.choice('+-*')} {self.number(depth - 1)}",
                f"({deeper}) / {rng.choice(['2.0', '0.5'])}",
                f"({deeper}) % {rng.choice('235')}",
                f"{function}({deeper})",
                f"coalesce({deeper}, {self.number(depth - 1)})",
                f"CASE WHEN {self.condition(depth - 1)} THEN {deeper} ELSE 1 END",
            ]
        return rng.choice(forms)

    def text(self, depth: int) -> str:
        rng = self.rng
        forms = [f"n.{rng.choice('su')}", rng.choice(["'ab'", "''", "'Ab c'"])]
        if depth:
            deeper = self.text(depth - 1)
            forms += [
                f"{rng.choice(['toUpper', 'trim', 'reverse'])}({deeper})",
                f"{deeper} + {self.text(depth - 1)}",
                f"replace({deeper}, 'a', 'b')",
                f"toString({self.number(depth - 1)})",
            ]
        return rng.choice(forms)

    def condition(self, depth: int) -> str:
        rng = self.rng
        forms = [
            f"{self.number(0)} {rng.choice(['<', '<=', '>', '>=', '=', '<>'])} {self.number(0)}",
            f"{self.text(0)} {rng.choice(['=', 'STARTS WITH', 'CONTAINS'])} {self.text(0)}",
            f"n.{rng.choice('ijfsub')} IS {rng.choice(['', 'NOT '])}NULL",
            f"{self.number(0)} IN [{self.number(0)}, {self.number(0)}]",
            "n.b",
        ]
        if depth:
            deeper = self.condition(depth - 1)
            forms += [
                f"({deeper}) {rng.choice(['AND', 'OR'])} ({self.condition(depth - 1)})",
                f"NOT ({deeper})",
            ]
        return rng.choice(forms)

    def list(self, depth: int) -> str:
        number = self.number(min(depth, 1))
        return self.rng.choice(
            [
                "n.l",
                f"[{number}, {self.number(0)}]",
                f"[x IN coalesce(n.l, [1]) WHERE x > {number} | x + {self.number(0)}]",
                f"tail([{number}, 1])",
                "range(1, 3)",
            ]
        )


# -- here ---------------------------------------------------------------------------------


def rows(count: int) -> list[Row]:
    """Return every query with what is said of it and its result here."""
    sys.path[:0] = [str(FOLDER.parents[1]), str(FOLDER)]
    from test_lint import CYPHER, GQL, codes

    import drasi_nb as dnb
    from drasi_nb.runtime.configuration.lint.rules import RULES

    known = [(text, "cypher", RICH) for text, _ in CYPHER]
    known += [(text, "gql", RICH) for text, _ in GQL]
    write = Writer(random.Random(1))
    known += [(write.query(), "cypher", SPARSE) for _ in range(count)]
    out = list[Row]()
    for text, language, changes in known:
        with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
            source = rt.add_source("s", dnb.PushSource())
            try:
                query = rt.add_query("q", text, sources=["s"], language=language)
            except dnb.QueryError:
                continue  # a random query that cannot mean anything
            source.push(changes)
            rt.flush()
            found = codes(text, language)
            refused = [code for code in found if RULES[code].effect == "refused"]
            result = None if found else sorted(shown(row) for row in query.rows())
        out.append(
            {
                "text": text,
                "language": language,
                "changes": changes,
                "refused": refused,
                "is_random": changes is SPARSE,
                "result": result,
            }
        )
    return out


def shown(row: Row) -> str:
    """Return a row as text: elements as dashes, what is no JSON as text."""
    plain = dict(row)
    for key, value in row.items():
        if type(value).__name__ == "Node" or str(value).startswith("Element("):
            plain[key] = "-"
    text = json.dumps(plain, sort_keys=True, default=str)
    return re.sub(r"-0\.0\b", "0.0", text)  # zero has no sign


# -- in Drasi -----------------------------------------------------------------------------


async def answers(batch: list[Row]) -> list[str | list[str]]:
    """Return, per query, its result in Drasi, or why it does not run there."""
    import drasi

    out: list[str | list[str]] = []
    async with await drasi.Drasi.create("lint") as lib:
        await lib.start()
        await lib.add_python_source("s")
        refused: dict[int, str] = {}
        for i, row in enumerate(batch):
            try:
                await lib.add_query(f"q{i}", row["text"], ["s"], language=row["language"])
            except Exception as error:
                refused[i] = f"{type(error).__name__}: {error}"
        for change in batch[0]["changes"]:
            await lib.push_change("s", {"effective_from": 1_000, **change})
        await asyncio.sleep(1)
        for i in range(len(batch)):
            if i not in refused and "rror" in str(await lib.get_query_status(f"q{i}")):
                refused[i] = "Error at run time"
            if i in refused:
                out.append(refused[i])
            else:
                out.append(sorted(map(shown, await lib.get_query_results(f"q{i}"))))
    return out


def compare(every: list[Row]) -> None:
    """Print the queries in which Drasi does otherwise than said, and how many there are."""
    wrong = compared = 0
    for is_random in (False, True):
        some = [row for row in every if row["is_random"] is is_random]
        for start in range(0, len(some), AT_ONCE):
            batch = some[start : start + AT_ONCE]
            for row, answer in zip(batch, asyncio.run(answers(batch)), strict=True):
                compared += row["result"] is not None
                is_refused = isinstance(answer, str)
                if is_random and row["result"] is None:
                    continue  # what was found may or may not show in these data
                if is_refused != bool(row["refused"]) or row["result"] not in (None, answer):
                    wrong += 1
                    said = row["refused"] or row["result"]
                    print(f"{row['text']}\n  said {said}\n  Drasi {str(answer)[:200]}")
    print(f"{len(every)} queries, of {compared} the result compared: {wrong} differ")


if __name__ == "__main__":
    if sys.argv[1:2] == ["compare"]:
        compare(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
        sys.stdout.flush()
        os._exit(0)  # drasi-lib 0.3.0 crashes at times as the interpreter ends
    else:
        count = int(sys.argv[1]) if sys.argv[1:] else 1_000
        interpreter = sys.argv[2] if sys.argv[2:] else sys.executable
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.json"
            path.write_text(json.dumps(rows(count)), encoding="utf-8")
            subprocess.run([interpreter, __file__, "compare", str(path)], check=True)
