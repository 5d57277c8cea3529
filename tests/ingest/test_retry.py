"""Dead letters once more: understood, kept, never doubled, never over what is newer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.clock import ManualClock
from ingest.errors import ConfigurationError
from ingest.intake import Arrival, Intake
from ingest.retry import Retried, retry_run
from ingest.settings import Settings, load_settings
from ingest.site import load_site
from ingest.store import embedded
from ingest.store.embedded import EmbeddedStore

SMALL = Path(__file__).parent.parent / "data/small_site"
START = datetime(2022, 1, 1, tzinfo=UTC)
PIEZOMETER = "  pz-1:"


class Run:
    def __init__(self, folder: Path) -> None:
        self.site_folder = folder / "site"
        shutil.copytree(SMALL, self.site_folder)
        self.settings: Settings = load_settings(data_dir=folder / "run")
        self.clock = ManualClock(START + timedelta(days=1))
        self.site = load_site(self.site_folder)
        self.store = EmbeddedStore(self.settings.data_dir, self.site)

    def hear(self, instrument: str, payload: str) -> None:
        arrival = Arrival(f"postmine/v1/small/{instrument}/readings", payload.encode())
        accepted = Intake(self.site, self.clock).accept([arrival])
        self.store.append(accepted.rows, accepted.dead_letters, statuses=accepted.statuses)
        self.clock.advance(60)

    def rename(self, old: str, new: str) -> None:
        path = self.site_folder / "site.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def retry(self, *ids: int) -> Retried:
        return retry_run(self.settings, self.site_folder, self.clock, author="Somebody", ids=ids)

    def values(self, instrument: str = "pz-1") -> list[float]:
        found = self.store.readings(instrument, "pore_pressure")
        return [reading.value for reading in found]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.store.close()


def reading(hour: int, value: float, quantity: str = "pore_pressure") -> str:
    return f'{{"time": "2022-01-01T{hour:02}:00:00Z", "values": {{"{quantity}": {value}}}}}'


def test_a_letter_is_stored_when_its_instrument_is_known_and_then_never_again(run: Run) -> None:
    run.hear("pz-9", reading(1, 83.2))
    first = run.retry()
    assert first.resolved == []
    assert "'pz-9' is not known" in first.still_wrong[0].reason
    run.rename(PIEZOMETER, "  pz-9: {type: test_piezometer, zone: dump}\n" + PIEZOMETER)
    sequence = run.store.health().last_sequence
    assert run.retry() == Retried([1], 1, [])
    store = EmbeddedStore(run.settings.data_dir, load_site(run.site_folder))
    assert [each.value for each in store.readings("pz-9", "pore_pressure")] == [83.2]
    (letter,) = store.dead_letters()
    assert (letter.resolved, letter.resolved_by) == (run.clock.now(), "Somebody")
    assert store.dead_letters(waiting=True) == []
    assert store.health().dead_letters == 0
    assert run.retry() == Retried([], 0, [])
    assert store.health().last_sequence == sequence + 1
    store.close()


def test_the_good_part_of_a_letter_does_not_replace_what_came_after_it(run: Run) -> None:
    run.hear("pz-1", f"[{reading(1, 10.0)}, {reading(2, 20.0, 'pressure')}]")
    run.hear("pz-1", reading(1, 11.0))
    assert run.values() == [11.0]
    done = run.retry()
    assert [each.id for each in done.still_wrong] == [1]
    assert (done.stored, run.values()) == (0, [11.0])


def test_a_letter_newer_than_what_is_stored_corrects_it(run: Run) -> None:
    run.hear("pz-1", reading(1, 10.0))
    run.rename(PIEZOMETER, "  pz-9:")
    run.site = load_site(run.site_folder)
    run.hear("pz-1", reading(1, 12.0))
    run.rename("  pz-9:", PIEZOMETER)
    assert run.retry().resolved == [1]
    assert run.values() == [12.0]


def test_one_letter_alone_can_be_retried(run: Run) -> None:
    for hour in range(3):
        run.hear("pz-9", reading(hour, 1.0))
    run.rename(PIEZOMETER, "  pz-9: {type: test_piezometer, zone: dump}\n" + PIEZOMETER)
    assert run.retry(2).resolved == [2]
    assert run.retry().resolved == [1, 3]
    with pytest.raises(ConfigurationError, match="is 2; legal: that of a letter that is not"):
        run.retry(2)


LONG = "[" + ", ".join([reading(1, 1.0)] * 2000) + "]"


def test_a_long_letter_is_kept_whole(run: Run) -> None:
    run.hear("pz-9", LONG)
    (letter,) = run.store.dead_letters()
    assert (len(letter.payload), letter.size, letter.kept) == (65_536, len(LONG), True)
    assert run.store.dead_payload(1) == LONG.encode()
    run.rename(PIEZOMETER, "  pz-9: {type: test_piezometer, zone: dump}\n" + PIEZOMETER)
    assert run.retry() == Retried([1], 1, [])


def test_of_long_letters_the_oldest_lose_their_payload_and_are_not_guessed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MOST_DEAD_BYTES", 2500)  # each is about 1 kB, compressed
    run.hear("pz-9", reading(0, 1.0))
    for _ in range(4):
        run.hear("pz-9", LONG)
    kept = [letter.kept for letter in run.store.dead_letters()][::-1]
    assert kept[:3] == [True, False, False]
    assert kept[-1]
    assert run.store.dead_payload(2) is None
    run.rename(PIEZOMETER, "  pz-9: {type: test_piezometer, zone: dump}\n" + PIEZOMETER)
    wrong = run.retry().still_wrong
    assert wrong[0].id == 2
    assert "only the beginning" in wrong[0].reason


def test_the_last_word_of_a_sender_stays_the_last(run: Run) -> None:
    def say(payload: bytes) -> None:
        arrival = Arrival("postmine/v1/small/gateway/status", payload)
        accepted = Intake(run.site, run.clock).accept([arrival])
        run.store.append([], accepted.dead_letters, statuses=accepted.statuses)
        run.clock.advance(60)

    say(b'{"state": "offline", "cause": "unknown key"}')
    say(b'{"state": "online"}')
    assert len(run.retry().still_wrong) == 1
    assert [each.state for each in run.store.statuses()] == ["online"]
