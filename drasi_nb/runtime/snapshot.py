"""Snapshots: the graph as Arrow files, everything else as lines of JSON, written in slices.

A directory holds ``state.jsonl`` (its first line is a header with the list of the Arrow files,
its last line is ``["end"]``) and one Arrow file per source and label set and one per source and
relation type, with the columns id, stamp, start and end (numbers of nodes, in the order of the
files) and c0, c1, .. for the properties. A column of mixed or other types is JSON.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Generator, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from drasi_nb.engine.garbage import collection_put_off
from drasi_nb.runtime.components import Rejected
from drasi_nb.runtime.copying import PageCopy, StateCopy, copy_state
from drasi_nb.runtime.definitions import written
from drasi_nb.runtime.log import VERSION, sync_directory
from drasi_nb.store.batch import Columns
from drasi_nb.store.paging import EMPTY, SHIFT
from drasi_nb.store.writing import dump_columns
from drasi_nb.values.encoding import dump, dump_changes, plain

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

FORMAT = "drasi_nb snapshot"
_TYPES = {
    frozenset({int}): ("int", pa.int64()),
    frozenset({float}): ("float", pa.float64()),
    frozenset({str}): ("text", pa.large_string()),
    frozenset({bool}): ("boolean", pa.bool_()),
}
_JSON: tuple[str, Any] = ("json", pa.large_string())
_LINES = 200  # lines of the state file per piece
Steps = Generator[Future[None] | None]


class Snapshot:
    """One snapshot on its way: first the copy, while the pump stands still, then the files.

    Args:
        runtime: Between two ticks.
        directory: A new one.
        executor: Has the disk sync, which takes long, beside the loop.

    Attributes:
        is_copying: Nothing of the runtime may change yet.
        longest_s: The longest piece so far.
    """

    def __init__(self, runtime: Runtime, directory: Path, executor: Executor) -> None:
        self.directory, self.is_copying, self.longest_s = directory, True, 0.0
        self._runtime, self._executor = runtime, executor
        self._steps = self._run()
        self._waits_for: Future[None] | None = None
        next(self._steps)  # what is queued, at the moment from which the new journal counts

    def step(self, budget_s: float) -> bool:
        """Work for about so many seconds; return whether more is to be done.

        Raises:
            OSError: A file cannot be written.
        """
        with collection_put_off():
            return self._step(budget_s)

    def _step(self, budget_s: float) -> bool:
        end = time.perf_counter() + budget_s
        while (now := time.perf_counter()) < end:
            if self._waits_for is not None and not self._waits_for.done():
                return True
            if not self._next():
                return False
            self.longest_s = max(self.longest_s, time.perf_counter() - now)
        return True

    def finish(self, *, copy_only: bool = False) -> None:
        """Do all that is left, or all that is left to copy; raises as ``step()``."""
        while self.is_copying or not copy_only:
            if self._waits_for is not None:
                self._waits_for.result()
            if not self._next():
                return

    def _next(self) -> bool:
        if self._waits_for is not None:
            done, self._waits_for = self._waits_for, None
            done.result()
        try:
            self._waits_for = next(self._steps)
        except StopIteration:
            return False
        return True

    def _run(self) -> Steps:
        state = StateCopy()
        yield from copy_state(self._runtime, state)
        self.is_copying = False
        yield None
        self.directory.mkdir(parents=True)
        files = list[dict[str, Any]]()
        number_of = array("i", [-1]) * (len(state.nodes) << SHIFT)  # by handle
        yield from self._write_nodes(state, files, number_of)
        yield from self._write_relations(state, files, number_of)
        yield from self._write_state(state, files)
        yield self._executor.submit(sync_directory, self.directory)

    # -- the graph ----------------------------------------------------------------------

    def _write_nodes(
        self, state: StateCopy, files: list[dict[str, Any]], number_of: array[int]
    ) -> Steps:
        groups: dict[tuple[int, frozenset[str] | None], list[int]] = {}
        for page, group in enumerate(state.groups):
            groups.setdefault(group, []).append(page)
        count = 0
        for (source, labels), pages in groups.items():
            first = count
            for page in pages:
                base = page << SHIFT
                for place, element_id in enumerate(state.nodes[page].ids):
                    if element_id is not None:
                        number_of[base + place] = count
                        count += 1
                yield None
            facts: dict[str, Any] = {
                "kind": "nodes",
                "source": source,
                "labels": None if labels is None else plain(sorted(labels)),
                "first": first,
            }
            if count > first:
                parts: list[tuple[PageCopy, Any]] = [
                    (state.nodes[page], None) for page in pages
                ]
                yield from self._write_file(facts, parts, files)

    def _write_relations(
        self, state: StateCopy, files: list[dict[str, Any]], number_of: array[int]
    ) -> Steps:
        for type_, (pages, src, dst) in state.relations.items():
            by_source: dict[int, list[tuple[PageCopy, Any]]] = {}
            for page, copy in enumerate(pages):
                rows: dict[int, list[int]] = {}
                base = page << SHIFT
                for row, element_id in enumerate(copy.ids):
                    if element_id is not None:
                        source = state.groups[src[base + row] >> SHIFT][0]
                        rows.setdefault(source, []).append(row)
                for source, mine in rows.items():
                    starts, ends = (
                        array("i", [number_of[nodes[base + row]] for row in mine])
                        for nodes in (src, dst)
                    )
                    by_source.setdefault(source, []).append((copy, (starts, ends, mine)))
                yield None
            for source, parts in by_source.items():
                facts = {"kind": "relations", "source": source, "type": plain(type_)}
                yield from self._write_file(facts, parts, files)

    def _write_file(
        self, facts: dict[str, Any], parts: list[tuple[PageCopy, Any]], files: list[Any]
    ) -> Steps:
        """Write one Arrow file, a record batch per page."""
        names = dict[str, set[type]]()
        ids = set[type]()
        for copy, _ in parts:
            ids.update(_kinds(copy.ids))
            for name, page in copy.columns.items():
                names.setdefault(name, set()).update(_kinds(page))
            yield None
        names = {name: kinds for name, kinds in names.items() if kinds}
        columns = {name: _TYPES.get(frozenset(kinds), _JSON) for name, kinds in names.items()}
        id_type = _TYPES.get(frozenset(ids), _JSON)
        name = f"{len(files)}.arrow"
        path = self.directory / name
        for exact in (True, False):
            if not exact:  # text that is no Unicode, an id beyond 64 bits
                columns, id_type = dict.fromkeys(columns, _JSON), _JSON
            try:
                yield from self._write_batches(path, parts, id_type, columns)
                break
            except (UnicodeError, OverflowError, pa.ArrowInvalid):
                if not exact:
                    raise
        files.append(
            {
                **facts,
                "file": name,
                "id": id_type[0],
                "columns": [[plain(column), kind] for column, (kind, _) in columns.items()],
            }
        )

    def _write_batches(
        self,
        path: Path,
        parts: list[tuple[PageCopy, Any]],
        id_type: tuple[str, Any],
        columns: Mapping[str, tuple[str, Any]],
    ) -> Steps:
        is_relation = parts[0][1] is not None
        fields = [pa.field("id", id_type[1]), pa.field("stamp", pa.int64())]
        if is_relation:
            fields += [pa.field("start", pa.int32()), pa.field("end", pa.int32())]
        fields += [pa.field(f"c{i}", type_) for i, (_, type_) in enumerate(columns.values())]
        schema = pa.schema(fields)
        with path.open("wb") as file:
            with pa.ipc.new_file(file, schema) as writer:
                for copy, mine in parts:
                    rows = (
                        [i for i, id_ in enumerate(copy.ids) if id_ is not None]
                        if mine is None
                        else mine[2]
                    )
                    if not rows:
                        continue
                    whole = len(rows) == len(copy.ids)
                    chosen = None if whole else rows
                    arrays = [
                        _array(copy.ids, chosen, *id_type),
                        _array(copy.stamps, chosen, "int", pa.int64()),
                    ]
                    if mine is not None:
                        arrays += [_of_buffer(ends, pa.int32()) for ends in mine[:2]]
                    arrays += [
                        _array(copy.columns.get(column, EMPTY), chosen, *kind)
                        for column, kind in columns.items()
                    ]
                    writer.write_batch(pa.record_batch(arrays, schema=schema))
                    yield None
            file.flush()
            yield self._executor.submit(os.fsync, file.fileno())

    # -- everything else ----------------------------------------------------------------

    def _write_state(self, state: StateCopy, files: list[dict[str, Any]]) -> Steps:
        facts = {**state.facts, "sources": plain(state.facts["sources"])}
        facts["types"], facts["running"] = plain(facts["types"]), plain(facts["running"])
        facts["config"] = self._runtime.settings()
        with (self.directory / "state.jsonl").open("wb") as file:
            head = {"format": FORMAT, "version": VERSION, **facts, "files": files}
            file.write(orjson.dumps(head) + b"\n")
            for place, line in enumerate(_lines(state)):
                file.write(line)
                if not place % _LINES:
                    yield None
            file.write(b'["end"]\n')
            file.flush()
            yield self._executor.submit(os.fsync, file.fileno())


def _lines(state: StateCopy) -> Generator[bytes]:
    end = b"\n"
    for line in state.rest:
        kind = line[0]
        if kind == "queued":
            if isinstance(line[2], Columns):
                yield dump_columns(("columns", line[1], line[3]), line[2])
            else:
                yield dump_changes(("queued", line[1], line[3]), line[2])
        elif kind == "held":
            yield dump_changes(("held", line[1], line[3]), [line[2]])
        elif kind == "rejected":
            yield dump(["rejected", *rejected_facts(line[1])]) + end
        elif kind == "component" and "definition" in line[1]:
            definition, missing = written(line[1]["definition"])
            missing = line[1]["missing"] or missing
            facts = {**line[1], "definition": definition, "missing": missing}
            yield dump(["component", facts]) + end
        else:
            yield dump(line) + end
    for (query, number), rows in state.entries.items():
        for key, saved in rows:
            entry = [saved.kept, saved.added, saved.due_ms, saved.failure]
            yield dump(["entry", query, number, key, *entry]) + end
    for timer in state.timers:
        yield dump(["timer", *timer]) + end
    for key, versions in state.versions:
        yield dump(["version", key, versions]) + end


def warm_up() -> None:
    """Have Arrow load what it loads with the first array, which takes long."""
    pa.array(["a"], pa.large_string())


def rejected_facts(rejected: Rejected) -> list[Any]:
    """Return a refused change as a log has it; what is no value as text."""
    parts = [getattr(rejected, name) for name in Rejected.__slots__]
    for place, part in enumerate(parts):
        try:
            dump(part)
        except TypeError:
            parts[place] = repr(part)
    return parts


def _kinds(page: Any) -> set[type]:
    if type(page) is array:
        return {float} if page.typecode == "d" else {int}
    kinds = set(map(type, page))
    kinds.discard(type(None))
    return kinds


def _array(page: Any, rows: list[int] | None, kind: str, type_: Any) -> Any:
    if page is EMPTY:
        return pa.nulls(len(EMPTY) if rows is None else len(rows), type_)
    if type(page) is array and kind != "json":
        if rows is not None:
            page = array(page.typecode, [page[row] for row in rows])
        return _of_buffer(page, type_)
    values = page if rows is None else [page[row] for row in rows]
    if kind == "json":
        values = [None if value is None else dump(value).decode() for value in values]
    return pa.array(values, type_, from_pandas=False)


def _of_buffer(values: array[Any], type_: Any) -> Any:
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(values)])
