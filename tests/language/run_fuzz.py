"""Run many texts that are almost queries: ``python tests/language/run_fuzz.py 1000000``.

Args: how many texts (1,000,000), the first seed (0). Both cores work; a text that breaks is
printed with its seed.
"""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor

sys.path[:0] = [".", "tests/engine", "tests/language"]

from fuzzing import almost, check  # noqa: E402 - the path comes first

_CHUNK = 5_000


def run(first: int) -> tuple[int, list[str]]:
    """Run one chunk of seeds; return how many were queries, and what broke."""
    good, broken = 0, list[str]()
    for seed in range(first, first + _CHUNK):
        text, dialect = almost(random.Random(seed))
        try:
            good += check(text, dialect)
        except Exception as error:
            broken.append(f"seed {seed} ({dialect.name}): {text!r}\n  {error!r}")
    return good, broken


def main() -> None:
    """Run the chunks."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    start, good, broken = time.time(), 0, list[str]()
    with ProcessPoolExecutor() as pool:
        for found, bad in pool.map(run, range(first, first + total, _CHUNK)):
            good += found
            broken += bad
            for text in bad:
                print(text, flush=True)
    print(
        f"{total:,} texts, {good:,} of them queries, {len(broken)} broke,"
        f" {time.time() - start:.0f} s"
    )
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
