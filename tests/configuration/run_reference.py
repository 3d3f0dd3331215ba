"""The rows of ``test_lint.py`` against Drasi itself.

Does it refuse what is said to be refused, and nothing else? Where nothing was found, has it
the same result?

Needs drasi-lib (the bench extra); it may stand in another environment:

    python tests/configuration/run_reference.py             # one line per row that differs
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROWS = Path(__file__).with_name("reference_rows.json")
CHANGES: list[dict[str, Any]] = [
    {"op": "insert", "id": "a", "labels": ["A"], "properties": {
        "x": 1, "y": 2, "z": 3, "g": "g", "l": [1, 2], "t": "2024-01-01T00:00:00Z", "i": 1,
        "a": True, "b": False, "c": True, "d": True, "v": 1, "s": "text", "day": "2024-01-01"}},
    {"op": "insert", "id": "b", "labels": ["B"], "properties": {"x": 1, "y": 2}},
    {"op": "insert", "id": "c", "labels": ["C"], "properties": {"x": 1}},
    {"op": "insert", "id": "r", "labels": ["R"], "start_id": "a", "end_id": "b"},
    {"op": "insert", "id": "s", "labels": ["S"], "start_id": "b", "end_id": "c"},
]  # fmt: skip


def write_rows() -> int:
    """Write text, language and what is refused, for an interpreter that has drasi-lib alone."""
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    from test_lint import CYPHER, GQL

    from drasi_nb.runtime.configuration.lint.rules import RULES

    rows = [
        (
            text,
            language,
            [code for code in found.split() if RULES[code].effect == "refused"],
            None if found else our_rows(text, language),
        )
        for language, table in (("cypher", CYPHER), ("gql", GQL))
        for text, found in table
    ]
    ROWS.write_text(json.dumps(rows), encoding="utf-8")
    return len(rows)


def our_rows(text: str, language: str) -> list[str]:
    """Return the result here, elements as dashes."""
    import drasi_nb as dnb

    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        query = rt.add_query("q", text, sources=["s"], language=language)
        source.push(CHANGES)
        rt.flush()
        return sorted(shown(row) for row in query.rows())


def shown(row: dict[str, Any]) -> str:
    """Return a row as text: elements as dashes, times as Drasi writes them."""
    plain = {
        key: value if isinstance(value, int | float | list | dict | None) else str(value)
        for key, value in row.items()
    }
    for key, value in row.items():
        if type(value).__name__ == "Node" or str(value).startswith("Element("):
            plain[key] = "-"
    return json.dumps(plain, sort_keys=True)


async def answer(text: str, language: str) -> tuple[str | None, list[str]]:
    """Return why Drasi does not run a query, or None if it does, and its result."""
    import drasi

    async with await drasi.Drasi.create("lint") as lib:
        await lib.start()
        await lib.add_python_source("s")
        try:
            await lib.add_query("q", text, ["s"], language=language)
        except Exception as error:
            return f"{type(error).__name__}: {error}", []
        for change in CHANGES:
            await lib.push_change("s", {"effective_from": 1_000, **change})
        for _ in range(30):
            await asyncio.sleep(0.01)
            status = str(await lib.get_query_status("q"))
            if "rror" in status:
                return status, []
        return None, sorted(map(shown, await lib.get_query_results("q")))


def compare() -> int:
    """Print the rows in which Drasi does otherwise; return how many."""
    wrong = 0
    for text, language, refused, rows in json.loads(ROWS.read_text(encoding="utf-8")):
        reason, theirs = asyncio.run(answer(text, language))
        if bool(refused) != (reason is not None):
            wrong += 1
            print(f"{language} {text!r}\n  said {refused}, Drasi says {str(reason)[:160]!r}")
        elif rows is not None and rows != theirs:
            wrong += 1
            print(f"{language} {text!r}\n  here {rows}, in Drasi {theirs}")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:] == ["compare"]:
        print(f"{compare()} differ")
    else:
        count = write_rows()
        interpreter = sys.argv[1] if sys.argv[1:] else sys.executable
        subprocess.run([interpreter, __file__, "compare"], check=True)
        ROWS.unlink()
        print(f"of {count} rows")
