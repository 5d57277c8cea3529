from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.hand_readings import HandReadings, ReadingRefused
from analytics.surveys import KeptSurvey, SurveyArchive, add_survey
from ingest.clock import ManualClock, to_ns
from ingest.errors import ConfigurationError
from ingest.flagging import write_flag
from ingest.site import Site, load_site
from ingest.store import Row
from ingest.store.embedded import EmbeddedStore
from ingest.store.ground import FlagEntry
from ingest.survey_files import SurveyRefused
from twin.crater import CraterSolid, crater_solid
from twin.plan import Plan, load_plan

NOW = datetime(2022, 9, 1, tzinfo=UTC)


class Office:
    """A surveyor's office with a run of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site: Site = load_site("abaza")
        plan = load_plan(self.site)
        assert plan is not None
        self.plan: Plan = plan
        self.solid: CraterSolid = crater_solid(self.site, plan)
        self.store = EmbeddedStore(folder / "run", self.site)
        self.journal = HandReadings(f"sqlite:///{folder / 'journal.sqlite'}")
        self.archive = SurveyArchive(folder / "run")
        self.clock = ManualClock(NOW)

    def file(self, volume: float, *, north_of: float | None = None) -> Path:
        """Return a file of points on the surface of the solid that holds a volume."""
        level = self.solid.surface(volume)
        x, y = np.meshgrid(self.solid.x, self.solid.y)
        kept = self.solid.inside if north_of is None else self.solid.inside & (y > north_of)
        points = np.column_stack([x[kept], y[kept], level[kept]])
        path = self.folder / f"survey-{volume:g}-{north_of}.xyz"
        np.savetxt(path, points, fmt="%.3f")
        return path

    def add(self, month: int, **options: object) -> KeptSurvey:
        return add_survey(
            self.site,
            self.plan,
            self.store,
            self.journal,
            self.archive,
            self.clock,
            time=options.pop("time", datetime(2022, month, 1, 5, tzinfo=UTC)),  # type: ignore[arg-type]
            author=str(options.pop("author", "surveyor")),
            **options,  # type: ignore[arg-type]
        )

    def weigh(self, month: int, mass: float) -> None:
        """Weigh a load of tailings [t] on the first of a month."""
        bridge = self.site.with_quantity("load_mass")[0]
        time = to_ns(datetime(2022, month, 1, 3, tzinfo=UTC))
        self.store.append(
            [Row("weighbridge", bridge.name, 0, time, to_ns(NOW), None, {"load_mass": mass})]
        )

    def stored(self, known_at: datetime | None = None) -> list[float]:
        frame = self.store.frame("survey-01", "surveyed_volume", known_at=known_at)
        return [] if frame.empty else frame[0].tolist()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.store.close()
    opened.journal.close()


def test_surfaces_give_the_volume_between_them(office: Office) -> None:
    base = office.add(1, path=office.file(0), base=True)
    assert (base.volume, base.base, base.since) == (0, True, None)
    assert base.uncertainty == pytest.approx(0.05 * 463, rel=0.01)
    second = office.add(5, path=office.file(400))
    assert second.volume == pytest.approx(400, rel=0.01)
    # The levels of two surfaces are uncertain.
    assert second.uncertainty == pytest.approx(2**0.5 * 0.05 * 463, rel=0.05)
    assert second.covered == pytest.approx(1)
    third = office.add(7, path=office.file(900))
    assert third.since == pytest.approx(third.volume - second.volume)
    assert third.since_time == second.time
    assert office.stored() == [base.volume, second.volume, third.volume]
    assert [each.author for each in office.journal.last("abaza", limit=9)] == ["surveyor"] * 6
    assert [each.volume for each in office.archive.all()] == office.stored()


def test_the_order_in_which_surveys_come_changes_nothing(office: Office) -> None:
    office.add(1, path=office.file(0), base=True)
    later = office.add(7, path=office.file(900))
    late = office.add(5, path=office.file(400))
    assert late.volume == pytest.approx(400, rel=0.01)
    assert office.stored() == [0, late.volume, later.volume]


def test_a_survey_is_known_from_when_it_was_added(office: Office) -> None:
    office.add(1, path=office.file(0), base=True)
    office.clock.set(NOW + timedelta(days=10))
    office.add(5, kind="volume", volume=410.0, uncertainty=8.0)
    assert len(office.stored(known_at=NOW + timedelta(days=1))) == 1
    assert len(office.archive.all(known_at=NOW + timedelta(days=1))) == 1
    assert len(office.archive.all(at=datetime(2022, 2, 1, tzinfo=UTC))) == 1
    assert office.stored() == [0, 410]


def test_the_same_survey_again_changes_nothing_and_another_one_corrects(office: Office) -> None:
    for _ in range(2):
        office.add(5, volume=410.0, uncertainty=8.0)
    assert len(list(office.archive.folder.iterdir())) == 1
    office.clock.set(NOW + timedelta(days=1))
    office.add(5, volume=415.0, uncertainty=8.0)
    assert office.stored() == [415]
    assert office.stored(known_at=NOW + timedelta(hours=1)) == [410]
    assert [each.volume for each in office.archive.all()] == [415]
    assert len(list(office.archive.folder.iterdir())) == 2


def test_where_there_are_no_points_the_surface_before_may_hold(office: Office) -> None:
    office.add(1, path=office.file(0), base=True)
    part = office.file(400, north_of=100)
    with pytest.raises(SurveyRefused, match=r"covers 9.% of the crater, needed are 98%"):
        office.add(5, path=part)
    kept = office.add(5, path=part, unchanged_outside=True)
    assert kept.covered == pytest.approx(1)
    assert kept.volume == pytest.approx(400, rel=0.05)


def test_a_rehearsal_stores_nothing(office: Office) -> None:
    rehearsed = office.add(1, path=office.file(0), base=True, dry_run=True)
    assert rehearsed.volume == 0
    assert office.stored() == []
    assert office.archive.all() == []


def test_what_cannot_be_a_survey_is_refused(office: Office, tmp_path: Path) -> None:
    with pytest.raises(SurveyRefused, match=r"no earlier surface.*--base"):
        office.add(5, path=office.file(400))
    with pytest.raises(SurveyRefused, match="give the volume and its standard uncertainty"):
        office.add(5, volume=400.0)
    with pytest.raises(SurveyRefused, match="a base is a surface"):
        office.add(5, volume=400.0, uncertainty=8.0, base=True)
    with pytest.raises(SurveyRefused, match="the volume is computed"):
        office.add(5, path=office.file(400), volume=400.0)
    feet = tmp_path / "feet.xyz"
    points = np.loadtxt(office.file(400))
    np.savetxt(feet, points * [1, 1, 3.28])
    with pytest.raises(SurveyRefused, match="another datum, another unit"):
        office.add(5, path=feet, base=True)
    with pytest.raises(ReadingRefused, match="author"):
        office.add(5, volume=400.0, uncertainty=8.0, author=" ")
    with pytest.raises(ConfigurationError, match="survey-01"):
        office.add(5, volume=400.0, uncertainty=8.0, instrument="wb-01")
    assert office.stored() == []


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("volume", "uncertainty", "said"),
    [
        (1e9, 4.0, r"1e\+09 thousand m3 is no volume.*legal: 0 to 29700 .*capacity of 27000"),
        (29_701.0, 4.0, "legal: 0 to 29700"),
        (-1.0, 8.0, "legal: 0 to 29700"),
        (math.nan, 8.0, "nan thousand m3 is no volume"),
        (400.0, 0.0, "above 0, up to 10000"),
        (400.0, 10_001.0, r"above 0, up to 10000 thousand m3 \(the valid range of survey-01\)"),
    ],
)
def test_a_volume_that_the_crater_cannot_hold_is_refused(
    office: Office, volume: float, uncertainty: float, said: str, dry_run: bool
) -> None:
    with pytest.raises(SurveyRefused, match=said):
        office.add(5, volume=volume, uncertainty=uncertainty, dry_run=dry_run)
    assert office.stored() == []


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("time", "said"),
    [
        (datetime(2015, 12, 25, tzinfo=UTC), "from 2022-01-01, when the plan begins, to 2022-09"),
        (datetime(2021, 12, 31, 23, 59, tzinfo=UTC), "from 2022-01-01"),
        (NOW + timedelta(minutes=6), r"to 2022-09-01T00:00:00\+00:00, now \(up to 300 s later"),
    ],
)
def test_a_survey_is_made_between_the_plans_start_and_now(
    office: Office, time: datetime, said: str, dry_run: bool
) -> None:
    with pytest.raises(SurveyRefused, match=said):
        office.add(1, time=time, volume=400.0, uncertainty=8.0, dry_run=dry_run)
    assert office.stored() == []
    assert office.archive.all() == []


def test_a_base_may_be_made_in_the_year_before_the_plan_begins(office: Office) -> None:
    path = office.file(0)
    with pytest.raises(SurveyRefused, match="from 2020-12-31, a year before the plan begins"):
        office.add(1, time=datetime(2020, 12, 30, tzinfo=UTC), path=path, base=True)
    early = datetime(2021, 11, 1, tzinfo=UTC)
    assert office.add(1, time=early, path=path, base=True, dry_run=True).volume == 0


def test_a_rehearsal_refuses_what_storing_refuses(office: Office) -> None:
    with pytest.raises(ReadingRefused, match="author"):
        office.add(5, volume=400.0, uncertainty=8.0, author=" ", dry_run=True)


def test_a_base_says_what_lies_under_it_when_something_was_weighed(office: Office) -> None:
    path = office.file(400)
    office.weigh(3, 880_000.0)
    stream = next(iter(office.plan.streams_at(NOW).by_name.values()))
    said = f"{880 * stream.factor:.1f} thousand m3 had been weighed by 2022-05-01.*--volume"
    with pytest.raises(SurveyRefused, match=said):
        office.add(5, path=path, base=True)
    assert office.stored() == []
    # Before the first load the dump was empty.
    assert office.add(1, path=path, base=True, dry_run=True).volume == 0
    assert office.add(5, path=path, base=True, volume=400.0).volume == 400
    assert office.add(6, path=path, base=True, volume=0.0, dry_run=True).volume == 0


def test_a_base_says_what_lies_under_it_when_the_plan_or_a_survey_gives_something(
    office: Office,
) -> None:
    path = office.file(400)
    with pytest.raises(SurveyRefused, match=r"the plan places \d+\.\d thousand m3, and no load"):
        office.add(5, path=path, base=True)
    office.add(1, volume=12.0, uncertainty=8.0)
    with pytest.raises(SurveyRefused, match=r"survey before 2022-05-01 says 12\.0 thousand m3"):
        office.add(5, path=path, base=True)


def test_a_survey_that_is_flagged_is_compared_with_none(office: Office) -> None:
    first = office.add(2, volume=100.0, uncertainty=8.0)
    wild = office.add(3, volume=20_000.0, uncertainty=8.0)
    assert office.add(4, volume=200.0, uncertainty=8.0, dry_run=True).since == -19_800
    entry = FlagEntry(
        instrument="survey-01",
        quantity="surveyed_volume",
        node=None,
        start=wild.time,
        end=wild.time + timedelta(seconds=1),
        flag="rejected",
        action="set",
        author="engineer",
        reason="a slip of the keyboard",
        time=NOW,
    )
    write_flag(office.site, office.store, entry)
    after = office.add(4, volume=200.0, uncertainty=8.0)
    assert (after.since, after.since_time) == (100, first.time)
