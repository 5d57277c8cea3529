from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.site import Site
from ingest.store import Store
from ingest.store.embedded import EmbeddedStore
from ingest.store.ground import FlagEntry
from tests.twin.ground import START, day, row
from twin.buckets import read_buckets
from twin.kept_days import KeptDays

POINT = "sp-650-01"
LONGEST = 12


def put(site: Site, store: Store, time: float, value: float, received: float) -> None:
    store.append(
        [row(site, POINT, day(time), {"settlement": value}, received=day(max(time, received)))]
    )


def flag(store: Store, action: str, start: float, end: float, said: float) -> None:
    store.write_flag(
        FlagEntry(
            instrument=POINT,
            quantity="settlement",
            flag="rejected",
            action="set" if action == "set" else "lift",
            author="engineer",
            reason="levelled again",
            time=day(said),
            start=day(start),
            end=day(end),
        )
    )


def assert_equal_to_reading_anew(
    site: Site, store: Store, kept: KeptDays, first: int, midnight: int
) -> None:
    kept.advance(day(midnight))
    days = midnight - first
    found = kept.buckets(POINT, "settlement", day(first), days)
    anew = read_buckets(
        site, store, POINT, "settlement",
        start=day(first), end=day(midnight), count=days, known_at=day(midnight),
    )  # fmt: skip
    assert np.array_equal(found.count, anew.count)
    assert np.array_equal(found.mean, anew.mean, equal_nan=True)


moments = st.floats(0, LONGEST - 0.01).map(lambda value: round(value * 24) / 24)
readings = st.lists(
    st.tuples(moments, st.floats(-50, 50), st.floats(0, 4)), min_size=1, max_size=40
)
flags = st.lists(
    st.tuples(st.sampled_from(["set", "lift"]), moments, st.floats(0.1, 3), st.floats(0, 4)),
    max_size=4,
)


@given(readings, flags, st.integers(1, 3), st.booleans())
@settings(max_examples=60)
def test_kept_days_are_those_of_reading_anew_with_late_corrected_and_flagged_values(
    abaza: Site,
    given_readings: list[tuple[float, float, float]],
    given_flags: list[tuple[str, float, float, float]],
    start: int,
    behind: bool,
) -> None:
    """In step with what arrives, or behind it: everything is stored before the first midnight."""
    events = [(max(t, t + late), "reading", (t, value)) for t, value, late in given_readings]
    events += [(t + late, action, (t, t + width)) for action, t, width, late in given_flags]
    events.sort(key=lambda event: event[0])
    with TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), abaza)
        try:
            kept: KeptDays | None = None

            def happen(until: float) -> None:
                while events and events[0][0] <= until:
                    when, kind, (first, second) = events.pop(0)
                    if kind == "reading":
                        put(abaza, store, first, second, when)
                    else:
                        flag(store, kind, first, second, when)

            if behind:
                happen(1e9)
            for midnight in range(start, LONGEST + 5):
                happen(midnight)
                kept = kept or KeptDays(abaza, store, day(midnight))
                # The beginning that is asked for moves back and forth.
                assert_equal_to_reading_anew(abaza, store, kept, midnight % start, midnight)
        finally:
            store.close()


def test_a_day_costs_what_is_new_and_what_came_late(
    abaza: Site, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(40 * 24 - 3):
        put(abaza, store, hour / 24, float(hour), hour / 24)
    kept = KeptDays(abaza, store, day(40))
    kept.buckets(POINT, "settlement", START, 40)
    put(abaza, store, 7.01, 3.0, 40.5)
    put(abaza, store, 40.5, 5.0, 40.5)
    asked: list[tuple[float, int]] = []
    real = store.bucket_values

    def counted(*args: object, **options: object) -> object:
        asked.append(((options["start"] - START) / timedelta(days=1), options["count"]))  # type: ignore[operator,arg-type]
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "bucket_values", counted)
    kept.advance(day(41))
    kept.buckets(POINT, "settlement", START, 41)
    assert asked == [(7.0, 1), (40.0, 1)]


def test_time_does_not_go_back(abaza: Site, store: Store) -> None:
    kept = KeptDays(abaza, store, day(3))
    with pytest.raises(ValueError, match="before 2022-01-04"):
        kept.advance(day(2))
