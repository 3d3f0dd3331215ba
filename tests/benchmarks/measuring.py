"""What every benchmark here shares: clocks, memory, pauses, and a table of lines.

A script's ``main(arguments)`` returns a ``Report``. ``--save`` keeps it in
``notebooks/performance.json``, which ``notebooks/90_performance.ipynb`` shows. A ratio is the
measured value divided by the value of the baseline that the line names, both from one run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import psutil

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
RESULTS = NOTEBOOKS / "performance.json"
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One measured value.

    Attributes:
        what: What was measured.
        value: The value, in ``unit``.
        unit: Its unit.
        baseline: What it is compared with, measured in the same run; "" is nothing.
        baseline_value: That one's value, in the same unit.
        asked: What the project set out to reach; "" is nothing.
        held: Whether it was reached; None where nothing was asked.
    """

    what: str
    value: float
    unit: str
    baseline: str = ""
    baseline_value: float | None = None
    asked: str = ""
    held: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Return value / baseline; None without a baseline."""
        return self.value / self.baseline_value if self.baseline_value else None


@dataclass(slots=True)
class Report:
    """The lines of one script, printed as they come."""

    name: str
    title: str
    sizes: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        what: str,
        value: float,
        unit: str,
        baseline: tuple[str, float] | None = None,
        *,
        most: float | None = None,
        least: float | None = None,
        ratio_most: float | None = None,
        ratio_least: float | None = None,
    ) -> Line:
        """Add a line and print it; the limits are what was asked of the value or the ratio."""
        name, other = baseline or ("", None)
        ratio = value / other if other else None
        asked, held = list[str](), list[bool]()
        for limit, got, is_held, text in (
            (most, value, lambda a, b: a <= b, "at most {}"),
            (least, value, lambda a, b: a >= b, "at least {}"),
            (ratio_most, ratio, lambda a, b: a <= b, "at most {} of it"),
            (ratio_least, ratio, lambda a, b: a >= b, "at least {} of it"),
        ):
            if limit is not None and got is not None:
                shown = ratio_text(limit) if got is ratio else number(limit)
                asked.append(text.format(shown))
                held.append(is_held(got, limit))
        line = Line(
            what, value, unit, name, other, ", ".join(asked), all(held) if held else None
        )
        self.lines.append(line)
        print(line_text(line), flush=True)
        return line

    def note(self, text: str) -> None:
        """Add and print a remark that the numbers need."""
        self.notes.append(text)
        print(f"  {text}", flush=True)

    def save(self) -> None:
        """Put the lines into the file of results, in place of those of an earlier run."""
        known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        known[self.name] = {**asdict(self), "machine": machine()}
        RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def number(value: float) -> str:
    """Return a number at three significant digits, with thousands marked."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def ratio_text(ratio: float) -> str:
    """Return a ratio: ``2.5x``, or ``1/15`` below a half."""
    if ratio <= 0:
        return number(ratio)
    return f"{ratio:.3g}x" if ratio >= 0.5 else f"1/{1 / ratio:.3g}"


def line_text(line: Line) -> str:
    """Return a line of the table as text."""
    out = f"{line.what:58} {number(line.value):>12} {line.unit:9}"
    if line.ratio is not None and line.baseline_value is not None:
        beside = f"{line.baseline} {number(line.baseline_value)}"
        out += f" {beside:38} {ratio_text(line.ratio):>8}"
    if line.asked:
        out += f"  {'held' if line.held else 'NOT HELD'}: {line.asked}"
    return out


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    model = platform.processor()
    with contextlib.suppress(OSError):
        for row in Path("/proc/cpuinfo").read_text().splitlines():
            if row.startswith("model name"):
                model = row.partition(":")[2].strip()
                break
    return {
        "day": time.strftime("%Y-%m-%d"),
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "polars": pl.__version__,
        "load": round(os.getloadavg()[0], 1),
    }


def start(
    name: str, doc: str, arguments: list[str] | None, **sizes: Any
) -> tuple[argparse.Namespace, Report]:
    """Read the command line, one ``--option`` per size, and print the title.

    Every script also has ``--save`` and ``--here``: what is otherwise measured in a process of
    its own runs in this one, which is quick, and makes its figures of memory meaningless.
    """
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    for size, default in sizes.items():
        option = f"--{size.replace('_', '-')}"
        parser.add_argument(option, type=type(default), default=default)
    parser.add_argument("--save", action="store_true", help="keep the results for the notebook")
    parser.add_argument("--here", action="store_true", help="start no processes")
    options = parser.parse_args(arguments)
    title = doc.partition("\n")[0]
    report = Report(name, title, {size: getattr(options, size) for size in sizes})
    print(f"{title}  {report.sizes}", flush=True)
    return options, report


def finish(report: Report, options: argparse.Namespace) -> Report:
    """Save where that was asked for; return the report."""
    if options.save:
        report.save()
    return report


# -- time ---------------------------------------------------------------------------------


def seconds(call: Callable[[], Any]) -> float:
    """Return how long one call took."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def repeated(
    call: Callable[[Any], Any],
    prepare: Callable[[], Any] = lambda: None,
    *,
    spend_s: float = 0.5,
    least: int = 3,
    most: int = 1_000,
) -> list[float]:
    """Return the seconds of each of several calls; what ``prepare`` returns is not timed.

    It goes on until the calls took ``spend_s`` in all, ``least`` to ``most`` times.
    """
    spent = list[float]()
    while len(spent) < least or (sum(spent) < spend_s and len(spent) < most):
        given = prepare()
        begin = time.perf_counter()
        call(given)
        spent.append(time.perf_counter() - begin)
    return spent


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def quantile(values: list[float], share: float) -> float:
    """Return the value that a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def loops(typical_s: float, times: int) -> list[float]:
    """Return the seconds of so many runs of a loop that mostly takes ``typical_s``.

    It does nothing and touches nothing, so what some runs take longer is the machine's noise.
    """
    clock, passes = time.perf_counter, 100

    def run() -> float:
        begin = clock()
        for _ in range(passes):
            pass
        return clock() - begin

    for _ in range(4):
        passes = max(1, round(passes * typical_s / median([run() for _ in range(500)])))
    return [run() for _ in range(times)]


def add_quantiles(
    report: Report,
    what: str,
    values_s: list[float],
    limits_us: tuple[float | None, ...] = (),
    beside_s: list[float] | None = None,
) -> None:
    """Add p50, p99, p99.9 and the largest, in us, beside those of a loop where it was run."""
    asked = (*limits_us, None, None, None, None)
    for (name, share), limit in zip(
        (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("largest", 1.0)), asked, strict=False
    ):
        beside = None
        if beside_s:
            beside = ("an empty loop as long at p50", quantile(beside_s, share) * 1e6)
        value = quantile(values_s, share) * 1e6
        report.add(f"{what}: {name}", value, "us", beside, most=limit)


@dataclass(slots=True)
class Pauses:
    """What held up the loop or the interpreter.

    Attributes:
        longest_s: The longest time that the loop answered nobody, in seconds.
        cpu_share: CPU time of the process divided by the time that passed.
        seconds: The time that passed.
        longest_collection_s: The longest garbage collection.
        full_collections: Collections of the oldest generation.
    """

    longest_s: float = 0.0
    cpu_share: float = 0.0
    seconds: float = 0.0
    longest_collection_s: float = 0.0
    full_collections: int = 0


@contextmanager
def collections() -> Iterator[Pauses]:
    """Time the garbage collections inside."""
    out, begun = Pauses(), 0.0

    def note(phase: str, told: dict[str, int]) -> None:
        nonlocal begun
        if phase == "start":
            begun = time.perf_counter()
            return
        out.longest_collection_s = max(out.longest_collection_s, time.perf_counter() - begun)
        out.full_collections += told["generation"] == 2

    gc.callbacks.append(note)
    try:
        yield out
    finally:
        gc.callbacks.remove(note)


@asynccontextmanager
async def heartbeat(every_s: float = 0.001) -> AsyncIterator[Pauses]:
    """Beat on the loop while the body runs: a late beat is a pause."""
    with collections() as out:
        is_over = False

        async def beat() -> None:
            last = time.perf_counter()
            while not is_over:
                await asyncio.sleep(every_s)
                now = time.perf_counter()
                out.longest_s = max(out.longest_s, now - last - every_s)
                last = now

        task = asyncio.get_running_loop().create_task(beat())
        await asyncio.sleep(0)  # the first beat has begun
        begin, cpu = time.perf_counter(), time.process_time()
        try:
            yield out
            # the beat that the body held up comes now
            out.seconds = time.perf_counter() - begin
            out.cpu_share = (time.process_time() - cpu) / max(out.seconds, 1e-9)
            await asyncio.sleep(2 * every_s)
        finally:
            is_over = True
            await task


# -- memory -------------------------------------------------------------------------------


def rss() -> int:
    """Return the resident memory of this process, in bytes."""
    return psutil.Process().memory_info().rss


def forget_peak() -> None:
    """Start to measure the peak anew, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Return the peak of resident memory since ``forget_peak``, in bytes; Linux only, else rss."""
    with contextlib.suppress(OSError):
        for row in Path("/proc/self/status").read_text().splitlines():
            if row.startswith("VmHWM"):
                return int(row.split()[1]) * 1_024
    return rss()


def apart(here: bool, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of a module returns, called in a new process."""
    if here:
        return function(*arguments)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)
