"""What reaches the browser, when, and what happens when nobody looks."""

from __future__ import annotations

import logging
import random
from typing import Any

import pytest

from drasi_nb.views.feed import MAX_ROWS

from .conftest import ROOMS as ROOMS_TEXT
from .conftest import Page, Stage, room

ROOMS = "query:rooms"


def live(page: Page, query: str = "rooms") -> list[tuple[Any, ...]]:
    return sorted(page.rows.get(query, {}).values(), key=repr)


def true(stage: Stage, query: str = "rooms") -> list[tuple[Any, ...]]:
    handle = stage.runtime.queries[query]
    return sorted((tuple(row) for _, row in handle.keyed_rows()), key=repr)


def test_hello_is_answered_with_a_snapshot_and_the_state(stage: Stage) -> None:
    stage.push(room(1), room(2, None))
    stage.query()

    page = stage.page(ROOMS)

    assert page.kinds() == ["snapshot"]
    assert live(page) == [("Room 1", 20.0), ("Room 2", None)]
    assert page.states["rooms"]["status"] == "Running"
    assert page.states["rooms"]["total"] == 2


def test_deltas_of_many_ticks_are_merged_into_one_frame(stage: Stage) -> None:
    stage.push(room(1), room(2))
    stage.query()
    page = stage.page(ROOMS)
    before = len(page.frames)

    for temperature in range(30):
        stage.push(room(1, temperature, "update"))
    stage.push(room(3))
    stage.push(room(3, op="delete"))
    stage.push(room(2, op="delete"))
    stage.push(room(2, 25.0))
    stage.pass_(0.05)

    assert len(page.frames) == before + 1
    assert live(page) == true(stage)
    delta = page.frames[-1]["parts"][-1]
    assert delta["part"] == "delta"


def test_at_most_twenty_frames_a_second(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)
    before = len(page.frames)

    for step in range(1000):
        stage.push(room(1, float(step), "update"))
        stage.pass_(0.001)

    assert 15 <= len(page.frames) - before <= 21


def test_without_acks_three_frames_are_under_way_and_no_more(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)
    page.acks = False
    before = len(page.frames)

    for step in range(100):
        stage.push(room(1, float(step), "update"))
        stage.pass_(0.02)

    assert len(page.frames) == before + 3
    page.acks = True
    page.say("ack", seq=page.frames[-1]["seq"])
    stage.pass_(0.1)
    assert live(page) == true(stage)


def test_frames_are_numbered_without_gaps(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)

    for step in range(20):
        stage.push(room(1, float(step), "update"))
        stage.pass_(0.06)

    numbers = [frame["seq"] for frame in page.frames]
    assert numbers == list(range(1, len(numbers) + 1))


def test_hello_again_gets_a_new_snapshot(stage: Stage) -> None:
    """A page says hello after a gap or when it was reloaded."""
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)
    page.rows.clear()

    page.hello(ROOMS)
    stage.pass_(0.06)

    assert page.kinds() == ["snapshot", "snapshot"]
    assert live(page) == true(stage)


def test_nobody_listening_means_nothing_is_collected_or_sent(stage: Stage) -> None:
    stage.push(room(1))
    query = stage.query()
    page = stage.page(ROOMS)
    page.acks = False
    stage.pass_(31)
    before = len(page.frames)

    for step in range(50):
        stage.push(room(1, float(step), "update"))
        stage.pass_(1)

    assert len(page.frames) == before
    assert stage.broadcast.feed("rooms") is None
    assert query._callbacks == []
    assert stage.timers.pending() == 0
    page.acks = True
    page.say("ack", seq=0)  # the page woke up: it is told to begin anew
    assert page.frames[-1] == {"kind": "resync", "client": "page"}
    page.hello(ROOMS)
    stage.pass_(0.06)
    assert live(page) == true(stage)


def test_bye_ends_the_feed_at_once(stage: Stage) -> None:
    query = stage.query()
    page = stage.page(ROOMS)

    page.say("bye")

    assert query._callbacks == []


def test_a_page_that_acks_now_and_then_stays_known(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)

    for _ in range(10):
        stage.pass_(8)
        page.say("ack", seq=stage.broadcast.seq)
    stage.push(room(1, 33.0, "update"))
    stage.pass_(0.06)

    assert live(page) == [("Room 1", 33.0)]


def test_a_frozen_page_does_not_hold_back_another_for_long(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    frozen = stage.page(ROOMS, name="frozen")
    frozen.acks = False
    page = stage.page(ROOMS, name="awake")

    for step in range(100):
        stage.push(room(1, float(step), "update"))
        stage.pass_(0.1)

    assert live(page) == true(stage)


def test_two_pages_see_the_same_rows(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    one = stage.page(ROOMS, name="one")
    stage.push(room(2))
    two = stage.page(ROOMS, name="two")
    stage.push(room(3))
    stage.pass_(0.06)

    assert live(one) == live(two) == true(stage)


def test_a_row_that_comes_back_keeps_its_number(stage: Stage) -> None:
    """So the page puts it where it lingers, not beside itself."""
    stage.push(room(1), room(2))
    stage.query()
    page = stage.page(ROOMS)
    before = dict(page.rows["rooms"])

    stage.push(room(1, op="delete"))
    stage.pass_(0.06)
    stage.push(room(1))
    stage.pass_(0.06)

    assert page.rows["rooms"] == before


def test_a_random_history_arrives_whole(stage: Stage) -> None:
    """Whatever is pushed and however frames fall, the page ends with the true rows."""
    rng = random.Random(7)
    stage.push(*[room(n) for n in range(20)])
    stage.query()
    page = stage.page(ROOMS)
    present = set(range(20))

    for _ in range(400):
        number = rng.randrange(30)
        if number not in present:
            stage.push(room(number, rng.random()))
            present.add(number)
        elif rng.random() < 0.4:
            stage.push(room(number, op="delete"))
            present.discard(number)
        else:
            stage.push(room(number, rng.random(), "update"))
        if rng.random() < 0.3:
            page.acks = rng.random() < 0.7
            if page.acks:
                page.say("ack", seq=stage.broadcast.seq)
            stage.pass_(rng.random() * 0.2)
    page.acks = True
    page.say("ack", seq=stage.broadcast.seq)
    stage.pass_(1)

    assert live(page) == true(stage)


def test_a_large_result_sends_its_first_rows_and_counts_the_rest(stage: Stage) -> None:
    stage.push(*[room(n) for n in range(MAX_ROWS + 50)])
    stage.query()
    page = stage.page(ROOMS)
    stage.pass_(1)

    assert page.kinds() == ["snapshot", "snapshot"]
    assert len(page.rows["rooms"]) == MAX_ROWS
    assert page.states["rooms"]["total"] == MAX_ROWS + 50
    outside = room(MAX_ROWS + 49, 1.0, "update")
    stage.push(outside, room(0, 1.0, "update"))
    stage.pass_(0.06)
    delta = page.parts[-1]
    assert (delta["part"], delta["outside"], delta["total"]) == ("delta", 1, MAX_ROWS + 50)


def test_a_flood_becomes_a_snapshot(stage: Stage) -> None:
    stage.push(*[room(n) for n in range(200)])
    stage.broadcast.max_rows["rooms"] = 100
    stage.query()
    page = stage.page(ROOMS)
    stage.pass_(1)

    for step in range(3):
        stage.push(*[room(n, float(step), "update") for n in range(200)])
    stage.pass_(1)

    assert page.kinds() == ["snapshot", "snapshot"]
    assert len(page.rows["rooms"]) == 100


def test_shown_rows_that_go_make_room_for_others(stage: Stage) -> None:
    stage.push(*[room(n) for n in range(100)])
    stage.broadcast.max_rows["rooms"] = 20
    stage.query()
    page = stage.page(ROOMS)
    stage.pass_(1)
    shown = [row[0].removeprefix("Room ") for row in page.rows["rooms"].values()]

    stage.push(*[room(int(number), op="delete") for number in shown[:15]])
    stage.pass_(1.2)

    assert len(page.rows["rooms"]) == 20


def test_rows_of_one_tick_leave_before_others_come(stage: Stage) -> None:
    """Where all places are taken, one that comes takes that of one that leaves; in key order."""
    stage.push(*[room(n) for n in range(20)])
    stage.broadcast.max_rows["rooms"] = 20
    stage.query()
    page = stage.page(ROOMS)
    stage.pass_(1)

    stage.push(room(32), room(31), *[room(n, op="delete") for n in (3, 4)])
    stage.pass_(0.06)

    assert page.kinds() == ["snapshot", "delta"] and page.parts[-1]["outside"] == 0
    assert live(page) == true(stage)
    assert [row[0] for row in page.rows["rooms"].values()][-2:] == ["Room 31", "Room 32"]


def test_new_columns_bring_a_new_snapshot(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)

    stage.query(text="MATCH (r:Room) RETURN r.name AS room")
    stage.pass_(1.2)

    snapshots = [part for part in page.parts if part["part"] == "snapshot"]
    assert snapshots[-1]["columns"] == ["room"]
    assert live(page) == [("Room 1",)]


def test_an_ordered_result_is_put_in_order_again(stage: Stage) -> None:
    for number in range(4):
        stage.push(room(number, 20.0 + number))
    stage.query(text=f"{ROOMS_TEXT} ORDER BY temperature DESC LIMIT 3")
    page = stage.page(ROOMS)
    stage.push(room(0, 30.0, "update"))
    stage.pass_(0.05)
    assert page.kinds()[-1] == "delta"
    stage.pass_(1.0)
    assert page.kinds()[-1] == "snapshot"
    shown = list(page.rows["rooms"].values())
    assert shown == [("Room 0", 30.0), ("Room 3", 23.0), ("Room 2", 22.0)]
    before = page.kinds()
    stage.pass_(3.0)
    assert page.kinds() == before, "the rows of a result at rest are not sent again"


def test_a_dropped_query_is_said_to_be_and_comes_back_when_added_again(stage: Stage) -> None:
    stage.push(room(1))
    stage.query()
    page = stage.page(ROOMS)

    stage.runtime.remove("rooms")
    stage.pass_(0.6)
    assert page.states["rooms"]["status"] == "Dropped"
    stage.query()
    stage.pass_(1.2)

    assert page.states["rooms"]["status"] == "Running"
    assert live(page) == true(stage)
    assert not any(page.notices.values())


def test_buttons_start_and_stop(stage: Stage) -> None:
    query = stage.query()
    page = stage.page(ROOMS, "runtime")

    page.say("action", action="stop", id="rooms", topic=ROOMS)
    stage.pass_(0.06)
    assert query.status == "Stopped"
    assert page.states["rooms"]["status"] == "Stopped"
    page.say("action", action="start", id="rooms", topic="runtime")
    stage.pass_(0.06)

    assert query.status == "Running"
    components = {c["id"]: c["status"] for c in page.states["runtime"]["components"]}
    assert components == {"building": "Running", "rooms": "Running"}


def test_a_button_that_fails_says_why_and_the_log_has_it(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    page = stage.page("runtime")

    with caplog.at_level(logging.ERROR, "drasi_nb"):
        page.say("action", action="stop", id="nothing", topic="runtime")
    stage.pass_(0.06)

    assert "there is no component 'nothing'" in page.notices["runtime"]
    assert "stop nothing" in caplog.text


def test_a_fault_in_one_view_is_shown_and_the_others_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage.push(room(1))
    broken = stage.query("broken")
    stage.query()
    page = stage.page(ROOMS, "query:broken")
    monkeypatch.setattr(broken, "first_rows", lambda _most: 1 / 0)
    page.hello(ROOMS, "query:broken")

    with caplog.at_level(logging.ERROR, "drasi_nb"):
        stage.pass_(2)
    stage.push(room(2))
    stage.pass_(0.1)

    assert "division by zero" in page.notices["query:broken"]
    assert caplog.text.count("Traceback") == 1
    assert live(page) == true(stage)
    monkeypatch.undo()
    stage.pass_(1)
    assert page.notices["query:broken"] == ""
    assert live(page, "broken") == true(stage, "broken")


def test_the_runtime_topic_carries_components_rates_and_events(stage: Stage) -> None:
    stage.query()
    page = stage.page("runtime")

    for step in range(20):
        stage.push(room(step))
        stage.pass_(0.1)
    stage.pass_(0.6)

    state = page.states["runtime"]
    by_id = {component["id"]: component for component in state["components"]}
    assert by_id["rooms"]["rows"] == 20
    assert 5 < by_id["rooms"]["rate"] < 15
    assert state["events"][-1]["message"] == "query started"
    assert page.kinds() == []  # rows are only sent where they are shown


def test_a_rate_fades_when_nothing_changes(stage: Stage) -> None:
    stage.query()
    page = stage.page(ROOMS)
    stage.push(*[room(n) for n in range(10)])
    stage.pass_(1)
    assert page.states["rooms"]["rate"] > 0

    stage.pass_(6)

    assert page.states["rooms"]["rate"] == 0


def test_a_page_without_buffers_gets_json(stage: Stage) -> None:
    stage.push(room(1, float("nan")), room(2, 2**60))
    stage.query()

    page = stage.page(ROOMS, json=True)

    assert live(page) == [("Room 1", "nan"), ("Room 2", str(2**60))]


def test_a_malformed_message_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "drasi_nb"):
        stage.broadcast.receive({"kind": "ack"})

    assert "ack failed" in caplog.text


def test_close_stops_every_timer(stage: Stage) -> None:
    query = stage.query()
    stage.page(ROOMS)

    stage.broadcast.close()

    assert stage.timers.pending() == 0
    assert query._callbacks == []
