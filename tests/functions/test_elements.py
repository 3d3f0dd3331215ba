from __future__ import annotations

from typing import Any

import pytest

from drasi_nb.values.graph import Node, Path, Relation
from tests.functions.cases import TYPE, Case, check, named, run

ROOM = Node("room-7", ("Hot", "Room"), {"name": "Küche", "area_m2": 12.5})
FLOOR = Node(3)
PART = Relation("part-1", "PART_OF", "room-7", 3, {"since": 2015})
WAY = Path([ROOM, FLOOR], [PART])

CASES: list[Case] = [
    ("id", [ROOM], "room-7"),
    ("id", [FLOOR], 3),
    ("id", [PART], "part-1"),
    ("id", [None], None),
    ("id", [WAY], TYPE),
    ("elementId", [ROOM], "room-7"),
    ("elementId", [FLOOR], "3"),
    ("elementId", [None], None),
    ("elementId", [3], TYPE),
    ("labels", [ROOM], ["Hot", "Room"]),
    ("labels", [FLOOR], []),
    ("labels", [None], None),
    ("labels", [PART], TYPE),
    ("labels", [WAY], TYPE),
    ("labels", [1], TYPE),
    ("type", [PART], "PART_OF"),
    ("type", [None], None),
    ("type", [ROOM], TYPE),
    ("type", ["PART_OF"], TYPE),
    ("keys", [ROOM], ["area_m2", "name"]),
    ("keys", [PART], ["since"]),
    ("keys", [{"l": 1, "k": None}], ["k", "l"]),
    ("keys", [{}], []),
    ("keys", [None], None),
    ("keys", [WAY], TYPE),
    ("keys", [["k"]], TYPE),
    ("properties", [ROOM], {"name": "Küche", "area_m2": 12.5}),
    ("properties", [PART], {"since": 2015}),
    ("properties", [{"k": None}], {"k": None}),
    ("properties", [None], None),
    ("properties", [1], TYPE),
    ("properties", ["Cypher"], TYPE),
    ("properties", [[True, False]], TYPE),
    ("nodes", [WAY], [ROOM, FLOOR]),
    ("nodes", [Path([ROOM], [])], [ROOM]),
    ("nodes", [None], None),
    ("nodes", [[ROOM]], TYPE),
    ("relationships", [WAY], [PART]),
    ("relationships", [Path([ROOM], [])], []),
    ("relationships", [None], None),
    ("relationships", [PART], TYPE),
    ("length", [WAY], 1),
    ("length", [Path([ROOM], [])], 0),
    ("length", [None], None),
    ("length", [ROOM], TYPE),
    ("length", [PART], TYPE),
    ("length", ["ab"], TYPE),
    *[
        (name, args, result)
        for name in ("startNode", "endNode")
        for args, result in [([PART], "error:not-compiled"), ([None], None), ([ROOM], TYPE)]
    ],
    ("coalesce", [None, None, 2, 3], 2),
    ("coalesce", [False], False),
    ("coalesce", [None], None),
    ("coalesce", [None, ROOM], ROOM),
    ("nullIf", [1, 1], None),
    ("nullIf", [1, 1.0], None),
    ("nullIf", [1, 2], 1),
    ("nullIf", [1, "1"], 1),
    ("nullIf", [None, 1], None),
    ("nullIf", [1, None], 1),
    ("nullIf", [[1, None], [1, None]], [1, None]),
]


@pytest.mark.parametrize(("name", "args", "expected"), named(CASES))
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


@pytest.mark.parametrize("value", [ROOM, PART, {"a": 1}])
def test_properties_are_a_copy(value: Any) -> None:
    held = value if isinstance(value, dict) else value.properties
    assert run("properties", value) is not held
