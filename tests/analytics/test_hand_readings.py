"""A reading that somebody made is stored like any other, and its author is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.hand_readings import HandReading, HandReadings, ReadingRefused, add_by_hand
from ingest.clock import ManualClock
from ingest.errors import ConfigurationError
from ingest.import_map import Column
from ingest.site import Site
from ingest.store.embedded import EmbeddedStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Hand:
    """What a person needs to write a reading down."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site, self.clock = site, ManualClock(NOW)
        self.store = EmbeddedStore(folder, site)
        self.journal = HandReadings(f"sqlite:///{folder / 'journal.sqlite'}")

    def add(self, column: Column, value: float, **given: object) -> HandReading:
        more = {"time": TIME, "author": "Surveyor", **given}
        return add_by_hand(
            self.site,
            self.store,
            self.journal,
            self.clock,
            column=column,
            value=value,
            **more,  # type: ignore[arg-type]
        )


@pytest.fixture
def hand(tmp_path: Path, small_site: Site) -> Iterator[Hand]:
    made = Hand(tmp_path, small_site)
    yield made
    made.journal.close()
    made.store.close()


PZ = Column(instrument="pz-1", quantity="pore_pressure", unit="bar")


def test_it_is_stored_in_canonical_units_with_author_and_note(hand: Hand) -> None:
    kept = hand.add(PZ, 0.832, note="  casing is bent ")
    (stored,) = hand.store.readings("pz-1", "pore_pressure")
    assert stored.value == pytest.approx(83.2, abs=1e-9)
    assert (stored.time, stored.received) == (TIME, NOW)
    assert hand.journal.last("small") == [kept]
    assert (kept.author, kept.note, kept.unit, kept.node) == (
        "Surveyor",
        "casing is bent",
        "kPa",
        None,
    )
    assert kept.value == stored.value


def test_doing_it_again_changes_nothing_and_a_correction_keeps_both(hand: Hand) -> None:
    first = hand.add(PZ, 0.8)
    hand.clock.advance(60)
    assert hand.add(PZ, 0.8) == first
    hand.add(PZ, 0.9)
    assert [each.value for each in hand.journal.last("small", "pz-1")] == [90.0, 80.0]
    assert [each.value for each in hand.store.readings("pz-1", "pore_pressure")] == [90.0]
    assert hand.journal.last("small", "pz-2") == []
    assert hand.journal.last("elsewhere") == []


def test_a_node_is_named_by_its_depth(hand: Hand) -> None:
    hand.add(Column(instrument="ipi-1", quantity="displacement_a", node=3.0), 0.2)
    (stored,) = hand.store.readings("ipi-1", "displacement_a")
    assert (stored.node, stored.value) == (2, pytest.approx(2.0))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"author": " "}, "author's name is missing"),
        ({"author": "x" * 300}, "longer than 255"),
        ({"time": datetime(2026, 3, 2, tzinfo=UTC)}, "lies in the future"),
        ({"time": datetime(1800, 3, 2, tzinfo=UTC)}, "is before"),
    ],
)
def test_what_is_refused_is_nowhere(hand: Hand, given: dict[str, object], reason: str) -> None:
    with pytest.raises(ReadingRefused, match=reason):
        hand.add(PZ, 0.8, **given)
    assert hand.store.readings("pz-1", "pore_pressure") == []
    assert hand.journal.last("small") == []


def test_names_that_the_site_does_not_have(hand: Hand) -> None:
    with pytest.raises(ConfigurationError, match="'pz-9' is not known"):
        hand.add(Column(instrument="pz-9", quantity="pore_pressure"), 1)
    with pytest.raises(ConfigurationError, match=r"node; legal: 1\.0, 2\.0, 3\.0"):
        hand.add(Column(instrument="ipi-1", quantity="displacement_a"), 1)
    with pytest.raises(ReadingRefused, match="nan is no reading"):
        hand.add(PZ, float("nan"))
