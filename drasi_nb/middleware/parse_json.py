"""``parse_json``: a property that holds JSON text becomes the value."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from typing import Any, NoReturn

from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.rewriting import KEYS, Rewrite, read_rewrite
from drasi_nb.values.arithmetic import INT_MAX, INT_MIN

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def read(config: Setting) -> Rewrite:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed; the text names the place.
    """
    given = config.fields(("target_property",), (*KEYS, "max_json_size", "max_nesting_depth"))
    depth = given["max_nesting_depth"].count() if "max_nesting_depth" in given else 20
    return read_rewrite(given, "max_json_size", partial(_parsed, depth))


def _parsed(most_deep: int, text: str) -> Any:
    control = _CONTROL.search(text)
    if control:
        raise ValueError(f"has the control character {control[0]!r} at {control.start() + 1}")
    try:
        return _stored(json.loads(text, parse_constant=_refuse), most_deep, most_deep)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"is no JSON: {error.msg}, line {error.lineno}, column {error.colno}"
        ) from None
    except UnicodeEncodeError:
        raise ValueError("is no JSON: half a surrogate pair") from None
    except RecursionError:
        raise ValueError(f"is nested deeper than {most_deep}") from None


def _stored(value: Any, left: int, most_deep: int) -> Any:
    """Return the value as a property holds it: an integer beyond 64 bits is a float."""
    if left == 0:
        raise ValueError(f"is nested deeper than {most_deep}")
    if isinstance(value, list):
        return [_stored(item, left - 1, most_deep) for item in value]
    if isinstance(value, dict):
        for key in value:
            key.encode()
        return {key: _stored(item, left - 1, most_deep) for key, item in value.items()}
    if isinstance(value, str):
        value.encode()
    elif type(value) is int and not INT_MIN <= value <= INT_MAX:
        value = float(value) if abs(value) < 1 << 1023 else math.inf
    if isinstance(value, float) and math.isinf(value):
        raise ValueError("has a number that is too large")
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"is no JSON: {name} is no number of JSON")
