"""Continuous graph queries inside a notebook: results that stay right while the data changes."""

from __future__ import annotations

import logging
from typing import Any

from drasi_nb.config import RuntimeConfig
from drasi_nb.engine.clock import SystemClock, VirtualClock
from drasi_nb.errors import (
    ChangeError,
    CheckpointError,
    ComponentError,
    ConfigError,
    DrasiNbError,
    EvaluationError,
    FrameError,
    QueryError,
    QuerySemanticError,
    QuerySyntaxError,
)
from drasi_nb.frames.delta import Delta
from drasi_nb.functions.own import function, functions
from drasi_nb.runtime.configuration.convert import DrasiConfig
from drasi_nb.runtime.configuration.kinds import kind
from drasi_nb.runtime.configuration.lint.report import Finding
from drasi_nb.runtime.query import Query
from drasi_nb.runtime.runtime import Runtime
from drasi_nb.sources.push import PushSource
from drasi_nb.sources.replay import ReplaySource
from drasi_nb.values.change import Change
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.temporal.text import temporal

__version__ = "0.1.0"

logging.getLogger("drasi_nb").addHandler(logging.NullHandler())  # never to a cell by itself

__all__ = [
    "Change",
    "ChangeError",
    "CheckpointError",
    "ComponentError",
    "ConfigError",
    "Delta",
    "DrasiConfig",
    "DrasiNbError",
    "EvaluationError",
    "Finding",
    "FrameError",
    "Node",
    "Path",
    "PushSource",
    "Query",
    "QueryError",
    "QuerySemanticError",
    "QuerySyntaxError",
    "Relation",
    "ReplaySource",
    "Runtime",
    "RuntimeConfig",
    "SystemClock",
    "VirtualClock",
    "function",
    "functions",
    "kind",
    "temporal",
]


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics and the completion; called by ``%load_ext drasi_nb``."""
    from drasi_nb.magics import load_ipython_extension as load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics and the completion away again."""
    from drasi_nb.magics import unload_ipython_extension as unload

    unload(ipython)
