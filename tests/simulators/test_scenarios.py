"""Contract of every scenario file, and what each of ours promises."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from ingest.errors import ConfigurationError
from ingest.site import Site, Threshold, load_site
from simulators.run import Simulation, simulate
from simulators.scenario import SCENARIOS, load_scenario, scenario_names


def digest(simulation: Simulation) -> str:
    total = hashlib.sha256()
    for message in simulation.messages():
        total.update(repr(message).encode())
    return total.hexdigest()


@pytest.mark.parametrize("name", scenario_names())
def test_scenario_contract(name: str) -> None:
    scenario = load_scenario(name)
    site = load_site(scenario.site)
    simulation = simulate(scenario, site)
    assert scenario.name == name
    assert set(scenario.title) == {"en", "ru"}
    # Every instrument of the site speaks, and nothing leaves the valid range on quiet ground.
    assert set(simulation.series) == set(site.instruments)
    for instrument, series in simulation.series.items():
        spoilt = any(fault.instrument == instrument for fault in scenario.faults)
        for quantity, values in series.values.items():
            low, high = site.type_of(instrument).quantities[quantity].canonical_range
            seen = values[values == values]
            assert seen.size, (instrument, quantity)
            assert spoilt or (low <= seen.min() and seen.max() <= high), (instrument, quantity)
    for window in scenario.truth:
        assert scenario.start <= window.start < window.end <= scenario.end
    received = [message.received for message in simulation.messages()]
    assert received == sorted(received)
    assert received[0] >= scenario.start
    # A demonstration of ten minutes sends them in time, on a small machine too.
    assert len(received) < 300_000


def test_same_seed_same_bytes_other_seed_other_bytes(abaza: Site) -> None:
    scenario = load_scenario("instrument_faults")
    first = digest(simulate(scenario, abaza))
    assert digest(simulate(scenario, abaza)) == first
    assert digest(simulate(scenario, abaza, seed=scenario.seed + 1)) != first


def crossings(simulation: Simulation, instrument: str, limit: Threshold) -> pd.DatetimeIndex:
    frame = simulation.frame(instrument, limit.quantity)
    beyond = frame > limit.above if limit.above is not None else frame < limit.below
    return frame.index[beyond.any(axis=1)]


def test_first_year_is_quiet_until_the_storms_and_shows_the_truth_then(
    first_year: Simulation,
) -> None:
    scenario, site = first_year.scenario, first_year.site
    begin = min(window.start for window in scenario.truth)
    suspects = {name for window in scenario.truth for name in window.instruments}
    faulty = {fault.instrument for fault in scenario.faults}
    for instrument in site:
        for limit in instrument.thresholds:
            times = crossings(first_year, instrument.name, limit)
            assert not (times < begin).any(), (instrument.name, limit)
            if instrument.name not in suspects | faulty:
                assert times.empty, (instrument.name, limit)
    for window in scenario.truth:
        for name in window.instruments:
            seen: list[datetime] = []
            for limit in site.instruments[name].thresholds:
                if limit.level == window.level:
                    times = crossings(first_year, name, limit)
                    seen += times[(times >= window.start) & (times < window.end)].tolist()
            assert seen, f"{name} shows nothing of {window.title['en']!r}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 7", "seed: 7\nsed: 7", r"yaml:7: key sed.*legal: one of title, site, seed"),
        ("end: 2022-06-15T00:00:00Z", "end: 2022-05-15T00:00:00Z", "end: later than start"),
        ("random_rain: 0", "random_rain: -1", r"processes\.weather\.random_rain"),
        ("{random_rain: 0}", "{rain: 0}", r"key processes\.weather\.rain is 0"),
        ("fault: stuck", "fault: broken", r"faults\.0.*'stuck'"),
        ("start: 2022-06-01T00:00:00Z", "start: 2022-06-01T00:00:00", "timezone"),
    ],
)
def test_wrong_scenario_names_file_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (SCENARIOS / "instrument_faults.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_scenario(path)
    assert caught.value.file == path


def test_unknown_scenario_lists_the_known() -> None:
    with pytest.raises(ConfigurationError, match=r"'nothing'; legal: abaza_first_year"):
        load_scenario("nothing")


def test_scenario_that_names_what_the_site_does_not_have(abaza: Site, tmp_path: Path) -> None:
    text = (SCENARIOS / "instrument_faults.yaml").read_text(encoding="utf-8")
    path = tmp_path / "s.yaml"
    path.write_text(text.replace("instrument: pz-650-01", "instrument: pz-9"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"instrument is 'pz-9'; legal: pz-650-01"):
        simulate(load_scenario(path), abaza)
    path.write_text(text.replace("quantity: turbidity", "quantity: head"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"spike of ws-01 is 'head'; legal: ph"):
        simulate(load_scenario(path), abaza)
    with pytest.raises(ConfigurationError, match=r"site is 'brabant'; legal: abaza"):
        simulate(load_scenario("instrument_faults"), load_site("brabant"))


def test_every_s_overrides_all_intervals(abaza: Site) -> None:
    scenario = load_scenario("instrument_faults").model_copy(update={"every_s": 600, "faults": ()})
    simulation = simulate(scenario, abaza)
    for name, series in simulation.series.items():
        if abaza.type_of(name).interval_s is not None:
            assert series.second.size == 14 * 144, name
