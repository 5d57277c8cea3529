"""Commands for flags that engineers set and lift, and for history after a new calibration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from datetime import datetime

SiteOption = Annotated[
    str | None, typer.Option("--site", help="Name of a bundled site, or the path of its folder.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the run; one folder holds one run.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
InstrumentArgument = Annotated[str, typer.Argument(help="Name of the instrument.")]
QuantityArgument = Annotated[str, typer.Argument(help="Name of the quantity.")]
FlagArgument = Annotated[str, typer.Argument(help="The flag, such as rejected or spike.")]
AuthorOption = Annotated[str, typer.Option("--author", help="Who says so.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]
FromOption = Annotated[
    str | None, typer.Option("--from", help="First time of the readings, with its zone.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="The time before which.")]
NodeOption = Annotated[int | None, typer.Option("--node", help="Index of one node alone.")]

flag_app = typer.Typer(help="Flags on stored values, by an engineer's word.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    app.add_typer(flag_app, name="flag")
    app.command("recalculate")(recalculate)


@flag_app.command("set")
def set_flag(
    instrument: InstrumentArgument,
    quantity: QuantityArgument,
    flag: FlagArgument,
    author: AuthorOption,
    reason: ReasonOption,
    start: FromOption = None,
    end: ToOption = None,
    node: NodeOption = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Set a flag on a stretch of readings; the values stay."""
    _write(instrument, quantity, flag, "set", author, reason, start, end, node, site, data_dir)


@flag_app.command("lift")
def lift_flag(
    instrument: InstrumentArgument,
    quantity: QuantityArgument,
    flag: FlagArgument,
    author: AuthorOption,
    reason: ReasonOption,
    start: FromOption = None,
    end: ToOption = None,
    node: NodeOption = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Lift a flag from a stretch of readings; no rule sets it there again."""
    _write(instrument, quantity, flag, "lift", author, reason, start, end, node, site, data_dir)


@flag_app.command("list")
def list_flags(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most entries.")] = 50,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who has set and lifted which flags, newest first."""
    import msgspec

    from dashboard.cli import _Opened
    from ingest.clock import iso

    with _Opened(site, data_dir, existing=True) as opened:
        found = opened.run.store.flag_journal(limit=limit)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for each in found:
        start = iso(each.start) if each.start else "..."
        end = iso(each.end) if each.end else "..."
        typer.echo(
            f"{iso(each.time)} {each.action} {each.flag} on {each.instrument} {each.quantity}"
            f" {start} to {end}, {each.author}: {each.reason}"
        )


def recalculate(
    again: Annotated[
        bool, typer.Option("--all", help="Also instruments for which nothing has changed.")
    ] = False,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the history to the calibrations and rules of quality of today.

    `postmine ingest` does it when it starts. What is replaced is kept as superseded.
    """
    from dashboard.cli import _Opened

    with _Opened(site, data_dir, existing=True) as opened:
        run = opened.run
        done = [each._asdict() for each in run.store.recalculate(run.clock.now(), again=again)]
    if as_json:
        typer.echo(json.dumps(done))
        return
    for each in done:
        typer.echo(
            f"{each['instrument']}: {each['changed']} rows changed of {each['moments']} moments"
        )
    if not done:
        typer.echo("nothing to do: calibrations and rules have not changed")


def _write(
    instrument: str,
    quantity: str,
    flag: str,
    action: Literal["set", "lift"],
    author: str,
    reason: str,
    start: str | None,
    end: str | None,
    node: int | None,
    site: str | None,
    data_dir: Path | None,
) -> None:
    from dashboard.cli import _Opened
    from ingest.flagging import write_flag
    from ingest.store.ground import FlagEntry

    first, last = _time("--from", start), _time("--to", end)
    with _Opened(site, data_dir, existing=True) as opened:
        run = opened.run
        entry = FlagEntry(
            instrument=instrument,
            quantity=quantity,
            node=node,
            start=first,
            end=last,
            flag=flag,
            action=action,
            author=author,
            reason=reason,
            time=run.clock.now(),
        )
        kept = write_flag(run.site, run.store, entry)
    typer.echo(f"{kept.id}: {action} {flag} on {instrument} {quantity}, {author}: {reason}")


def _time(option: str, text: str | None) -> datetime | None:
    from dashboard.api.deps import read_time
    from ingest.errors import ConfigurationError

    if text is None:
        return None
    try:
        return read_time(text)
    except ValueError as error:
        raise ConfigurationError(option, value=text, cure=str(error)) from error
