"""Functions and aggregates that users add, and the frame of all there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from drasi_nb.errors import ChangeError, ConfigError, EvaluationError
from drasi_nb.functions import registry
from drasi_nb.functions.aggregates import AGGREGATES, Aggregate
from drasi_nb.functions.registry import Body, Nulls, kinds_of, lookup, parse_signature, put
from drasi_nb.functions.timed import TIMED
from drasi_nb.values.change import stored_value

own: set[str] = set()  # lower-case names
_renewed: dict[str, int] = {}  # lower-case name -> of how many registered it was the last


def function(
    name: str, signature: str, *, nulls: Nulls = "propagate", aggregate: bool = False
) -> Callable[[Body], Body]:
    """Return a decorator that adds a function of your own to the language.

    ``@dnb.function("comfort", "FLOAT, FLOAT -> FLOAT")`` over a Python function makes
    ``comfort(r.temperature, r.humidity)`` known to queries added from then on. It must give
    the same value for the same arguments. What it raises drops that row, as any run-time
    error; its value must be one that a property can hold. Adding a name again replaces it.

    With ``aggregate=True`` the body is given the list of a group's values that are not null
    (each a list where the signature has several parameters) and is called once per tick for
    every group that changed. Cost: the size of the group.

    Args:
        name: How queries call it, in any case.
        signature: Parameter types and the result's, such as ``"STRING, [INTEGER] -> ANY"``.
        nulls: "propagate": a null argument gives null; "pass": the body sees nulls.
        aggregate: Whether it makes one value of many.

    Raises:
        ConfigError: The signature cannot be read, or the language has a function of that name.
    """
    key = name.lower()
    try:
        parameters, optional, variadic, _ = parse_signature(signature)
        if aggregate and (not parameters or optional or variadic):
            raise ValueError("an aggregate takes one or more arguments, none of them optional")
    except ValueError as error:
        raise ConfigError(f"function {name}(): {error}") from None
    if (key in AGGREGATES or key in TIMED or lookup(key) is not None) and key not in own:
        raise ConfigError(f"{name}() is a function of the language; choose another name")

    def register(body: Body) -> Body:
        own.add(key)
        _renewed[key] = max(_renewed.values(), default=0) + 1
        doc = body.__doc__ or ""
        AGGREGATES.pop(key, None)
        registry.drop(key)
        if aggregate:
            over_list = f"#own {key}"
            AGGREGATES[key] = Aggregate(name, signature, doc, over_list)
            every = _over(name, parameters, _guarded(name, body))
            put(over_list, f"LIST -> {signature.partition('->')[2]}", every, "propagate", doc)
        else:
            put(name, signature, _guarded(name, body), nulls, doc)
        return body

    return register


def renewals() -> int:
    """Return how many functions were registered so far."""
    return max(_renewed.values(), default=0)


def renewed_since(count: int, text: str) -> bool:
    """Return whether a query text may name a function registered after so many others."""
    text = text.lower()
    return any(at > count and name in text for name, at in _renewed.items())


def _guarded(name: str, body: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        try:
            value = body(*args)
        except EvaluationError:
            raise
        except Exception as error:
            text = f"{name}(): {type(error).__name__}: {error}"
            raise EvaluationError(text, code="function") from error
        try:
            return stored_value(value)
        except ChangeError:
            text = f"{name}() gave a {type(value).__name__}, which is no value of the language"
            raise EvaluationError(text, code="function") from None

    return call


def _over(
    name: str, parameters: tuple[str, ...], body: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a body over the list of a group's values, their types checked."""
    kinds = [kinds_of(parameter) for parameter in parameters]

    def call(items: list[Any]) -> Any:
        for item in items:
            for place, (value, kind) in enumerate(
                zip(item if len(kinds) > 1 else [item], kinds, strict=True)
            ):
                if kind is not None and value is not None and type(value) not in kind:
                    raise registry.wrong_type(name, place + 1, parameters[place], value)
        if len(kinds) > 1:
            items = [item for item in items if None not in item]
        return body(items)

    return call


def functions() -> pl.DataFrame:
    """Return a frame of all functions: name, kind, signature, nulls, summary.

    Kinds: "scalar"; "aggregate", of many rows; "time", which depend on the clock or on what
    the row was before.
    """
    rows: list[tuple[str, ...]] = [
        (f.name, "scalar", f.signature, f.nulls, f.doc) for f in registry.every()
    ]
    rows += [(a.name, "aggregate", a.signature, "skip", a.doc) for a in AGGREGATES.values()]
    rows += [
        (f.name, "time", f.signature, "pass", f.doc)
        for key, f in TIMED.items()
        if not key.startswith("#")
    ]
    rows.sort(key=lambda row: row[0].lower())
    columns = ("name", "kind", "signature", "nulls", "summary")
    cells = [(*row[:4], row[4].strip().partition("\n")[0]) for row in rows]
    return pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String), orient="row")
