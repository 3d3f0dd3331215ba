"""Many lives: random runtimes killed and restored at random moments, beside one that never ends.

Run: ``PYTHONPATH=.:tests/survive:tests/engine python tests/survive/run_lives.py 1000 [first]``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from lives import check


def main(count: int, first: int) -> None:
    """Live so many lives; the seed of the first that differs is in the error."""
    with tempfile.TemporaryDirectory() as directory:
        for seed in range(first, first + count):
            check(seed, Path(directory) / "checkpoint")
    print(f"{count} lives from seed {first}: each ended as if it had not been killed")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
