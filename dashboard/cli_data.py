"""Commands for readings that come as files or by hand, and for taking them out."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from ingest.import_map import Column
    from ingest.importer import FileReport

SiteOption = Annotated[
    str | None, typer.Option("--site", help="Name of a bundled site, or the path of its folder.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the run; one folder holds one run.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
MapOption = Annotated[
    Path | None,
    typer.Option("--map", help="YAML map of the files; default: by the site's imports."),
]

reading_app = typer.Typer(help="Readings that people make.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    app.command("import")(import_files)
    app.command("export")(export)
    app.add_typer(reading_app, name="reading")


def import_files(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to import: CSV, Campbell TOA5, AGS4.")
    ] = None,
    map_file: MapOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and store nothing.")
    ] = False,
    watch: Annotated[
        Path | None,
        typer.Option("--watch", help="Import what is put into this folder, until Ctrl-C."),
    ] = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import files of readings; importing one again changes nothing.

    Exit code 1 when anything was refused. With --watch each file is moved to done/ or refused/.
    """
    from dashboard.cli import _Opened, _stop_event
    from ingest.import_map import load_map

    if bool(files) == (watch is not None) or (watch is not None and dry_run):
        raise ConfigurationError("postmine import", legal="FILE... [--dry-run], or --watch DIR")
    with _Opened(site, data_dir) as opened:
        run = opened.run
        import_map = None if map_file is None else load_map(map_file, run.site)
        if watch is not None:
            from ingest.inbox import Inbox
            from ingest.service_loop import run_steps

            inbox = Inbox(run, watch, import_map)
            run_steps(
                inbox.step,
                _stop_event(),
                opened.heartbeat("import"),
                poll_s=2.0,
                detail=inbox.detail,
            )
            return
        from rich.console import Console
        from rich.progress import Progress

        from ingest.importer import import_file

        reports = []
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for path in files or []:
                size = path.stat().st_size if path.is_file() else 0
                task = progress.add_task(path.name, total=2 * size)
                reports.append(
                    import_file(
                        run,
                        path,
                        import_map,
                        dry_run=dry_run,
                        progress=lambda position, task=task: progress.update(  # type: ignore[misc]
                            task, completed=position
                        ),
                    )
                )
    if as_json:
        made = {
            "dry_run": dry_run,
            "ok": all(report.ok for report in reports),
            "files": [report.to_dict() for report in reports],
        }
        typer.echo(json.dumps(made, ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _tell(report)
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _tell(report: FileReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from ingest.inbox import reasons

    title = f"{report.file}{' (dry run: nothing is stored)' if report.dry_run else ''}"
    if report.problem is None:
        table = Table(
            "instrument",
            "stored",
            "corrected",
            "duplicates",
            "refused",
            title=title,
            title_style="",
        )
        for name, count in report.instruments.items():
            numbers = (count.stored, count.corrected, count.duplicates, count.refused)
            table.add_row(name or "(unknown)", *map(str, numbers))
        Console(soft_wrap=True).print(table)
    else:
        typer.echo(title)
    for line in reasons(report)[:20]:
        typer.echo(f"  {line}")
    if report.refused > 20:
        typer.echo(f"  and {report.refused - 20} more; --json names the first thousand")


def export(
    out: Annotated[Path, typer.Option("--out", help="The file; a file that is there is replaced.")],
    instrument: Annotated[
        list[str] | None,
        typer.Option("--instrument", help="Its name; again for more; default all."),
    ] = None,
    quantity: Annotated[
        list[str] | None, typer.Option("--quantity", help="Its name; again for more; default all.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="First time, with its zone.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The time before which.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="Up to this time.")] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="As it was known at this time.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="csv, parquet or ags4.")] = "csv",
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export readings with units, flags and both times."""
    from dashboard.cli import _Opened
    from ingest.export import FORMATS, Selection, write_export

    if form not in FORMATS:
        raise ConfigurationError("--format", value=form, legal=", ".join(FORMATS))
    with _Opened(site, data_dir, existing=True) as opened:
        selection = Selection.of(
            opened.run.site,
            instruments=instrument,
            quantities=quantity,
            start=_time("--from", start),
            end=_time("--to", end),
            at=_time("--at", at),
            known_at=_time("--known-at", known_at),
        )
        count = write_export(opened.run.store, selection, form, out, now=opened.run.clock.now())
    made = {"file": str(out), "format": form, "rows": count}
    typer.echo(json.dumps(made) if as_json else f"{out}: {count} rows")


@reading_app.command("add")
def add_reading(
    instrument: Annotated[str, typer.Argument(help="Name of the instrument.")],
    quantity: Annotated[str, typer.Argument(help="Name of the quantity.")],
    value: Annotated[float, typer.Argument(help="What was read.")],
    time: Annotated[str, typer.Option("--time", help="When, with its zone.")],
    author: Annotated[str, typer.Option("--author", help="Who has read it.")],
    note: Annotated[str, typer.Option("--note", help="What else was seen.")] = "",
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit",
            help="Default: the instrument type's on the wire. Legal: what converts to it, such as"
            " kPa, bar, mbar, psi, mH2O of a pressure, m, cm, mm, ft, in of a length, mg/L, ug/L,"
            " L/s, m**3/h, degC, degF, uS/cm, mS/cm, t, kg.",
        ),
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", help=r"Depth \[m] or name of the node.")
    ] = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store a reading that somebody made, with its author; doing it again changes nothing."""
    import msgspec

    from analytics.hand_readings import HandReadings, add_by_hand
    from dashboard.cli import _Opened
    from ingest.import_map import Column

    moment = _time("--time", time)
    assert moment is not None
    with _Opened(site, data_dir) as opened:
        run = opened.run
        label: str | float | None = node
        known = run.site.instruments.get(instrument)
        if known is not None and node is not None and run.site.type_of(instrument).nodes == "depth":
            try:
                label = float(node)
            except ValueError:
                legal = ", ".join(map(str, known.nodes))
                raise ConfigurationError("--node", value=node, legal=legal) from None
        with contextlib.closing(HandReadings(run.settings.journal_url)) as journal:
            kept = add_by_hand(
                run.site,
                run.store,
                journal,
                run.clock,
                column=_column(instrument, quantity, label, unit, Column),
                value=value,
                time=moment,
                author=author,
                note=note,
            )
    if as_json:
        typer.echo(msgspec.json.encode(kept).decode())
    else:
        typer.echo(
            f"{kept.instrument} {kept.quantity} {kept.value:g} {kept.unit} at"
            f" {kept.time.isoformat()}, by {kept.author}"
        )


@reading_app.command("list")
def list_readings(
    instrument: Annotated[str | None, typer.Option("--instrument", help="Its name.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 100,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the readings that people made, last measured first."""
    import msgspec

    from analytics.hand_readings import HandReadings
    from dashboard.cli import _Opened

    with (
        _Opened(site, data_dir, existing=True) as opened,
        contextlib.closing(HandReadings(opened.run.settings.journal_url)) as journal,
    ):
        found = journal.last(opened.run.site.name, instrument, limit=limit)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    for each in found:
        note = f": {each.note}" if each.note else ""
        typer.echo(
            f"{each.time.isoformat()} {each.instrument} {each.quantity} {each.value:g} {each.unit},"
            f" {each.author}{note}"
        )


def _column(
    instrument: str,
    quantity: str,
    node: float | str | None,
    unit: str | None,
    model: type[Column],
) -> Column:
    from pydantic import ValidationError

    try:
        return model(instrument=instrument, quantity=quantity, node=node, unit=unit)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise ConfigurationError(name, value=first["input"], legal="a name of site.yaml") from error


def _time(option: str, text: str | None) -> datetime | None:
    from ingest.import_map import read_time

    if text is None:
        return None
    try:
        return read_time(text, None)
    except ValueError as error:
        raise ConfigurationError(
            option, value=text, legal="ISO 8601 with its zone, such as 2026-03-01T00:00:00Z"
        ) from error
