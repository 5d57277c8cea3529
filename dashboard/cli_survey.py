"""Commands for surveys of the fill."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from dashboard.cli_data import DataDirOption, JsonOption, SiteOption
from ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from analytics.surveys import KeptSurvey
    from ingest.site import Site

survey_app = typer.Typer(help="Surveys of the fill.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    app.add_typer(survey_app, name="survey")


@survey_app.command("add")
def add(
    when: Annotated[
        str, typer.Option("--date", help="When it was made: a day (noon at the site), or a time.")
    ],
    author: Annotated[str, typer.Option("--author", help="Who has made it.")],
    file: Annotated[Path | None, typer.Argument(help="Points, ASCII grid or GeoTIFF.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="xyz, ascii_grid, geotiff, or volume (no file); default: by the name."
        ),
    ] = None,
    volume: Annotated[
        float | None,
        typer.Option(
            "--volume",
            help="Stated volume in the dump since the plan began; with --base: what lies under it"
            r" \[thousand m3].",
        ),
    ] = None,
    uncertainty: Annotated[
        float | None,
        typer.Option("--uncertainty", help=r"Standard uncertainty of the volume \[thousand m3]."),
    ] = None,
    base: Annotated[
        bool, typer.Option("--base", help="Measure later surfaces from this one.")
    ] = False,
    unchanged_outside: Annotated[
        bool,
        typer.Option(
            "--unchanged-outside", help="Where there are no points the surface before holds."
        ),
    ] = False,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Default: the site's only one.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What else was seen.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be stored and store nothing.")
    ] = False,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a survey: a surface, of which the volume is computed, or a stated volume."""
    import msgspec

    from analytics.hand_readings import HandReadings
    from analytics.surveys import SurveyArchive, add_survey
    from dashboard.cli import _Opened
    from twin.plan import load_plan

    if (kind == "volume") != (file is None):
        raise ConfigurationError(
            "postmine survey add", legal="FILE, or --kind volume --volume V --uncertainty U"
        )
    with _Opened(site, data_dir) as opened:
        run = opened.run
        moment = survey_time(run.site, when)
        with contextlib.closing(HandReadings(run.settings.journal_url)) as journal:
            kept = add_survey(
                run.site,
                load_plan(run.site),
                run.store,
                journal,
                SurveyArchive(run.settings.data_dir),
                run.clock,
                time=moment,
                author=author,
                path=file,
                kind=None if file is None else kind,
                volume=volume,
                uncertainty=uncertainty,
                base=base,
                unchanged_outside=unchanged_outside,
                instrument=instrument,
                note=note,
                dry_run=dry_run,
            )
    if as_json:
        typer.echo(msgspec.json.encode(kept).decode())
    else:
        typer.echo(_line(kept) + (" (dry run: nothing is stored)" if dry_run else ""))


@survey_app.command("list")
def list_surveys(
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the surveys that were added, newest first."""
    import msgspec

    from analytics.surveys import SurveyArchive
    from dashboard.cli import _Opened

    with _Opened(site, data_dir, existing=True) as opened:
        found = SurveyArchive(opened.run.settings.data_dir).all()[::-1]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    for each in found:
        typer.echo(_line(each))


def survey_time(site: Site, text: str) -> datetime:
    """Return the moment that a day (noon at the site) or a time with its zone says.

    Raises
    ------
    ConfigurationError
        When it says neither.
    """
    from ingest.import_map import read_time

    try:
        return datetime.combine(date.fromisoformat(text), time(12), ZoneInfo(site.time_zone))
    except ValueError:
        pass
    try:
        return read_time(text, None)
    except ValueError as error:
        raise ConfigurationError(
            "--date", value=text, legal="2026-05-01, or ISO 8601 with its zone"
        ) from error


def _line(kept: KeptSurvey) -> str:
    parts = [
        f"{kept.time.isoformat()} {kept.instrument}: {kept.volume:.1f} thousand m3,"
        f" standard uncertainty {kept.uncertainty:.1f}"
    ]
    if kept.base:
        parts.append("base of later surfaces")
    if kept.covered is not None:
        parts.append(f"covers {kept.covered:.1%} of the crater")
    if kept.since is not None and kept.since_time is not None:
        parts.append(f"{kept.since:+.1f} since {kept.since_time.date().isoformat()}")
    parts.append(f"by {kept.author}")
    return "; ".join(parts)
