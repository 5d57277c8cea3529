"""A wrong what_if.yaml stops the start, with the key, the value, what is legal, and the line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.errors import ConfigurationError
from ingest.site import Site, load_site
from twin.plan import load_plan
from twin.what_if.configuration import load_what_if

SITES = Path(__file__).parents[2] / "ingest/sites"
COSTS = """
source: a test
costs:
  currency: RUB
  placing_per_t: 10
  haul_per_t_km: 5
  streams_per_t: {coal_ash_and_slag: 40}
  drains: 1000000
  source: a test
"""
DRAINS = "source: a test\ndrains: {lowered_m: 3, source: a test}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SITES / "abaza", tmp_path / "abaza"))


def written(folder: Path, text: str) -> Site:
    (folder / "what_if.yaml").write_text(text, encoding="utf-8")
    return load_site(folder)


def test_a_right_file_is_read(folder: Path) -> None:
    site = written(folder, COSTS)
    found = load_what_if(site, load_plan(site))
    assert found is not None
    assert found.costs is not None
    assert found.costs.streams_per_t == {"coal_ash_and_slag": 40}
    assert found.drains is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drains: {lowered_m: 3, source: a}\n", ["source", "required"]),
        (DRAINS.replace("lowered_m: 3", "lowered_m: 0"), ["drains.lowered_m", "0", "greater"]),
        (DRAINS.replace("lowered_m: 3", "lowered_m: 61"), ["drains.lowered_m", "61", "60"]),
        (DRAINS.replace("lowered_m: 3", "lowered_m: deep"), ["drains.lowered_m", "deep", "number"]),
        (DRAINS.replace("lowered_m", "lowered"), ["drains.lowered"]),
        (DRAINS.replace(", source: a test", ""), ["drains.source", "required"]),
        (COSTS.replace("currency: RUB", "currency: ''"), ["costs.currency", "1 character"]),
        (COSTS.replace("_per_t: 10", "_per_t: -10"), ["costs.placing_per_t", "-10", "0"]),
        (COSTS.replace("_km: 5", "_km: -1"), ["costs.haul_per_t_km", "-1", "0"]),
        (COSTS.replace("_km: 5", "_km: much"), ["costs.haul_per_t_km", "much", "number"]),
        (COSTS.replace("drains: 1000000", "drains: -1"), ["costs.drains", "-1", "0"]),
        (
            COSTS.replace("coal_ash_and_slag: 40", "gold: 40"),
            ["costs.streams_per_t.gold", "gold", "waste_rock, dry_magnetic"],
        ),
        (COSTS + "price: 3\n", ["price"]),
        ("[]\n", ["what_if.yaml"]),
    ],
)
def test_a_wrong_value_stops_the_start_by_name(folder: Path, text: str, said: list[str]) -> None:
    site = written(folder, text)
    plan = load_plan(site)
    with pytest.raises(ConfigurationError) as error:
        load_what_if(site, plan)
    message = str(error.value)
    assert "what_if.yaml" in message
    for words in said:
        assert words in message
