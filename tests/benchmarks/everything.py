"""Run every benchmark of ``notebooks/90_performance.ipynb``, keep the results, run the notebook.

``PYTHONPATH=. python tests/benchmarks/everything.py [--quick | --show]``

``--quick`` is a few minutes, at sizes that show no more than that everything runs; ``--show`` runs the
notebook alone. Scripts that fail are named at the end.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "notebooks" / "90_performance.ipynb"
QUICK = {
    "load": "--rooms 20_000 --drasi 1_000",
    "late": "--rooms 20_000 --queries 10 --spend-s 0.1",
    "latency": "--rooms 20_000 --changes 5_000 --minutes 0.1",
    "frames": "--rooms 2_000 --sizes 1,100,1_000 --dicts 1,100,1_000 --spend-s 0.1",
    "many": "--queries 10 --changes 2_000 --drasi 500 --graph 20_000",
    "reading": "--rows 50_000 --kept 20",
    "hubs": "--rooms 20_000",
    "loads": "--seconds 2",
    "growth": "--largest 10_000 --queries 10 --changes 500 --drasi 100",
    "memory": "--elements 50_000 --rooms 5_000 --churn 100_000",
    "faults": "--rows 20_000 --changes 2_000 --components 100 --queries 10",
}


def run(*command: str) -> bool:
    """Run a command from the root of the project; return whether it went well."""
    print("$", *command[1:], flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def show() -> None:
    """Run the notebook and keep its outputs."""
    book = nbformat.read(BOOK, as_version=4)
    where = {"metadata": {"path": str(BOOK.parent)}}
    NotebookClient(book, resources=where, record_timing=False).execute()
    nbformat.write(book, BOOK)


def main() -> None:
    """Run all.

    Raises:
        SystemExit: Something failed.
    """
    is_quick = "--quick" in sys.argv[1:]
    failed = list[str]()
    for name, sizes in QUICK.items():
        if "--show" in sys.argv[1:]:
            break
        options = sizes.split() if is_quick else []
        if not run(sys.executable, f"tests/benchmarks/{name}.py", "--save", *options):
            failed.append(name)
    show()
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
