"""A runtime under load, killed with ``kill -9`` at random moments and restored each time.

Run: ``PYTHONPATH=.:tests/survive python tests/survive/run_kills.py 200 [seed]``. The child says
over a pipe what was acknowledged and what its reaction was given. After each kill the next
child restores: everything that was acknowledged is there, once; queries equal what their
definition says; the reaction's deltas, each taken once, add up to the query's result.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import drasi_nb as dnb

TEXT = """MATCH (n:N) WITH n.g AS g, count(*) AS n, sum(n.i) AS s
          RETURN g, n, s, drasi.previousValue(n) AS was"""


def say(*words: Any) -> None:
    """Tell the parent; in the pipe when this returns."""
    os.write(1, (json.dumps(words) + "\n").encode())


async def child(path: Path, seed: int) -> None:
    """Push and push until killed: batches, frames, snapshots, a reaction, late changes."""
    rng = random.Random(seed)
    config = dnb.RuntimeConfig(snapshot_changes=rng.choice((200, 2_000)), sync_s=0.05)
    if (path / "current.json").exists():
        rt = dnb.Runtime.restore(path, config=config)
        rt.flush()
    else:
        rt = dnb.Runtime(checkpoint=path, config=config)
    source = rt.sources["s"] if "s" in rt.sources else rt.add_source("s", dnb.PushSource())
    q = rt.add_query("q", TEXT, sources=["s"])
    count = rt.add_query("c", "MATCH (n:N) RETURN count(*) AS n, max(n.i) AS i", sources=["s"])

    def react(delta: dnb.Delta) -> None:
        for row in delta.rows():
            say("delta", delta.seq, row["type"], row["after"] and list(row["after"].values()),
                row["before"] and list(row["before"].values()))  # fmt: skip

    rows = count.rows()[0]
    rt.add_reaction("r", ["q"], react)
    say("restored", rows["n"], rows["i"], rt.seq, q.frame().sort("g").rows())
    i = (rows["i"] or 0) + 1
    while True:
        size = rng.choice((1, 1, 1, 5, 300))
        batch = [
            {"op": "insert", "id": i + k, "labels": ["N"], "properties": {"i": i + k, "g": (i + k) % 7}}
            for k in range(size)
        ]  # fmt: skip
        source.push(batch if size > 1 else batch[0])
        say("pushed", i + size - 1)
        i += size
        how = rng.random()
        if how < 0.3:
            rt.flush()
        elif how < 0.5:
            await asyncio.sleep(rng.choice((0, 0.001, 0.004)))
        elif how < 0.51:
            rt.checkpoint()
        if i % 5_000 < size:
            await rt.settled()


def check(said: list[Any], deltas: dict[Any, Any], acknowledged: int) -> int:
    """Compare what a child restored with what the one before had said; return the last push."""
    restored = [words for words in said if words[0] == "restored"]
    if restored:
        _, n, last, seq, rows = restored[0]
        last = last or 0
        assert last >= acknowledged, f"lost: {acknowledged} was acknowledged, {last} is there"
        assert n == last == seq, f"{n} elements, the last {last}, sequence {seq}"
        for g, count, total, _ in rows:
            every = range(g if g else 7, last + 1, 7)
            assert (count, total) == (len(every), sum(every)), (g, count, total)
    for words in said:
        if words[0] == "pushed":
            acknowledged = max(acknowledged, words[1])
        elif words[0] == "restored":
            acknowledged = max(acknowledged, words[2] or 0)
        else:
            _, seq, kind, after, before = words
            g = (after or before)[0]
            known = deltas.setdefault((seq, g), [kind, after, before])
            assert known == [kind, after, before], "a delta came again as another one"
    return acknowledged


def add_up(deltas: dict[Any, Any]) -> None:
    """Check that the deltas lead from nothing to what there is, none lost."""
    rows: dict[Any, Any] = {}
    for (_, g), (kind, after, before) in sorted(deltas.items()):
        assert rows.get(g) == before, f"a delta is missing before {kind} {after}"
        rows[g] = after


def main(kills: int, seed: int) -> None:
    """Kill and restore so many times."""
    rng = random.Random(seed)
    path = Path(tempfile.mkdtemp()) / "c"
    acknowledged, deltas, start = 0, dict[Any, Any](), time.monotonic()
    took = 0.0  # from the start of a child until it had restored
    for kill in range(kills):
        command = [sys.executable, __file__, "--child", str(path), str(rng.randrange(2**31))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        begun, first = time.monotonic(), b""
        if kill % 5 != 4:  # under load
            first = process.stdout.readline()
            assert first, f"the child ended after {kill} kills"
            took = time.monotonic() - begun
            time.sleep(rng.random() ** 2 * 0.5)
        else:  # while it restores
            time.sleep(took * (0.6 + 0.5 * rng.random()))
        process.send_signal(signal.SIGKILL)
        said = first + process.stdout.read()
        process.wait()
        words = [
            json.loads(line) for line in said.splitlines(keepends=True) if line.endswith(b"\n")
        ]
        acknowledged = check(words, deltas, acknowledged)
    add_up(deltas)
    spent = time.monotonic() - start
    print(f"{kills} kills: {acknowledged:,} changes acknowledged, none lost, none twice;"
          f" {len(deltas):,} rows of deltas in order; {spent:.0f} s")  # fmt: skip
    shutil.rmtree(path)


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        asyncio.run(child(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
