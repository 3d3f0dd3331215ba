"""The hub in a real kernel, spoken to as a browser page does, without a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from jupyter_client.manager import KernelManager

from drasi_nb.views.hub import Hub

from .conftest import Stage, room

SETUP = """
import asyncio, drasi_nb as dnb
rt = dnb.Runtime()
s = rt.add_source("s", dnb.PushSource())
def put(n, x, op="insert"):
    s.push([{"op": op, "id": n, "labels": ["A"], "properties": {"x": x}}])
put(1, 1.5)
q = rt.add_query("q", "MATCH (a:A) RETURN a.x AS x", sources=["s"])
q
"""


class Kernel:
    """One kernel; keeps every message of its comms."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.messages: list[dict[str, Any]] = []

    def read(
        self, until: Callable[[dict[str, Any]], bool], timeout_s: float = 20
    ) -> dict[str, Any]:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=end - time.monotonic())
            self.messages.append(message)
            if until(message):
                return message
        raise TimeoutError

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell and return its outputs."""
        id_ = self.client.execute(code)
        start = len(self.messages)
        self.read(
            lambda m: (
                m["parent_header"].get("msg_id") == id_
                and m["msg_type"] == "status"
                and m["content"]["execution_state"] == "idle"
            )
        )
        kinds = {"execute_result", "display_data", "stream", "error"}
        return [m for m in self.messages[start:] if m["msg_type"] in kinds]

    def say(self, comm: str, content: dict[str, Any]) -> None:
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.client.shell_channel.send(message)

    def hub(self) -> dict[str, Any]:
        opened = [m["content"] for m in self.messages if m["msg_type"] == "comm_open"]
        return next(c for c in opened if c["data"]["state"].get("model_key"))

    def frame(self, comm: str, has: str) -> tuple[dict[str, Any], list[Any]]:
        """Wait for a frame with such a part; return the part and the buffers."""

        def wanted(message: dict[str, Any]) -> bool:
            content = message["content"]
            if message["msg_type"] != "comm_msg" or content["comm_id"] != comm:
                return False
            parts = content["data"].get("content", {}).get("parts", ())
            return any(part["part"] == has for part in parts)

        message = self.read(wanted)
        content = message["content"]["data"]["content"]
        part = next(part for part in content["parts"] if part["part"] == has)
        return {**part, "seq": content["seq"]}, message["buffers"]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.close()


def values(part: dict[str, Any], buffers: list[Any]) -> list[Any]:
    frame = pl.read_ipc_stream(bytes(buffers[part["buffer"]]))
    return frame["c0"].to_list()


def test_the_whole_way_from_cell_to_page(kernel: Kernel) -> None:
    (output,) = kernel.run(SETUP)
    data = output["content"]["data"]
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"].startswith("q · Running · 1 row")
    opened = kernel.hub()
    comm = opened["comm_id"]
    assert opened["data"]["state"]["model_key"] == comm

    page = {"client": "test"}
    kernel.say(comm, {"kind": "hello", "topics": ["query:q"], "json": False, **page})
    part, buffers = kernel.frame(comm, "snapshot")
    assert values(part, buffers) == [1.5]
    kernel.say(comm, {"kind": "ack", "seq": part["seq"], **page})

    assert kernel.run("put(2, 2.5)") == []
    part, buffers = kernel.frame(comm, "delta")
    assert values(part, buffers) == [2.5]

    kernel.say(
        comm, {"kind": "action", "action": "stop", "id": "q", "topic": "query:q", **page}
    )
    kernel.say(comm, {"kind": "ack", "seq": part["seq"], **page})
    part, _ = kernel.frame(comm, "query")
    while part["status"] != "Stopped":
        part, _ = kernel.frame(comm, "query")


def test_messages_are_taken_while_a_cell_awaits(kernel: Kernel) -> None:
    comm = kernel.hub()["comm_id"]
    kernel.run("rt.start('q')")
    kernel.client.execute("await asyncio.sleep(1.5)")
    begin = time.monotonic()

    kernel.say(comm, {"kind": "hello", "client": "x", "topics": ["query:q"], "json": False})
    kernel.frame(comm, "snapshot")

    assert time.monotonic() - begin < 1.4


def test_a_handle_shown_again_makes_no_new_model(kernel: Kernel) -> None:
    first = kernel.run("q")[0]["content"]["data"]["application/vnd.jupyter.widget-view+json"]
    second = kernel.run("q")[0]["content"]["data"]["application/vnd.jupyter.widget-view+json"]

    assert first["model_id"] == second["model_id"]
    hubs = [
        m
        for m in kernel.messages
        if m["msg_type"] == "comm_open" and m["content"]["data"]["state"].get("model_key")
    ]
    assert len(hubs) == 1


def test_light_models_do_not_carry_the_bundle(kernel: Kernel) -> None:
    kernel.run("rt")
    states = [
        m["content"]["data"]["state"] for m in kernel.messages if m["msg_type"] == "comm_open"
    ]
    views = [state for state in states if state.get("topic")]

    assert {state["topic"] for state in views} == {"query:q", "runtime"}
    assert all(len(state["_esm"]) < 1_000 for state in views)


def test_a_runtime_that_is_dropped_is_not_kept_by_its_views(kernel: Kernel) -> None:
    code = """
import gc, weakref
import drasi_nb.views.query_view as v
gone = dnb.Runtime()
gone.add_source("s", dnb.PushSource())
view = gone.add_query("g", "MATCH (a:A) RETURN a.x AS x", sources=["s"]).view()
ref = weakref.ref(gone)
gone.close()
del gone
gc.collect()
ref() is None, repr(view)
"""
    (output,) = kernel.run(code)

    assert output["content"]["data"]["text/plain"] == "(True, 'g · gone')"


def test_callbacks_of_other_threads_come_home(stage: Stage) -> None:
    """Old kernels call back on a subshell thread."""
    import asyncio

    seen: list[int] = []

    async def main() -> None:
        hub = Hub(stage.runtime)
        hub.broadcast.receive = lambda _: seen.append(threading.get_ident())  # type: ignore[method-assign]
        worker = threading.Thread(target=hub._take_message, args=(hub, {"kind": "ack"}, []))
        worker.start()
        worker.join()
        assert seen == []
        await asyncio.sleep(0.01)
        hub.close()

    asyncio.run(main())

    assert seen == [threading.get_ident()]


def test_a_hub_made_without_a_loop_starts_with_its_first_message(stage: Stage) -> None:
    import asyncio

    stage.push(room(1))
    stage.query()
    hub = Hub(stage.runtime)
    sent: list[Any] = []

    async def main() -> None:
        hub.broadcast._send = lambda frame, buffers: sent.append(frame)
        message = {"kind": "hello", "client": "c", "topics": ["query:rooms"]}
        hub._take_message(hub, message, [])
        await asyncio.sleep(0.1)
        hub.close()

    asyncio.run(main())

    assert sent
