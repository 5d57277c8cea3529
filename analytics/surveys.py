"""Surveys of the fill: from a file or a stated volume to readings, with author and surface kept.

A survey becomes two readings of an instrument of type `survey` (volume in the dump, its standard
uncertainty), so that quality, corrections, export and `known_at` hold for it as for every reading.
The surface stands beside them in the run's folder; nothing there is ever changed or taken out.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from analytics.hand_readings import HandReadings, ReadByHand, add_by_hand, checked_by_hand
from analytics.survey_limits import check_empty, check_time, check_volume, untrusted_times
from ingest.clock import Clock
from ingest.errors import ConfigurationError
from ingest.import_map import Column
from ingest.site import Site
from ingest.store import Store
from ingest.survey_files import SurveyRefused, read_survey
from twin.crater import Outline, polygon_area
from twin.plan import Plan, SurveyRules
from twin.reconciliation import UNCERTAINTY, VOLUME
from twin.surveyed_surface import SurveyedSurface, difference, surface_of

#: How far a surveyed level may lie outside of the plan's tiers before it is no level [m].
OUT_OF_PLACE = 100.0


class KeptSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """One survey as it was added.

    Parameters
    ----------
    volume, uncertainty
        In the dump since the plan began, and its standard uncertainty [thousand m3].
    base
        Whether later surfaces are measured from this one.
    covered
        Share of the crater's area that the surface covers [1]; None for a stated volume.
    since, since_time
        Volume since the survey before [thousand m3], and when that was; None: there was none.
    surface
        Name of the kept surface, empty for a stated volume.
    """

    instrument: str
    time: datetime
    received: datetime
    author: str
    note: str
    kind: str
    file: str
    sha256: str
    volume: float
    uncertainty: float
    base: bool = False
    covered: float | None = None
    since: float | None = None
    since_time: datetime | None = None
    surface: str = ""


class SurveyArchive:
    """The kept surveys of a run: a JSON and, for a surface, an NPZ each, in one folder.

    Parameters
    ----------
    data_dir
        Folder of the run.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "surveys"

    def all(
        self, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> list[KeptSurvey]:
        """Return the surveys by time, of a moment the last added one alone.

        Parameters
        ----------
        at, known_at
            Made up to `at`, added up to `known_at`.
        """
        found: dict[tuple[str, datetime], KeptSurvey] = {}
        surveys = [
            msgspec.json.decode(path.read_bytes(), type=KeptSurvey)
            for path in sorted(self.folder.glob("*.json"))
        ]
        for each in sorted(surveys, key=lambda one: (one.received, one.surface)):
            if (at is None or each.time <= at) and (known_at is None or each.received <= known_at):
                found[each.instrument, each.time] = each
        return sorted(found.values(), key=lambda one: one.time)

    def surface(self, survey: KeptSurvey) -> SurveyedSurface:
        """Return the surface of a survey that has one."""
        with np.load(self.folder / survey.surface) as kept:
            return SurveyedSurface(kept["x"], kept["y"], kept["z"], float(kept["spacing"]))

    def keep(self, survey: KeptSurvey, surface: SurveyedSurface | None) -> None:
        """Keep a survey; the same one again changes nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.stem(survey)
        if surface is not None:
            path = self.folder / f"{stem}.npz"
            if not path.exists():
                part = path.with_suffix(".part.npz")
                np.savez_compressed(
                    part, x=surface.x, y=surface.y, z=surface.z, spacing=surface.spacing
                )
                part.replace(path)
        described = self.folder / f"{stem}.json"
        if not described.exists():
            part = described.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(survey))
            part.replace(described)

    @staticmethod
    def stem(survey: KeptSurvey) -> str:
        """Return the name of a survey's files, by its time and content."""
        content = f"{survey.sha256}|{survey.volume}|{survey.uncertainty}|{survey.base}"
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        return f"{survey.instrument}-{survey.time:%Y%m%dT%H%M%S}-{digest}"


def survey_instrument(site: Site, name: str | None = None) -> str:
    """Return the instrument that surveys are readings of.

    Raises
    ------
    ConfigurationError
        When the site has none, or several and none is named.
    """
    legal = [each.name for each in site.with_quantity(VOLUME)]
    if name in legal:
        return name
    if name is None and len(legal) == 1:
        return legal[0]
    raise ConfigurationError(
        "instrument", value=name, legal=", ".join(legal) or f"one that measures {VOLUME}"
    )


def add_survey(
    site: Site,
    plan: Plan | None,
    store: Store,
    journal: HandReadings,
    archive: SurveyArchive,
    clock: Clock,
    *,
    time: datetime,
    author: str,
    path: Path | None = None,
    kind: str | None = None,
    volume: float | None = None,
    uncertainty: float | None = None,
    base: bool = False,
    unchanged_outside: bool = False,
    instrument: str | None = None,
    note: str = "",
    dry_run: bool = False,
) -> KeptSurvey:
    """Add a survey and return what became of it; adding it again changes nothing.

    Parameters
    ----------
    time
        When it was made (aware).
    path, kind
        A file with a surface; None: `volume` is stated.
    volume, uncertainty
        Volume in the dump since the plan began and its standard uncertainty [thousand m3]; of a
        base surface how much lay there then.
    base
        The surface from which later ones are measured.
    unchanged_outside
        Where the file has no points the surface before still holds.

    Raises
    ------
    ConfigurationError
        When the site has no plan, no rules of surveys, or no instrument for them.
    SurveyRefused
        When the file, the volume or the time is no survey of this site's fill, or a base does
        not say what lies under it.
    ReadingRefused
        When the author is refused.
    """
    name = survey_instrument(site, instrument)
    if plan is None or plan.file.surveys is None:
        raise ConfigurationError("surveys in plan.yaml", cure="the block is missing")
    check_time(site, plan, clock, time, base=base)
    check_volume(site, plan, name, volume, uncertainty, stated=True)
    wrong = untrusted_times(site, store, name, time)
    before = [
        each
        for each in archive.all()
        if each.instrument == name and each.time < time and each.time not in wrong
    ]
    last = before[-1] if before else None
    surface: SurveyedSurface | None = None
    covered: float | None = None
    if path is None:
        if volume is None or uncertainty is None:
            raise SurveyRefused("without a file, give the volume and its standard uncertainty")
        if base:
            raise SurveyRefused("a base is a surface: give its file")
        kind, digest = "volume", ""
    else:
        surface = _read(path, kind, site, plan, plan.file.surveys)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kind = kind or path.suffix.lstrip(".").lower()
        if volume is not None and not base:
            raise SurveyRefused("of a surface the volume is computed; give it for a base alone")
        if base and volume is None:
            level = surface_uncertainty(site, plan.file.surveys)
            surveyed = last.volume if last else None
            check_empty(site, plan, store, clock, time, surveyed=surveyed, level=level)
        surface, volume, uncertainty, covered = _measured(
            surface,
            archive,
            before,
            site,
            plan.file.surveys,
            base=volume or 0.0 if base else None,
            uncertainty=uncertainty,
            unchanged_outside=unchanged_outside,
        )
        check_volume(site, plan, name, volume, uncertainty, stated=False)
    survey = KeptSurvey(
        instrument=name,
        time=time,
        received=clock.now(),
        author=author.strip(),
        note=note.strip(),
        kind=kind,
        file=path.name if path else "",
        sha256=digest,
        volume=volume,
        uncertainty=uncertainty,
        base=base,
        covered=covered,
        since=volume - last.volume if last else None,
        since_time=last.time if last else None,
    )
    if surface is not None:
        survey = msgspec.structs.replace(survey, surface=f"{archive.stem(survey)}.npz")
    readings: list[ReadByHand] = [
        {
            "column": Column(instrument=name, quantity=quantity),
            "value": value,
            "time": time,
            "author": author,
            "note": note or survey.file,
        }
        for quantity, value in ((VOLUME, volume), (UNCERTAINTY, uncertainty))
    ]
    for reading in readings:
        checked_by_hand(site, clock, **reading)
    if dry_run:
        return survey
    for reading in readings:
        add_by_hand(site, store, journal, clock, **reading)
    archive.keep(survey, surface)
    return survey


def _read(
    path: Path, kind: str | None, site: Site, plan: Plan, rules: SurveyRules
) -> SurveyedSurface:
    surface = surface_of(read_survey(path, kind), rules.grid, crater_outline(site), rules.cell_m)
    levels = [tier.base_m for tier in plan.tiers.values()] + [
        tier.crest_m for tier in plan.tiers.values()
    ]
    low, high = float(surface.z.min()), float(surface.z.max())
    if low < min(levels) - OUT_OF_PLACE or high > max(levels) + OUT_OF_PLACE:
        raise SurveyRefused(
            f"levels from {low:.0f} to {high:.0f} m, but the tiers lie from {min(levels):.0f} to"
            f" {max(levels):.0f} m: another datum, another unit, or an empty cell that is not"
            " marked as such"
        )
    return surface


def _measured(
    surface: SurveyedSurface,
    archive: SurveyArchive,
    before: list[KeptSurvey],
    site: Site,
    rules: SurveyRules,
    *,
    base: float | None,
    uncertainty: float | None,
    unchanged_outside: bool,
) -> tuple[SurveyedSurface, float, float, float]:
    """Return surface, volume, standard uncertainty [thousand m3], and share of area covered."""
    outline = crater_outline(site)
    reference = next((each for each in reversed(before) if each.base), None)
    if base is None and reference is None:
        raise SurveyRefused(
            "there is no earlier surface to measure from: add this one with --base, and with"
            " --volume when something lay in the dump already"
        )
    under = surface
    if base is None:
        assert reference is not None
        under = archive.surface(reference)
        earlier = [each for each in before if each.surface and each.time >= reference.time]
        if unchanged_outside:
            before_it = archive.surface(earlier[-1])
            surface = surface.completed(before_it, outline, rules.cell_m)
    found = difference(surface, under, outline, rules.cell_m)
    if found.covered < rules.covered_share:
        raise SurveyRefused(
            f"the surface covers {found.covered:.0%} of the crater, needed are"
            f" {rules.covered_share:.0%}; with --unchanged-outside the surface before holds where"
            " there are no points"
        )
    level = surface_uncertainty(site, rules)
    if base is not None:
        return surface, base, uncertainty or level, found.covered
    assert reference is not None
    volume = reference.volume + found.volume / 1000
    gap = (1 - found.covered) * abs(found.volume) / 1000
    spread = math.hypot(level, reference.uncertainty, found.numerical / 1000, gap)
    return surface, volume, uncertainty or spread, found.covered


def surface_uncertainty(site: Site, rules: SurveyRules) -> float:
    """Return the standard uncertainty of the volume under a surface [thousand m3].

    The level of a surface as a whole is uncertain: so much over all the area.
    """
    return rules.vertical_uncertainty_m * polygon_area(crater_outline(site)) / 1000


def crater_outline(site: Site) -> Outline:
    """Return the outline over which surveys are integrated.

    Raises
    ------
    ConfigurationError
        When the site has none.
    """
    for zone in site.zones.values():
        if zone.kind == "backfill" and len(zone.outline) >= 3:
            return zone.outline
    raise ConfigurationError("zones in site.yaml", legal="one of kind backfill with an outline")
