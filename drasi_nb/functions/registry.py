"""The registry: what a function takes and gives, and its null and type rules, applied once.

A body sees the types its signature names and, unless it asked for nulls, no null. Alternatives
are written ``"STRING | LIST -> ANY"``, an optional argument ``[INTEGER]``, any number of them
``ANY...``. FLOAT and NUMBER both take an INTEGER too; no other type is converted.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Literal, Protocol, TypeVar

from drasi_nb.errors import EvaluationError
from drasi_nb.values.graph import Node, Path, Relation
from drasi_nb.values.logic import type_name
from drasi_nb.values.temporal.types import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)

Nulls = Literal["propagate", "pass"]
Body = TypeVar("Body", bound=Callable[..., Any])
_Kinds = frozenset[type] | None  # None takes every type

_TYPES: dict[str, tuple[type, ...]] = {
    "ANY": (),
    "BOOLEAN": (bool,),
    "INTEGER": (int,),
    "FLOAT": (float, int),
    "NUMBER": (int, float),
    "STRING": (str,),
    "LIST": (list,),
    "MAP": (dict,),
    "NODE": (Node,),
    "RELATIONSHIP": (Relation,),
    "PATH": (Path,),
    "TEMPORAL": (Date, LocalTime, Time, LocalDateTime, DateTime, Duration),
}

CLOCK_KINDS = frozenset({"date", "time", "localtime", "datetime", "localdatetime"})
"""These constructors read a clock when they have no arguments."""

_functions: dict[str, Function] = {}


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function.

    Attributes:
        name: As it is written by convention; look-ups ignore case.
        signature: Such as ``"STRING, INTEGER, [INTEGER] -> STRING"``.
        parameters: A type name, or alternatives joined by ``" | "``, for each parameter.
        optional: How many parameters, from the end, may be left out.
        variadic: Whether the last parameter may be repeated.
        result: A type name.
        nulls: "propagate": a null argument gives null; "pass": the body sees nulls.
        call: Takes the arguments by position, applies the null and type rules, and may raise
            EvaluationError and nothing else. The count of arguments is the binder's duty.
        doc: The docstring of the body.
    """

    name: str
    signature: str
    parameters: tuple[str, ...]
    optional: int
    variadic: bool
    result: str
    nulls: Nulls
    call: Callable[..., Any]
    doc: str


def scalar(name: str, signature: str, *, nulls: Nulls = "propagate") -> Callable[[Body], Body]:
    """Return a decorator that registers a body and leaves it as it is.

    Raises:
        ValueError: The signature cannot be read, or the name is taken.
    """

    def register(body: Body) -> Body:
        if name.lower() in _functions:
            raise ValueError(f"function {name}() is registered already")
        put(name, signature, body, nulls)
        return body

    return register


def put(
    name: str, signature: str, body: Callable[..., Any], nulls: Nulls, doc: str | None = None
) -> None:
    """Make a function known under its name.

    Raises:
        ValueError: The signature cannot be read.
    """
    parameters, optional, variadic, result = parse_signature(signature)
    call = _guarded(name, parameters, body, nulls, fixed=not optional and not variadic)
    _functions[name.lower()] = Function(
        name, signature, parameters, optional, variadic, result, nulls, call,
        (body.__doc__ or "" if doc is None else doc).strip(),
    )  # fmt: skip


def parse_signature(signature: str) -> tuple[tuple[str, ...], int, bool, str]:
    """Return parameters, how many are optional, whether the last repeats, and the result.

    Raises:
        ValueError: A type is unknown, or a required parameter follows an optional one.
    """
    left, arrow, result = signature.partition("->")
    result = result.strip()
    if not arrow or result not in _TYPES:
        raise ValueError(f"{signature!r} names no result type")
    parameters = list[str]()
    optional, variadic = 0, False
    for part in filter(None, map(str.strip, left.split(","))):
        text = part
        if variadic or (optional and not text.startswith("[")):
            raise ValueError(f"{signature!r}: {text} stands behind what may be absent")
        if text.startswith("[") and text.endswith("]"):
            optional, text = optional + 1, text[1:-1]
        if text.endswith("..."):
            variadic, text = True, text.removesuffix("...")
        types = [alternative.strip() for alternative in text.split("|")]
        if not _TYPES.keys() >= set(types):
            raise ValueError(f"{signature!r}: {part} names an unknown type")
        parameters.append(" | ".join(types))
    return tuple(parameters), optional, variadic, result


def kinds_of(parameter: str) -> _Kinds:
    """Return the Python types of a parameter; None is every type."""
    if parameter == "ANY":
        return None
    return frozenset(chain.from_iterable(_TYPES[kind] for kind in parameter.split(" | ")))


def wrong_type(name: str, place: int, wanted: str, value: Any) -> EvaluationError:
    """Return the error for an argument of a wrong type; bodies use it for items of a list."""
    wanted = wanted.replace(" | ", " or ")
    return EvaluationError(
        f"argument {place} of {name}() must be {wanted}, got {type_name(value)}", code="type"
    )


def bad_argument(name: str, place: int, must: str, value: Any) -> EvaluationError:
    """Return the error for an argument of the right type and a wrong value.

    Args:
        name: The function.
        place: Position of the argument, from 1.
        must: Its rule, to follow "must", such as "be 0 or more".
        value: What it was.
    """
    return EvaluationError(
        f"argument {place} of {name}() must {must}, got {value!r}", code="argument"
    )


def _guarded(
    name: str,
    parameters: tuple[str, ...],
    body: Callable[..., Any],
    nulls: Nulls,
    *,
    fixed: bool,
) -> Callable[..., Any]:
    """Return the body behind the null and type rules, in the cheapest form that fits."""
    kinds = [kinds_of(parameter) for parameter in parameters]
    if not parameters or (nulls == "pass" and not any(kinds)):
        return body
    if fixed and nulls == "propagate":
        if len(parameters) == 1:
            return _unary(name, parameters[0], kinds[0], body)
        if len(parameters) == 2:
            return _binary(name, parameters, kinds[0], kinds[1], body)
    return _many(name, parameters, kinds, body, propagate=nulls == "propagate")


def _unary(
    name: str, wanted: str, kinds: _Kinds, body: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    if kinds is None:
        return lambda a: None if a is None else body(a)

    def call(a: Any) -> Any:
        if type(a) in kinds:
            return body(a)
        if a is None:
            return None
        raise wrong_type(name, 1, wanted, a)

    return call


def _binary(
    name: str,
    wanted: tuple[str, ...],
    first: _Kinds,
    second: _Kinds,
    body: Callable[[Any, Any], Any],
) -> Callable[[Any, Any], Any]:
    def call(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return None
        if first is not None and type(a) not in first:
            raise wrong_type(name, 1, wanted[0], a)
        if second is not None and type(b) not in second:
            raise wrong_type(name, 2, wanted[1], b)
        return body(a, b)

    return call


def _many(
    name: str,
    wanted: tuple[str, ...],
    kinds: list[_Kinds],
    body: Callable[..., Any],
    *,
    propagate: bool,
) -> Callable[..., Any]:
    count = len(kinds)

    def call(*args: Any) -> Any:
        if propagate and None in args:
            return None
        expected = kinds
        if len(args) > count:
            expected = [*kinds, *repeat(kinds[-1], len(args) - count)]
        for place, (value, kind) in enumerate(zip(args, expected, strict=False)):
            if kind is not None and value is not None and type(value) not in kind:
                raise wrong_type(name, place + 1, wanted[min(place, count - 1)], value)
        return body(*args)

    return call


def lookup(name: str) -> Function | None:
    """Return the function of a name in any case, or None."""
    return _functions.get(name.lower())


def function_names() -> list[str]:
    """Return every name as it is written, in alphabetical order without regard to case."""
    return [function.name for function in every()]


def every() -> list[Function]:
    """Return all that queries may call, in alphabetical order without regard to case."""
    return [_functions[key] for key in sorted(_functions) if not key.startswith("#")]


def drop(name: str) -> None:
    """Forget a function, if there is one of that name."""
    _functions.pop(name, None)


def similar(name: str) -> list[str]:
    """Return up to three names that resemble one, best first."""
    near = difflib.get_close_matches(name.lower(), [f.name.lower() for f in every()], 3)
    return [_functions[key].name for key in near]


class Arity(Protocol):
    """How many arguments something takes."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the types."""
        ...

    @property
    def optional(self) -> int:
        """Return how many may be left out."""
        ...

    @property
    def variadic(self) -> bool:
        """Return whether the last may be repeated."""
        ...


def arity_text(function: Arity) -> str:
    """Return how many arguments it takes, for an error: "1 argument", "2 to 3 arguments"."""
    most = len(function.parameters)
    least = most - function.optional
    if function.variadic:
        return f"{least} or more arguments"
    if least != most:
        return f"{least} to {most} arguments"
    return f"{most or 'no'} argument{'' if most == 1 else 's'}"
