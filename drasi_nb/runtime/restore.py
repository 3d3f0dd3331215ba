"""A runtime from a checkpoint: the snapshot, then the journals behind it, line by line."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from drasi_nb.config import RuntimeConfig
from drasi_nb.engine.clock import VirtualClock
from drasi_nb.errors import CheckpointError, ConfigError
from drasi_nb.runtime.checkpoint import Checkpoint, Directory
from drasi_nb.runtime.components import log
from drasi_nb.runtime.loading import Loading, read_header
from drasi_nb.runtime.log import check_header, read_lines
from drasi_nb.runtime.reacting import awaited
from drasi_nb.runtime.replay import Replay

if TYPE_CHECKING:
    from drasi_nb.engine.clock import Clock
    from drasi_nb.runtime.runtime import Runtime

R = TypeVar("R", bound="Runtime")


def restore(
    kind: type[R], path: str | Path, clock: Clock | None, config: RuntimeConfig | None
) -> R:
    """Return a runtime that goes on where the one ended that wrote a checkpoint.

    Raises:
        ConfigError: There is no checkpoint, or it is of a newer version.
        CheckpointError: Another runtime writes there, or a file is damaged.
    """
    if not (Path(path) / "current.json").exists():
        raise ConfigError(
            f"{path} has no checkpoint; Runtime(checkpoint={str(path)!r}) begins one"
        )
    directory = Directory(path)
    try:
        return _restore(kind, directory, clock, config)
    except BaseException:
        directory.release()
        raise


def _restore(
    kind: type[R], directory: Directory, clock: Clock | None, config: RuntimeConfig | None
) -> R:
    number = directory.current() or 0
    journals = [n for n in directory.numbers() if n >= number]
    if number not in journals:
        raise CheckpointError(f"{directory.journal(number)} is missing")
    head = read_header(directory.snapshot(number)) if number else _journal_header(directory, 0)
    saved = _config_of(head["config"])
    if config is not None and config.lateness_ms != saved.lateness_ms:
        raise ConfigError(
            f"{directory.path} was written with lateness_ms={saved.lateness_ms}; what is held"
            f" back needs the same, not {config.lateness_ms}"
        )
    runtime = kind(clock=clock, config=config or saved)
    runtime.engine.timers.seed = head["seed"]
    done = _positions(directory, journals)
    replay = Replay(runtime, done, 0)
    replay.start_at(head["now_ms"])
    if number:
        Loading(runtime, directory.snapshot(number), done).run()
    size = 0
    for journal in journals:
        path, size = directory.journal(journal), 0
        is_last = journal == journals[-1]
        for line_number, record, end in read_lines(path, is_last=is_last):
            size = end
            if line_number == 1:
                check_header(path, record)
            else:
                replay.apply(path, line_number, record)
    if isinstance(runtime.clock, VirtualClock):
        runtime.clock.catch_up(replay.now_ms)
    if replay.differs:
        text = f"{replay.differs} ticks gave another sequence than before the restart"
        log.warning(text)
        runtime.background.keep(text)
    directory.tidy(number)
    runtime.checkpoint_in = Checkpoint(runtime, directory, journals[-1], size)
    replay.end()
    _welcome(runtime)
    return runtime


def _welcome(runtime: Runtime) -> None:
    """Let reactions wait for being added again, and tell that the runtime is back."""
    if runtime.internal.is_watching:
        runtime.internal.watch()
    for id_, react in runtime.reacting.items():
        component = runtime.component(id_)
        if component.part is awaited and component.status == "Running":
            react.is_awaited = True
            waiting = f"{len(react.pending):,} deltas wait for add_reaction({id_!r}, ..)"
            runtime.registry.move(component, "Stopped", waiting)
    for component in runtime.component_list():
        if component.kind != "reaction":
            runtime.registry.tell(component, f"{component.kind} restored")
    if runtime.engine.graph.unindexed:
        runtime.pump.index_ids()
    if runtime.pump.waiting():
        runtime.wake()


def _journal_header(directory: Directory, number: int) -> dict[str, Any]:
    path = directory.journal(number)
    for _, record, _ in read_lines(path):
        return check_header(path, record)
    raise CheckpointError(f"{path} has no header")


def _config_of(facts: dict[str, Any]) -> RuntimeConfig:
    known = {f.name for f in fields(RuntimeConfig)}
    return RuntimeConfig(**{name: value for name, value in facts.items() if name in known})


def _positions(directory: Directory, journals: list[int]) -> dict[str, int]:
    """Return how many deltas each reaction is done with, as the journals end."""
    done = dict[str, int]()
    for journal in journals:
        path = directory.journal(journal)
        for _, record, _ in read_lines(path, is_last=journal == journals[-1]):
            if type(record) is list and record and record[0] == "p":
                done[record[1]] = record[2]
            elif type(record) is list and record[0] == "o" and record[4] == "remove":
                done.pop(record[5], None)
    return done
