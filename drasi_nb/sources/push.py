"""Changes pushed from cells: one by one, in batches, or as frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from drasi_nb.errors import ChangeError, ComponentError, shown
from drasi_nb.runtime.configuration.kinds import kind
from drasi_nb.runtime.port import Port
from drasi_nb.runtime.protocols import SOURCES
from drasi_nb.sources import tables
from drasi_nb.store.batch import Batch
from drasi_nb.values.change import INSERT, Change, of_element

OnError = Literal["reject", "keep_good"]


def _check_on_error(on_error: Any) -> None:
    if on_error not in ("reject", "keep_good"):
        raise ComponentError(f"on_error must be 'reject' or 'keep_good', got {shown(on_error)}")


@kind("source/push")
class PushSource:
    """A source that is fed by hand.

    Args:
        on_error: What a malformed change does to its batch: "reject" refuses all of it,
            "keep_good" takes the rest. What was refused is in ``Runtime.rejected()``.
    """

    def __init__(self, *, on_error: OnError = "reject") -> None:
        _check_on_error(on_error)
        self.on_error = on_error
        self._port: Port | None = None
        self._synced: dict[tuple[str, str], tables.Elements] = {}

    def attach(self, port: Port) -> None:
        """Remember where changes go; called by ``add_source``."""
        self._port = port

    def start(self) -> None:
        """Do nothing: changes come when they are pushed."""

    def stop(self) -> None:
        """Do nothing: a stopped source refuses what is pushed."""

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make another one like this."""
        return {} if self.on_error == "reject" else {"on_error": self.on_error}

    @property
    def port(self) -> Port:
        """Return where changes go.

        Raises:
            ComponentError: The source was not added to a runtime.
        """
        if self._port is None:
            raise ComponentError(
                "this source has no runtime; call rt.add_source(id, source) first"
            )
        return self._port

    # -- changes ------------------------------------------------------------------------

    def insert(self, element: Any) -> None:
        """Queue the insert of a Node, a Relation or a dict; a known id is replaced."""
        self._push_element("insert", element)

    def update(self, element: Any) -> None:
        """Queue an update: properties are merged, an explicit null removes one."""
        self._push_element("update", element)

    def delete(self, id: Any) -> None:
        """Queue a delete, by id or by element."""
        self._push_element("delete", id)

    def _push_element(self, op: str, element: Any) -> None:
        try:
            change = of_element(op, element)
        except ChangeError as error:
            self.port.reject(error, element)
            raise
        self.push(change)

    def push(
        self,
        changes: Change | Mapping[str, Any] | Iterable[Change | Mapping[str, Any]],
        *,
        on_error: OnError | None = None,
    ) -> int:
        """Queue one change or a batch; return how many. A batch is never split over two ticks.

        A list or tuple of many changes (64 updates of nodes, 512 inserts, 2,048 of relations),
        most of them of a few forms (same op, labels and names of properties), is checked,
        written and handed on column by column.

        Raises:
            ChangeError: A change is malformed; nothing of the batch was queued, unless
                ``on_error="keep_good"``.
            ComponentError: The source has no runtime or is stopped.
        """
        port = self._port or self.port
        if type(changes) is dict and on_error is None and self.on_error == "reject":
            return port.submit_one(changes)
        if on_error is not None:
            _check_on_error(on_error)
        keep_good = (on_error or self.on_error) == "keep_good"
        batch: Any = [changes] if isinstance(changes, Change | Mapping) else changes
        if isinstance(batch, str | bytes) or not isinstance(batch, Iterable):
            error = ChangeError(f"expected a Change, a dict or many, got {shown(batch)}")
            port.reject(error, batch)
            raise error
        return port.submit(batch, keep_good=keep_good)

    async def push_async(
        self,
        changes: Change | Mapping[str, Any] | Iterable[Change | Mapping[str, Any]],
        *,
        on_error: OnError | None = None,
    ) -> int:
        """Wait until the queue has room (``RuntimeConfig.most_queued``), then push."""
        port, batch = self._port or self.port, changes
        if isinstance(changes, Change | Mapping):
            await port.wait_for_room(1)
        elif isinstance(changes, Iterable) and not isinstance(changes, str | bytes):
            batch = list(changes)
            await port.wait_for_room(len(batch))
        return self.push(batch, on_error=on_error)

    # -- frames -------------------------------------------------------------------------

    def upsert_nodes(self, frame: Any, *, label: str | Iterable[str], id: str) -> int:
        """Queue one update per row, inserting what is new; columns become properties.

        Args:
            frame: Polars, pandas, pyarrow or anything with ``__arrow_c_stream__``.
            label: The label or labels of the nodes.
            id: Column of the ids; it stays a property.

        Raises:
            ChangeError: The column is missing, an id is null, NaN or there twice, or a column
                has a type that cannot be stored. Nothing was queued.
        """
        return self._submit(tables.nodes, frame, label, id)

    def upsert_relations(
        self, frame: Any, *, type: str, start: str, end: str, id: str | None = None
    ) -> int:
        """Queue one relation per row, between the ids in ``start`` and ``end``.

        The other columns become properties. Without ``id``, a relation is known by its type
        and ends (and, among several between the same ends, by its place).

        Raises:
            ChangeError: As ``upsert_nodes``.
        """
        return self._submit(tables.relations, frame, type, start, end, id)

    def sync_nodes(self, frame: Any, *, label: str | Iterable[str], id: str) -> int:
        """Queue what differs from the last frame synced for this label, deletes included."""
        name = label if isinstance(label, str) else str(label)
        return self._sync(("node", name), tables.nodes, frame, label, id)

    def sync_relations(
        self, frame: Any, *, type: str, start: str, end: str, id: str | None = None
    ) -> int:
        """Queue what differs from the last frame synced for this type, deletes included."""
        return self._sync(("relation", type), tables.relations, frame, type, start, end, id)

    @contextmanager
    def _checking(self) -> Iterator[None]:
        """Put a frame that is refused into ``rejected()``."""
        port = self.port
        try:
            yield
        except ChangeError as error:
            port.reject(error, None)
            raise

    def _submit(self, make: Any, *arguments: Any) -> int:
        with self._checking():
            columns = make(*arguments).columns()
        return self.port.submit_accepted(columns)

    def _sync(self, name: tuple[str, str], make: Any, *arguments: Any) -> int:
        steps: Batch | None = None
        with self._checking():
            after = make(*arguments)
            before = self._synced.get(name)
            known = " ".join(name)  # text, by now
            if before is None:  # synced before a restart, or by the source this one replaces
                steps = self.port.difference(known, after.columns(INSERT))
            if steps is None:
                steps = tables.difference(before, after)
        queued = self.port.submit_accepted(steps, synced=known)
        self._synced[name] = after.owned()  # only when it was queued
        return queued


SOURCES["push"] = PushSource
