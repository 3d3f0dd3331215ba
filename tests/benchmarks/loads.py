"""The seed's load scenarios in a Jupyter kernel, each without and with a live view.

``PYTHONPATH=. python tests/benchmarks/loads.py [--seconds 20]``

The kernel plays the changes on its loop. With a view, the query is shown, and this process stands for
the browser page: it greets, takes every frame and acknowledges it after a sixtieth of a second. CPU
time is that of the kernel's process, with all of its threads; making the changes and a beat every
5 ms, which finds the pauses, are part of it.
"""

from __future__ import annotations

import ast
import time
from pathlib import Path
from queue import Empty
from typing import Any

from tests.benchmarks.measuring import MB, Report, add_quantiles, finish, start
from tests.benchmarks.page import PAINT_S
from tests.benchmarks.scenarios import SCENARIOS
from tests.views.test_kernel import Kernel

ROOT = Path(__file__).parents[2]
PAGE = {"client": "page"}


class Watched:
    """A kernel and a page that looks at it."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.frames, self.bytes = 0, 0
        self.run(f"import sys; sys.path.insert(0, {str(ROOT)!r})")
        self.run("from tests.benchmarks.scenarios import SCENARIOS")

    def run(self, code: str, comm: str = "", timeout_s: float = 600.0) -> str:
        """Run a cell; return its text. Acknowledge the frames of a comm meanwhile.

        Raises:
            RuntimeError: The cell failed.
        """
        id_, text, due = self.kernel.client.execute(code), "", list[tuple[float, int]]()
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            while due and due[0][0] <= time.monotonic():
                self.kernel.say(comm, {"kind": "ack", "seq": due.pop(0)[1], **PAGE})
            wait = max(0.0, due[0][0] - time.monotonic()) if due else 1.0
            try:
                message = self.kernel.client.get_iopub_msg(timeout=wait)
            except Empty:
                continue
            content, kind = message["content"], message["msg_type"]
            if kind == "comm_open":
                self.kernel.messages.append(message)
            elif kind == "comm_msg" and content["comm_id"] == comm:
                frame = content["data"].get("content", {})
                if frame.get("kind") == "frame":
                    self.frames += 1
                    self.bytes += sum(map(len, message["buffers"]))
                    due.append((time.monotonic() + PAINT_S, frame["seq"]))
            if message["parent_header"].get("msg_id") != id_:
                continue
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if kind == "execute_result":
                text = content["data"]["text/plain"]
            elif kind == "status" and content["execution_state"] == "idle":
                return text
        raise TimeoutError(code)

    def play(self, name: str, seconds: float, *, view: bool) -> dict[str, Any]:
        """Play a scenario; return what the kernel measured."""
        self.run(f"scene = SCENARIOS[{name!r}]()")
        comm = ""
        if view:
            self.run("scene.query")
            comm = self.hub()
            hello = {"kind": "hello", "topics": ["query:q0"], "json": False}
            self.kernel.say(comm, {**hello, **PAGE})
        text = self.run(f"repr(await scene.play({name!r}, {seconds}))", comm)
        self.run("scene.rt.close(); del scene")
        measured: dict[str, Any] = ast.literal_eval(ast.literal_eval(text))
        return measured

    def hub(self) -> str:
        """Return the comm of the latest runtime that was shown."""
        opened = [m["content"] for m in self.kernel.messages if m["msg_type"] == "comm_open"]
        hubs = [c["comm_id"] for c in opened if c["data"]["state"].get("model_key")]
        return str(hubs[-1])


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "loads", str(__doc__), arguments, seconds=20.0, scenarios=len(SCENARIOS)
    )
    watched = Watched()
    try:
        for name in list(SCENARIOS)[: options.scenarios]:
            plain = watched.play(name, options.seconds, view=False)
            before = watched.frames, watched.bytes
            shown = watched.play(name, options.seconds, view=True)
            frames, sent = watched.frames - before[0], watched.bytes - before[1]
            assert frames and plain["rows"] and shown["rows"]
            for how, got, beside in (
                ("", plain, None),
                (", with a view", shown, plain),
            ):
                for what, key, unit in (
                    ("changes taken", "rate", "1/s"),
                    ("share of one core", "cpu", "%"),
                    ("longest pause", "pause", "ms"),
                    ("longest garbage collection", "collection", "ms"),
                ):
                    other = None if beside is None else ("without a view", beside[key])
                    report.add(f"{name}{how}: {what}", got[key], unit, other)
                add_quantiles(report, f"{name}{how}: from push to delta", got["latencies"])
            report.add(f"{name}: frames to the page", frames / options.seconds, "1/s")
            report.add(f"{name}: data to the page", sent / options.seconds / MB, "MB/s")
    finally:
        watched.kernel.close()
    return finish(report, options)


if __name__ == "__main__":
    main()
