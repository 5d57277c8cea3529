"""What every store owes; one suite for all of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from ingest.clock import to_ns
from ingest.store import DeadLetter, Derived, Row, Store
from ingest.store.ground import FlagEntry

T0 = datetime(2022, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(
    hours: float,
    value: float,
    *,
    instrument: str = "pz-1",
    received: float | None = None,
    quantity: str = "pore_pressure",
    **more: object,
) -> Row:
    """A reading `hours` after T0, received `received` hours after T0."""
    at = T0 + hours * HOUR
    got = at if received is None else T0 + received * HOUR
    return Row(
        "test_piezometer", instrument, 0, to_ns(at), to_ns(got), None, {quantity: value}, **more
    )


def profile(hours: float, values: list[float]) -> list[Row]:
    at = to_ns(T0 + hours * HOUR)
    return [
        Row("test_inclinometer", "ipi-1", node, at, at, 7, {"displacement_a": value})
        for node, value in enumerate(values)
    ]


def values(store: Store, **options: object) -> list[float]:
    return [reading.value for reading in store.readings("pz-1", "pore_pressure", **options)]


def test_a_stored_reading_comes_back_with_both_times(store: Store) -> None:
    assert store.append([row(0, 83.25, received=2)]).stored == 1
    (reading,) = store.readings("pz-1", "pore_pressure")
    assert (reading.time, reading.received, reading.value) == (T0, T0 + 2 * HOUR, 83.25)
    assert (reading.node, reading.flags) == (0, ())


def test_storing_twice_changes_nothing(store: Store) -> None:
    batch = [row(0, 1.0), row(1, 2.0), *profile(0, [1.0, 2.0, 3.0])]
    assert store.append(batch) == (5, 0, 0)
    before = store.changes(0)
    assert store.append([row(0, 1.0, received=9), *batch[1:]]) == (0, 0, 5)
    assert store.changes(0) == before
    assert store.readings("pz-1", "pore_pressure")[0].received == T0


def test_the_same_reading_twice_in_one_batch_is_one(store: Store) -> None:
    assert store.append([row(0, 1.0), row(0, 1.0)]) == (1, 0, 1)


def test_a_different_value_replaces_and_the_old_one_is_kept(store: Store) -> None:
    store.append([row(0, 1.0, received=0)])
    assert store.append([row(0, 5.0, received=3)]) == (0, 1, 0)
    assert values(store) == [5.0]
    assert values(store, known_at=T0 + 2 * HOUR) == [1.0]
    assert values(store, known_at=T0 + 3 * HOUR) == [5.0]


def test_a_quantity_that_comes_later_joins_the_row(store: Store) -> None:
    store.append([row(0, 1.0)])
    store.append([row(0, 4.5, received=1, quantity="temperature")])
    assert values(store) == [1.0]
    assert [r.value for r in store.readings("pz-1", "temperature")] == [4.5]
    assert store.readings("pz-1", "temperature", known_at=T0) == []


def test_latest_is_last_measured_not_last_received(store: Store) -> None:
    store.append([row(5, 50.0)])
    store.append([row(1, 10.0, received=6)])
    (latest,) = [r for r in store.latest() if r.quantity == "pore_pressure"]
    assert (latest.time, latest.value) == (T0 + 5 * HOUR, 50.0)
    (earlier,) = store.latest(at=T0 + 4 * HOUR)
    assert earlier.value == 10.0
    assert store.latest(at=T0 + 4 * HOUR, known_at=T0 + 4 * HOUR) == []


def test_latest_looks_behind_a_row_that_lacks_a_quantity(store: Store) -> None:
    store.append([row(0, 4.0, quantity="temperature"), row(1, 10.0)])
    assert {(r.quantity, r.value) for r in store.latest()} == {
        ("pore_pressure", 10.0),
        ("temperature", 4.0),
    }


def test_latest_has_every_node(store: Store) -> None:
    store.append(profile(0, [1.0, 2.0, 3.0]) + profile(6, [2.0, 3.0, 4.0]))
    assert [(r.node, r.value) for r in store.latest()] == [(0, 2.0), (1, 3.0), (2, 4.0)]


def test_a_range_includes_its_start_and_not_its_end(store: Store) -> None:
    store.append([row(hour, float(hour)) for hour in range(5)])
    assert values(store, start=T0 + HOUR, end=T0 + 3 * HOUR) == [1.0, 2.0]


@pytest.mark.parametrize("page", [1, 2, 5])
def test_pages_join_to_the_whole(store: Store, page: int) -> None:
    store.append([r for hour in range(4) for r in profile(hour, [1.0, 2.0, 3.0])])
    seen: list[tuple[datetime, int]] = []
    after = None
    while found := store.readings("ipi-1", "displacement_a", limit=page, after=after):
        seen += [(r.time, r.node) for r in found]
        after = (to_ns(found[-1].time), found[-1].node)
    assert seen == [(T0 + hour * HOUR, node) for hour in range(4) for node in range(3)]


def test_a_page_is_full_even_where_much_was_not_known_yet(store: Store) -> None:
    store.append([row(hour, float(hour), received=50) for hour in range(12)])
    store.append([row(hour, float(hour)) for hour in range(12, 20)])
    known = T0 + 30 * HOUR
    assert values(store, known_at=known, limit=3) == [12.0, 13.0, 14.0]
    after = (to_ns(T0 + 14 * HOUR), 0)
    assert values(store, known_at=known, limit=9, after=after) == [15.0, 16.0, 17.0, 18.0, 19.0]


def test_a_frame_has_time_and_nodes_as_axes(store: Store) -> None:
    store.append(profile(0, [1.0, 2.0, 3.0]) + profile(6, [4.0, 5.0, 6.0]))
    frame = store.frame("ipi-1", "displacement_a")
    assert list(frame.columns) == [0, 1, 2]
    assert frame.to_numpy().tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert str(frame.index.tz) == "UTC"
    assert frame.index[0] == T0
    assert store.frame("pz-1", "pore_pressure").empty


def test_flagged_values_are_kept_and_told_apart(store: Store) -> None:
    store.append([row(0, 1.0), row(1, 9999.0, flags={"pore_pressure": "out_of_range"})])
    assert [r.flags for r in store.readings("pz-1", "pore_pressure")] == [(), ("out_of_range",)]
    assert store.frame("pz-1", "pore_pressure").iloc[:, 0].tolist() == [1.0]
    assert len(store.frame("pz-1", "pore_pressure", trusted=False)) == 2
    assert [r.flags for r in store.latest()] == [("out_of_range",)]
    store.append([row(1, 2.0, received=4)])
    assert [r.flags for r in store.readings("pz-1", "pore_pressure")] == [(), ()]


def test_a_flag_is_known_from_when_it_was_set_and_may_leave_the_value_trusted(
    store: Store,
) -> None:
    store.append([row(0, 1.0), row(1, 2.0), row(2, 3.0)])
    for flag, start in (("rejected", T0 + HOUR), ("disagrees", T0)):
        store.write_flag(
            FlagEntry(
                instrument="pz-1", quantity="pore_pressure", flag=flag, action="set",
                author="Engineer", reason="Repair", time=T0 + 9 * HOUR,
                start=start, end=start + HOUR,
            )
        )  # fmt: skip
    found = [r.flags for r in store.readings("pz-1", "pore_pressure")]
    assert found == [("disagrees",), ("rejected",), ()]
    assert store.frame("pz-1", "pore_pressure")[0].tolist() == [1.0, 3.0]
    assert len(store.frame("pz-1", "pore_pressure", known_at=T0 + 8 * HOUR)) == 3
    before = store.readings("pz-1", "pore_pressure", known_at=T0 + 8 * HOUR)
    assert [r.flags for r in before] == [(), (), ()]
    span = {"start": T0, "end": T0 + 3 * HOUR, "count": 1, "trusted": True}
    assert store.buckets("pz-1", "pore_pressure", **span)["count"].tolist() == [2]
    delivery = store.delivery("pz-1", start=T0 - HOUR, end=T0 + 2 * HOUR)
    assert (delivery.rows, delivery.moments, delivery.flagged) == (3, 3, 2)


def test_buckets_are_aggregated_and_empty_ones_left_out(store: Store) -> None:
    store.append([row(hour, float(hour)) for hour in (0, 1, 2, 3, 9)])
    found = store.buckets("pz-1", "pore_pressure", start=T0, end=T0 + 10 * HOUR, count=5)
    assert found["start"].tolist() == [T0, T0 + 2 * HOUR, T0 + 8 * HOUR]
    assert found[["min", "mean", "max", "count"]].to_numpy().tolist() == [
        [0.0, 0.5, 1.0, 2.0],
        [2.0, 2.5, 3.0, 2.0],
        [9.0, 9.0, 9.0, 1.0],
    ]


def test_plain_arrays_hold_what_frames_do(store: Store) -> None:
    for hour in (0, 1, 2, 9):
        store.append(profile(hour, [float(hour), 2.0, 3.0 * hour]))
    span = {"start": T0 + HOUR, "end": T0 + 9.5 * HOUR, "known_at": T0 + 9 * HOUR}
    frame = store.frame("ipi-1", "displacement_a", **span)  # type: ignore[arg-type]
    found = store.values("ipi-1", "displacement_a", **span)  # type: ignore[arg-type]
    assert found.value.tolist() == frame.to_numpy().ravel().tolist()
    assert found.node.tolist() == [0, 1, 2] * len(frame)
    assert found.time[::3].tolist() == [to_ns(time) for time in frame.index]
    for known_at in (None, T0 + 2 * HOUR):
        asked = {"start": T0, "end": T0 + 10 * HOUR, "count": 5, "known_at": known_at}
        table = store.buckets("ipi-1", "displacement_a", **asked)  # type: ignore[arg-type]
        arrays = store.bucket_values("ipi-1", "displacement_a", **asked)  # type: ignore[arg-type]
        assert len(table) == (9 if known_at is None else 6)
        assert arrays.node.tolist() == table["node"].tolist()
        assert arrays.mean.tolist() == table["mean"].tolist()
        assert arrays.values.tolist() == table["count"].tolist()
        starts = [T0 + 2 * bucket * HOUR for bucket in arrays.bucket.tolist()]
        assert starts == table["start"].tolist()


def test_it_says_which_readings_had_their_flags_changed(store: Store) -> None:
    store.append([row(0, 1.0), row(1, 9.0, received=3, flags={"pore_pressure": "out_of_range"})])

    def changed(after: float, until: float) -> list[datetime]:
        return store.flag_changes(
            "pz-1", "pore_pressure", after=T0 + after * HOUR, until=T0 + until * HOUR
        )

    store.write_flag(
        FlagEntry(
            instrument="pz-1",
            quantity="pore_pressure",
            flag="out_of_range",
            action="lift",
            author="engineer",
            reason="checked by hand",
            time=T0 + 5 * HOUR,
        )
    )
    assert changed(0, 2) == []
    assert changed(2, 3) == [T0 + HOUR]
    assert changed(3, 4) == []
    assert changed(4, 5) == [T0 + HOUR]


def test_buckets_keep_nodes_apart_and_can_leave_out_flagged(store: Store) -> None:
    store.append(profile(0, [1.0, 2.0, 3.0]))
    found = store.buckets("ipi-1", "displacement_a", start=T0, end=T0 + HOUR, count=1)
    assert found[["node", "mean"]].to_numpy().tolist() == [[0, 1.0], [1, 2.0], [2, 3.0]]
    store.append([row(0, 5.0), row(1, 900.0, flags={"pore_pressure": "out_of_range"})])
    trusted = store.buckets(
        "pz-1", "pore_pressure", start=T0, end=T0 + 2 * HOUR, count=1, trusted=True
    )
    assert trusted["max"].tolist() == [5.0]


def test_buckets_as_known_at_a_time(store: Store) -> None:
    store.append([row(0, 1.0, received=0), row(1, 3.0, received=8)])
    store.append([row(0, 7.0, received=9)])
    span = {"start": T0, "end": T0 + 2 * HOUR, "count": 1}
    assert store.buckets("pz-1", "pore_pressure", **span)["mean"].tolist() == [5.0]
    known = store.buckets("pz-1", "pore_pressure", **span, known_at=T0 + HOUR)
    assert known["mean"].tolist() == [1.0]


def test_changes_are_seen_once_each_in_order(store: Store) -> None:
    store.append([row(0, 1.0)])
    store.append([row(0, 1.0), row(1, 2.0)])
    store.append([row(0, 3.0, received=5)])
    changes = store.changes(0)
    assert [[r.values["pore_pressure"] for r in change.rows] for change in changes] == [
        [1.0],
        [2.0],
        [3.0],
    ]
    assert store.changes(changes[1].sequence) == changes[2:]
    assert store.changes(0, limit=1) == changes[:1]


def test_a_cursor_is_remembered(store: Store) -> None:
    assert store.cursor("twin") == 0
    store.move_cursor("twin", 12)
    assert (store.cursor("twin"), store.cursor("risk")) == (12, 0)


def test_any_order_gives_the_same_store(store: Store) -> None:
    batch = [row(hour, float(hour)) for hour in range(30)] + profile(1, [1.0, 2.0, 3.0])
    shuffled = random.Random(1).sample(batch + batch[:10], 43)
    for part in (shuffled[:20], shuffled[20:]):
        store.append(part)
    assert values(store, limit=100) == [float(hour) for hour in range(30)]
    assert sum(store.counts().values()) == 33


def test_dead_letters_come_newest_first_in_pages(store: Store) -> None:
    letters = [
        DeadLetter(topic=f"t/{n}", payload=b"\xff\x00", size=2, reason=f"no {n}", received=T0)
        for n in range(3)
    ]
    store.append([], letters)
    first = store.dead_letters(limit=2)
    assert [(d.topic, d.payload, d.reason) for d in first] == [
        ("t/2", b"\xff\x00", "no 2"),
        ("t/1", b"\xff\x00", "no 1"),
    ]
    assert [d.topic for d in store.dead_letters(before=first[-1].id)] == ["t/0"]
    assert store.health().dead_letters == 3


def test_a_run_has_a_clock_that_never_goes_back(store: Store) -> None:
    assert store.run_time() is None
    store.append([row(0, 1.0)], run_time=T0 + HOUR)
    store.append([], run_time=T0)
    assert store.run_time() == T0 + HOUR


def test_derived_series_replace_by_time(store: Store) -> None:
    def point(hours: float, value: float | None, known: float) -> Derived:
        return Derived(
            series="fill.volume", subject="crater", time=T0 + hours * HOUR,
            known_at=T0 + known * HOUR, value=value, unit="thousand m3", model="m", version="1",
        )  # fmt: skip

    store.write_derived([point(0, 1.0, 0), point(1, None, 1)])
    store.write_derived([point(0, 2.0, 5)])
    frame = store.derived("fill.volume")
    assert frame["value"].fillna(-1).tolist() == [2.0, -1]
    assert frame["time"].tolist() == [T0, T0 + HOUR]
    assert store.derived("fill.volume", "crater", start=T0 + HOUR)["value"].isna().tolist() == [
        True
    ]
    assert store.derived("fill.volume", "elsewhere").empty
    assert store.derived("fill.volume", known_at=T0 + HOUR)["time"].tolist() == [T0 + HOUR]


def test_states_are_found_by_what_was_known(store: Store) -> None:
    assert store.state("twin") is None
    store.write_state("twin", T0, b'{"n":1}')
    store.write_state("twin", T0 + HOUR, b'{"n":2}')
    assert store.state("twin") == b'{"n":2}'
    assert store.state("twin", known_at=T0 + 0.5 * HOUR) == b'{"n":1}'
    assert store.state("twin", known_at=T0 - HOUR) is None


def test_states_are_followed_one_by_one(store: Store) -> None:
    assert store.next_state("twin", None) is None
    store.write_state("twin", T0, b'{"n":1}')
    store.write_state("risk", T0 + HOUR, b"{}")
    store.write_state("twin", T0 + 2 * HOUR, b'{"n":2}')
    assert store.next_state("twin", None) == b'{"n":1}'
    assert store.next_state("twin", T0) == b'{"n":2}'
    assert store.next_state("twin", T0 + 2 * HOUR) is None


def test_span_and_counts_and_health(store: Store) -> None:
    assert store.span() is None
    store.append([row(0, 1.0), row(7, 1.0), *profile(3, [1.0, 2.0, 3.0])])
    assert store.span() == (T0, T0 + 7 * HOUR)
    assert store.counts() == {"test_piezometer": 2, "test_inclinometer": 3}
    health = store.health()
    assert (health.ok, health.rows) == (True, 5)
    assert health.last_sequence == store.changes(0)[-1].sequence
