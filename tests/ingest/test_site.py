"""A wrong site file stops the start with file, line, key, value and legal values."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.errors import ConfigurationError
from ingest.site import instrument_types, load_site, site_names
from tests.conftest import DATA

ORIGINAL = (DATA / "small_site" / "site.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", site_names())
def test_the_sites_of_the_package_are_well(name: str) -> None:
    site = load_site(name)
    assert site.name == name
    assert site.instruments
    assert {"en", "ru"} == set(site.title)


def test_every_instrument_type_names_its_source() -> None:
    for kind in instrument_types().values():
        assert kind.source
        assert {"en", "ru"} == set(kind.title)
        for quantity in kind.quantities.values():
            assert {"en", "ru"} == set(quantity.title)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    zone: dump\n", "    zone: dumb\n", r"site.yaml:LINE: .*zone is 'dumb'; legal: dump"),
        ("pz-2: {type: test_piezometer,", "pz-2: {type: pizometer,", r"type is 'pizometer'; legal"),
        ("above: 150", "above: high", r"site.yaml:LINE: .*above is 'high'; legal: .*number"),
        ("level: warning", "level: red", r"level is 'red'; legal: .*'advisory', 'warning'"),
        ("quantity: pore_pressure, level", "quantity: pressure, level", r"is 'pressure'; legal"),
        ("nodes: [1.0, 2.0, 3.0]", "nodes: []", r"legal: a list with the depth"),
        ("nodes: [1.0, 2.0, 3.0]", "nodes: [1.0, 1.0]", r"legal: each node once"),
        ("unit: kPa", "unit: kpa.", r"legal: .*unit"),
        ("unit: degC", "unit: mm", r"legal: .*converts to degC"),
        ("interval_s: 3600", "interval: 3600", r"interval is 3600; legal: one of title, source"),
        ("time_zone: Asia/Krasnoyarsk", "time_zone: Krasnoyarsk", r"a time zone such as"),
        ("  pz-2: {", "  pz-1: {", r"duplicate key"),
        ("name: small", "name: Small Site", r"name is 'Small Site'; legal: .*pattern"),
        ("latitude: 52.65", "latitude: 152.65", r"latitude is 152.65; legal: .*90"),
        ("zones:", "zones: [", r"site.yaml:\d+: YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ORIGINAL
    changed = ORIGINAL.replace(old, new, 1)
    (tmp_path / "site.yaml").write_text(changed, encoding="utf-8")
    line = changed[: changed.index(new.strip())].count("\n") + 1
    message = message.replace("LINE", str(line))
    with pytest.raises(ConfigurationError, match=message):
        load_site(tmp_path)


def test_a_site_outside_the_package_is_found_by_its_folder(tmp_path: Path) -> None:
    shutil.copy(DATA / "small_site" / "site.yaml", tmp_path / "site.yaml")
    assert load_site(tmp_path).folder == tmp_path
    assert load_site(tmp_path / "site.yaml").name == "small"
    with pytest.raises(ConfigurationError, match="legal: abaza, brabant; or give the path"):
        load_site(tmp_path / "nothing")
