"""What comes in order is judged in memory, and the store holds what it would hold without."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clock import to_ns
from ingest.message import Status
from ingest.quality import QualityRule, Series, rules_of
from ingest.site import Site, load_site
from ingest.store import Row, SenderStatus
from ingest.store.embedded import EmbeddedStore
from ingest.store.ground import FlagEntry, Ground

DATA = Path(__file__).parents[1] / "data" / "judged_site" / "site.yaml"
T0 = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAMES = ("pz-1", "pz-2", "pz-3", "pz-4", "pz-5")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two instruments that nobody else depends on, beside those of the judged site."""
    folder = tmp_path_factory.mktemp("site")
    lone = "".join(f"  {name}: {{type: piezometer, zone: dump}}\n" for name in NAMES[3:])
    (folder / "site.yaml").write_text(DATA.read_text(encoding="utf-8") + lone, encoding="utf-8")
    return load_site(folder)


class Step(msgspec.Struct):
    """What happens to a store at once."""

    rows: list[Row]
    statuses: list[SenderStatus]
    entry: FlagEntry | None


def story(seed: int, steps: int = 25) -> list[Step]:
    """Mostly readings in order, with what interrupts them."""
    chance = random.Random(seed)
    clock = dict.fromkeys(NAMES, 0.0)
    sent: list[Row] = []
    found, now = [], 0.0
    for number in range(steps):
        rows = []
        for name in chance.sample(NAMES, chance.randint(1, 4)):
            for _ in range(chance.choice([1, 1, 2, 5, 40])):
                clock[name] += chance.choice([60, 60, 60, 400])
                value = chance.choice([7.0, 7.0, 7.0, 8.0, 60.0, chance.uniform(0, 9)])
                rows.append(reading(chance, name, clock[name], value, number))
            now = max(now, clock[name])
        if chance.random() < 0.2 and sent:  # once more, corrected, or alone
            old = chance.choice(sent)
            rows += [old, old._replace(values={"pore_pressure": 5.0}, received=at(now + 1))]
            rows.append(old._replace(values={"temperature": 3.0}, sequence=None))
        if chance.random() < 0.2:
            late = chance.choice(NAMES)
            rows.append(reading(chance, late, clock[late] - 90, 7.5, number))
        if chance.random() < 0.2:
            chance.shuffle(rows)
        # A few moments of arrival in one batch.
        rows = [row._replace(received=at(now + 30 * chance.randint(0, 2))) for row in rows]
        sent += rows
        entry = None
        if chance.random() < 0.1:
            end = T0 + (now - chance.choice([-90, 90, 900])) * MINUTE
            entry = FlagEntry(
                instrument="pz-4", quantity="pore_pressure",
                flag=chance.choice(["rejected", "stuck"]), action=chance.choice(["set", "lift"]),
                author="Geotechnical engineer", reason="Cable was repaired",
                time=T0 + (now + 60) * MINUTE, start=T0, end=chance.choice([None, end]),
            )  # fmt: skip
        found.append(Step(rows, voltages(chance, now), entry))
    return found


def at(minute: float) -> int:
    return to_ns(T0 + minute * MINUTE)


def reading(chance: random.Random, name: str, minute: float, value: float, number: int) -> Row:
    values = {"pore_pressure": value}
    if name == "pz-3":
        values = {"digits": 8000 + value}
    if chance.random() < 0.3:
        values["battery"] = chance.choice([2.5, 3.5])
    if chance.random() < 0.05:
        values = {chance.choice(["battery", "temperature"]): 3.2}
    flags = {each: "out_of_range" for each in values if chance.random() < 0.03}
    sequence = chance.choice([None, number, number, number + 2])
    return Row("piezometer", name, 0, at(minute), at(minute), sequence, values, flags)


def voltages(chance: random.Random, now: float) -> list[SenderStatus]:
    if chance.random() < 0.8:
        return []
    said = Status(
        state="online", time=T0 + (now - chance.choice([0, 200])) * MINUTE,
        battery_v=chance.choice([2.8, 3.6]),
    )  # fmt: skip
    document = msgspec.json.encode(said)
    received = T0 + now * MINUTE
    return [SenderStatus(sender="pz-4", state="online", received=received, document=document)]


def everything(folder: Path) -> dict[str, list[tuple]]:
    with sqlite3.connect(folder / "readings.sqlite") as db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}


def told(
    site: Site, steps: list[Step], before: Callable[[EmbeddedStore], None]
) -> dict[str, list[tuple]]:
    with TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), site)
        for step in steps:
            before(store)
            store.append(step.rows, statuses=step.statuses)
            if step.entry is not None:
                store.write_flag(step.entry)
        store.close()
        return everything(Path(folder))


def leave(_: EmbeddedStore) -> None:
    """Let the store remember what it will."""


def forget(store: EmbeddedStore) -> None:
    """Make the store read the last readings from its database."""
    store._ground.forget_all()


def by_moment(store: EmbeddedStore) -> None:
    """Let each moment of arrival have its turn, with questions to the database alone."""
    store._engineering._in_order.clear()


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_what_is_remembered_changes_nothing(site: Site, seed: int) -> None:
    steps = story(seed)
    remembered = told(site, steps, leave)
    assert remembered == told(site, steps, forget)
    assert remembered == told(site, steps, by_moment)


def test_two_that_write_in_turn_see_what_the_other_wrote(site: Site, tmp_path: Path) -> None:
    steps = story(7)
    stores = [EmbeddedStore(tmp_path, site) for _ in range(2)]
    for number, step in enumerate(steps):
        stores[number % 2].append(step.rows, statuses=step.statuses)
        if step.entry is not None:
            stores[1 - number % 2].write_flag(step.entry)
    for store in stores:
        store.close()
    assert everything(tmp_path) == told(site, steps, by_moment)


def test_a_commit_that_fails_is_forgotten(site: Site, tmp_path: Path) -> None:
    chance = random.Random(1)
    rows = [reading(chance, "pz-4", 60 * hour, 7.0, hour) for hour in range(6)]
    store = EmbeddedStore(tmp_path, site)
    store.append(rows[:3])
    with pytest.raises(AttributeError):
        store.append(rows[3:], dead_letters=[None])  # type: ignore[list-item]
    store.append(rows[3:])
    store.close()
    steps = [Step(rows[:3], [], None), Step(rows[3:], [], None)]
    assert everything(tmp_path) == told(site, steps, by_moment)


def test_readings_in_order_ask_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        Row("piezometer", "pz-4", 0, at(60 * hour), at(60 * hour), hour, {"pore_pressure": 7.0})
        for hour in range(50)
    ]
    store = EmbeddedStore(tmp_path, site)
    store.append(rows[:10])
    for name in ("near", "set_flags", "battery", "_read_tail"):
        monkeypatch.delattr(Ground, name)
    for row in rows[10:]:
        store.append([row])
    assert sum(store.counts().values()) == 50
    store.close()


RULES = {
    "gap": {},
    "late": {"after_s": 3600},
    "low_battery": {"below": 3},
    "out_of_range": {},
    "spike": {"neighbours": 2, "floor": 0.5},
    "stuck": {"count": 3},
    "too_fast": {"per_day": 10},
}


@pytest.fixture(scope="module")
def rules() -> tuple[QualityRule, ...]:
    return rules_of({"q": RULES})["q"]


@given(seed=st.integers(0, 10_000), edges=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_a_quick_look_misses_nothing(
    rules: tuple[QualityRule, ...], seed: int, edges: tuple[int, int]
) -> None:
    chance = random.Random(seed)
    times = sorted(chance.sample(range(300), 60))
    series = Series(
        times=[at(60 * time) for time in times],
        values=[chance.choice([0.0, 0.0, 0.1, 5.0, 500.0, 5000.0]) for _ in times],
        received=[at(60 * time + chance.choice([0, 90])) for time in times],
        sequences=[chance.choice([None, time, number]) for number, time in enumerate(times)],
        beside={"battery": [chance.choice([None, 2.0, 4.0]) for _ in times]},
        partner=[None for _ in times],
        interval_ns=3600e9,
        valid_range=(-100.0, 1000.0),
    )
    first, end = min(edges), max(edges)
    for rule in rules:
        found = list(rule.candidates(series, first, end))
        assert found == sorted(set(found) & set(range(first, end)))
        held = {index for index in range(first, end) if rule.holds(series, index)}
        assert held <= set(found)
