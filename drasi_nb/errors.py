"""The exception tree.

DrasiNbError
├── QueryError            the query text is at fault
│   ├── QuerySyntaxError      it cannot be read
│   └── QuerySemanticError    it can be read and means nothing that runs
├── EvaluationError       an expression failed on data; the row is dropped and counted
├── ChangeError           a change or a batch of changes was refused
├── ComponentError        a source, query or reaction: unknown, or in the wrong state
├── ConfigError           a setting is malformed or out of its range
├── CheckpointError       a journal, snapshot or recording cannot be written or read
└── FrameError            a result cannot be shown as a frame of one schema
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drasi_nb.span import Span


def shown(value: object) -> str:
    """Return a value of the user in at most 60 characters, whatever it is."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - endless digits, or a class of the user that fails
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


class DrasiNbError(Exception):
    """Base of all errors; ``code`` is stable, the wording is not."""

    code = "drasi-nb"


class QueryError(DrasiNbError):
    """The query text is at fault; ``span`` says where.

    Attributes:
        code: Stable, kebab-case, for example ``"undefined-variable"``.
        line: 1-based line of the fault.
        column: 1-based column of the fault.
        hint: A way out, or None.
    """

    code = "query"

    def __init__(
        self, problem: str, text: str, span: Span, *, code: str, hint: str | None = None
    ) -> None:
        self.problem, self.text, self.span, self.code, self.hint = (
            problem,
            text,
            span,
            code,
            hint,
        )
        self.line, self.column = span.line_column(text)
        tail = f"\nhint: {hint}" if hint else ""
        super().__init__(f"{problem}\n{span.excerpt(text)}{tail}")

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a Python traceback."""
        red, bold, plain = "\x1b[31m", "\x1b[1m", "\x1b[0m"
        head = f"{red}{bold}{type(self).__name__}{plain} [{self.code}]: {self.problem}"
        lines = [head, *self.span.excerpt(self.text).split("\n")]
        return [*lines, f"{bold}hint{plain}: {self.hint}"] if self.hint else lines


class QuerySyntaxError(QueryError):
    """The text cannot be read."""


class QuerySemanticError(QueryError):
    """The text can be read, and cannot run."""


class EvaluationError(DrasiNbError):
    """An expression failed on data; never leaves the engine, the row is dropped and counted."""

    code = "evaluation"

    def __init__(self, problem: str, *, code: str = "evaluation") -> None:
        self.code = code
        super().__init__(problem)


class ChangeError(DrasiNbError):
    """A change was refused.

    Attributes:
        index: Position of the change in its batch, or None.
        element_id: Its id, where it has one.
        reason: What is wrong with it.
    """

    code = "change"

    def __init__(
        self, reason: str, *, index: int | None = None, element_id: object = None
    ) -> None:
        self.reason, self.index, self.element_id = reason, index, element_id
        where = "change" if index is None else f"change {index}"
        who = "" if element_id is None else f" (id {shown(element_id)})"
        super().__init__(f"{where}{who}: {reason}")


class ComponentError(DrasiNbError):
    """A source, query or reaction is unknown or in the wrong state."""

    code = "component"


class ConfigError(DrasiNbError):
    """A setting is malformed or out of its range.

    Attributes:
        problem: What is wrong, without the place.
        place: Where in a configuration, such as ``queries[2].sources[0].id``, if it is in one.
    """

    code = "config"

    def __init__(self, problem: str, *, place: str | None = None) -> None:
        self.problem, self.place = problem, place
        where = "the configuration" if place == "" else place
        super().__init__(problem if where is None else f"{where}: {problem}")


class CheckpointError(DrasiNbError):
    """A journal, a snapshot or a recording cannot be written or read; the text names the file."""

    code = "checkpoint"


class FrameError(DrasiNbError):
    """A result or an input frame cannot be used as a frame; the text names the column."""

    code = "frame"
