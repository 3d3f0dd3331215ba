"""Run many random (query, graph, history) cases: ``python tests/engine/run_histories.py 20000``."""

from __future__ import annotations

import random
import sys
import time

import timed_histories
from histories import check, history, legal, query
from timed_histories import timed_history, timed_query
from wide import wide_query

from drasi_nb.errors import QueryError


def one(seed: int) -> bool:
    """Run one case; return False where the query was refused."""
    rng = random.Random(seed)
    if seed % 5 == 0:
        return timed_histories.check(timed_query(rng), timed_history(rng), rng)
    text = (wide_query if seed % 2 else query)(rng)
    changes = legal(history(rng, rng.randint(5, 30)))
    cuts = sorted(rng.sample(range(len(changes) + 1), min(len(changes), rng.randint(0, 8))))
    try:
        check(text, changes, cuts, rng.choice((0, 0, len(changes) // 2)))
    except QueryError as error:
        if error.code in ("syntax", "unexpected-end"):
            raise
        return False
    return True


def main() -> None:
    """Run seeds from argv[2] (0) on."""
    cases, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    start, ran = time.time(), 0
    for seed in range(first, first + cases):
        try:
            ran += one(seed)
        except Exception:
            print("seed", seed)
            raise
    print(f"{ran} of {cases} cases ran and were right, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
