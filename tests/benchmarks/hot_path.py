"""What runs for one change, counted: instructions that make texts and dicts, and calls of locks."""

from __future__ import annotations

import dis
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

_MAKES = {
    "BUILD_STRING": "text",
    "FORMAT_VALUE": "text",
    "FORMAT_SIMPLE": "text",
    "FORMAT_WITH_SPEC": "text",
    "BUILD_MAP": "dict",
    "BUILD_CONST_KEY_MAP": "dict",
    "DICT_UPDATE": "dict",
    "DICT_MERGE": "dict",
    "BEFORE_WITH": "lock",  # or another block that is entered and left
    "LOAD_SPECIAL": "lock",  # the same, since Python 3.14
}
_CALLS = {
    "acquire": "lock",
    "join": "text",
    "format": "text",
    "dumps": "text",
    "copy": "copy",
}


def counted(call: Callable[[], Any]) -> tuple[Counter[str], Counter[str]]:
    """Run a call; return what was made or taken, and where.

    The first counts "text", "dict", "lock" and "copy", the second the same by function and line.
    """
    kinds, places = Counter[str](), Counter[str]()
    names = dict[Any, dict[int, str]]()

    def note(kind: str, frame: FrameType) -> None:
        kinds[kind] += 1
        code = frame.f_code
        places[f"{kind}: {code.co_qualname} line {frame.f_lineno}"] += 1

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode":
            code = frame.f_code
            if code not in names:
                names[code] = {
                    i.offset: _MAKES[i.opname]
                    for i in dis.get_instructions(code)
                    if i.opname in _MAKES
                }
            kind = names[code].get(frame.f_lasti)
            if kind is not None:
                note(kind, frame)
        return trace

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            kind = _CALLS.get(argument.__name__)
            if kind is not None:
                note(kind, frame)

    old_trace, old_profile = sys.gettrace(), sys.getprofile()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(old_profile)
        sys.settrace(old_trace)
    return kinds, places
