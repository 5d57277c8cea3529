from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigurationError
from ingest.site import SITES, Site
from tests.twin.ground import day
from twin.plan import Plan, load_plan

Edit = Callable[[str, str, str], Site]


@pytest.fixture
def edit(tmp_path: Path, abaza: Site) -> Edit:
    """Return a copy of the site with one text of one file replaced."""
    folder = tmp_path / "abaza"
    shutil.copytree(SITES / "abaza", folder)

    def change(file: str, old: str, new: str) -> Site:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return abaza.model_copy(update={"folder": folder})

    return change


def test_a_site_without_a_plan_has_none(small_site: Site) -> None:
    assert load_plan(small_site) is None


def test_streams_give_the_volume_of_table_4(plan: Plan) -> None:
    streams = plan.streams_at(plan.start).by_name
    assert streams["waste_rock"].factor == pytest.approx(1.08 / 2.85)
    assert sum(stream.volume_per_year for stream in streams.values()) == pytest.approx(
        512.3, abs=0.05
    )


def test_the_plan_stands_still_before_it_begins_and_after_it_ends(plan: Plan) -> None:
    assert plan.planned_volume(datetime(2021, 6, 1, tzinfo=UTC)) == 0
    assert plan.planned_volume(datetime(2040, 1, 1, tzinfo=UTC)) == pytest.approx(7684.5)
    assert plan.calendars[0].rate(datetime(2040, 1, 1, tzinfo=UTC)) == 0


def test_volume_grows_evenly_within_a_year(plan: Plan) -> None:
    middle = datetime(2022, 7, 2, 12, tzinfo=UTC)
    assert plan.planned_volume(middle) == pytest.approx(512.3 / 2, abs=1e-6)


@given(st.floats(-400, 7000), st.floats(-400, 7000))
def test_the_planned_volume_never_falls(plan: Plan, one: float, other: float) -> None:
    early, late = sorted((one, other))
    volumes = [plan.planned_volume(day(days)) for days in (early, late)]
    assert 0 <= volumes[0] <= volumes[1] <= 7684.5 + 1e-6


def test_month_shares_shape_the_year(edit: Edit) -> None:
    shares = "[0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0]"
    site = edit(
        "plan.yaml",
        "    file: calendar_plan.csv\n",
        f"    file: calendar_plan.csv\n    month_shares: {shares}\n",
    )
    plan = load_plan(site)
    assert plan is not None
    assert plan.planned_volume(datetime(2022, 5, 1, tzinfo=UTC)) == 0
    assert plan.planned_volume(datetime(2022, 7, 1, tzinfo=UTC)) == pytest.approx(256.15)
    assert plan.planned_volume(datetime(2023, 1, 1, tzinfo=UTC)) == pytest.approx(512.3)


def test_a_revision_holds_from_its_day_on(plan: Plan) -> None:
    old = plan.calendars[0]
    since = datetime(2024, 1, 1, tzinfo=UTC)
    slower = replace(old, since=since, volumes=tuple(v / 2 for v in old.volumes))
    revised = replace(plan, calendars=(old, slower))
    before, after = datetime(2023, 12, 31, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    assert revised.planned_volume(before) == plan.planned_volume(before)
    assert revised.planned_volume(after) == plan.planned_volume(after) / 2


def test_a_revision_is_known_from_its_day_on(plan: Plan) -> None:
    since = datetime(2024, 1, 1, tzinfo=UTC)
    later = replace(plan.calendars[0], since=since, source="revision")
    revised = replace(plan, calendars=(plan.calendars[0], later))
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    assert revised.calendar_at(moment, moment).source == "revision"
    known_at = datetime(2023, 12, 31, tzinfo=UTC)
    assert revised.calendar_at(moment, known_at) is plan.calendars[0]


def test_the_plan_by_tier_follows_the_table(plan: Plan) -> None:
    calendar = plan.calendars[0]
    at = datetime(2030, 1, 1, tzinfo=UTC)
    tiers = calendar.by_tier(at)
    assert tiers["tier_650"] == pytest.approx(3839.5)
    assert tiers["tier_680"] == pytest.approx(258.9)
    early = calendar.by_tier(datetime(2029, 3, 1, tzinfo=UTC))
    assert early["tier_680"] == 0
    assert sum(early.values()) == pytest.approx(calendar.volume(datetime(2029, 3, 1, tzinfo=UTC)))


@given(st.floats(0, 7684.5))
def test_reached_is_the_inverse_of_the_volume(plan: Plan, volume: float) -> None:
    calendar = plan.calendars[0]
    reached = calendar.reached(volume)
    assert reached is not None
    assert calendar.volume(reached) == pytest.approx(volume, abs=1e-4)


def test_the_plan_never_reaches_more_than_it_holds(plan: Plan) -> None:
    assert plan.calendars[0].reached(7684.6) is None
    assert plan.calendars[0].reached(0) == plan.start


def test_streams_share_the_plan_by_what_is_in_force_at_the_time(plan: Plan) -> None:
    old = plan.streams[0]
    since = datetime(2022, 7, 2, 12, tzinfo=UTC)  # the middle of the year
    no_rock = {name: s for name, s in old.by_name.items() if name != "waste_rock"}
    revised = replace(plan, streams=(old, replace(old, since=since, by_name=no_rock)))
    end = datetime(2023, 1, 1, tzinfo=UTC)
    found = revised.planned_by_stream(end)
    assert found["waste_rock"] == pytest.approx(53.05 / 2, abs=0.02)
    assert sum(found.values()) == pytest.approx(512.3)
    assert plan.planned_by_stream(end)["waste_rock"] == pytest.approx(53.05, abs=0.02)


def test_the_table_may_give_the_streams(edit: Edit) -> None:
    extra = ",waste_rock_in_dump_thousand_m3,coal_ash_and_slag_in_dump_thousand_m3"
    site = edit("plan.yaml", "start: 2022-01-01", "start: 2022-01-01")
    table = site.folder / "calendar_plan.csv"
    lines = table.read_text().splitlines()
    lines = [lines[0] + extra, *(f"{line},500.0,12.3" for line in lines[1:-1])]
    table.write_text("\n".join(lines) + "\n")
    plan = load_plan(site)
    assert plan is not None
    found = plan.planned_by_stream(datetime(2023, 1, 1, tzinfo=UTC))
    assert found["waste_rock"] == pytest.approx(500)
    assert found["dry_magnetic_separation_tailings"] == 0
    table.write_text(table.read_text().replace("500.0", "400.0"))
    with pytest.raises(ConfigurationError, match="sum of the waste streams"):
        load_plan(site)


ROW = "2023,554.3,512.3,,,554.3,512.3\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("plan.yaml", "start: 2022", "begin: 2022", r"plan.yaml.*key start"),
        ("plan.yaml", "    base_m: 650\n", "    base_m: 651\n", "each on the crest"),
        ("plan.yaml", "capacity_thousand_m3: 3839.5", "capacity_thousand_m3: 1", "total_capacity"),
        ("plan.yaml", "file: calendar_plan.csv", "file: none.csv", "none.csv"),
        ("plan.yaml", "  tier_650:", "  tier_600:", "tier_600"),
        ("calendar_plan.csv", ROW, ROW.replace("512.3,,", "x,,"), r".csv:3: column tier_650.*'x'"),
        ("calendar_plan.csv", ROW, ROW.replace("512.3,,", "500,,"), r".csv:3: total of 2023 is"),
        ("calendar_plan.csv", ROW, "", "years"),
        ("calendar_plan.csv", ROW, ROW.replace("512.3", "-512.3"), "not negative"),
        ("calendar_plan.csv", "year,", "jahr,", "year is missing"),
        ("waste_streams.csv", "1.08,,53.0", "1.08,,63.0", r"waste_streams.csv:2: volume.*53.1"),
        ("waste_streams.csv", "2.85", "0", "above 0"),
        ("waste_streams.csv", "coal_ash_and_slag", "ash", "stream_titles.ash"),
    ],
)
def test_a_wrong_plan_is_refused_with_file_and_value(
    edit: Edit, file: str, old: str, new: str, message: str
) -> None:
    site = edit(file, old, new)
    with pytest.raises(ConfigurationError, match=message):
        load_plan(site)
