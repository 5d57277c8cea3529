"""The command that runs plan and twin forward under changed assumptions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.saved_variants import SavedVariant
    from dashboard.what_if import WhatIf, WhatIfAnswer, WhatIfInput

SiteOption = Annotated[
    str | None, typer.Option("--site", help="Name of a bundled site, or the path of its folder.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the run; one folder holds one run.")
]


def register(app: typer.Typer) -> None:
    """Add the command of this file to the command line."""
    app.command("what-if")(what_if)


def what_if(
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--change", help="key=value, such as rain.factor=1.2; several make one variant."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Variants in YAML: variants: [{name, changes}].")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Start from the ground at this time (ISO 8601).")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="As known at this time (ISO 8601).")
    ] = None,
    save: Annotated[
        str | None, typer.Option("--save", help="Keep the variant of --change under this name.")
    ] = None,
    author: Annotated[str, typer.Option("--author", help="Who saves or deletes it.")] = "",
    saved: Annotated[
        str | None, typer.Option("--saved", help="Run this saved variant again.")
    ] = None,
    delete: Annotated[
        str | None, typer.Option("--delete", help="Delete this saved variant.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the saved variants.")] = False,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="List what can be changed, and its legal values.")
    ] = False,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run plan and twin forward under changed assumptions, side by side with the own forecast."""
    import msgspec

    from dashboard.actor import LOCAL
    from dashboard.questions import BadQuestion, UnknownName
    from ingest.errors import ConfigurationError, PostmineError
    from twin.what_if.changes import BadChange

    def tell(found: Any, lines: str) -> None:
        typer.echo(msgspec.json.encode(found).decode() if as_json else lines)

    try:
        asked = list(_asked(changes or [], file))
        for whatif in _opened(site, data_dir):
            if listed:
                kept = whatif.saved()
                tell(kept, "\n".join(_line(each) for each in kept) or "no saved variants")
            elif delete is not None:
                gone = whatif.delete(delete, LOCAL.signs(author))
                tell(gone, f"{gone.name}: deleted by {gone.deleted_by}")
            elif saved is not None:
                again = whatif.run_again(saved)
                said = "the same numbers as when it was saved"
                if not again.same:
                    said = f"differs in {', '.join(again.differs)}: {again.note}"
                tell(again, f"{_lines(again.answer)}\n{said}")
            else:
                start = whatif.start(_time("--at", at), _time("--known-at", known_at))
                if start is None:
                    raise PostmineError("there is no state of the twin yet in this run")
                if inputs:
                    found = whatif.inputs(start)
                    tell(found, "\n".join(_input(each) for each in found.inputs))
                elif save is not None:
                    if file is not None:
                        raise BadQuestion("--save", save, "save a variant of --change")
                    kept_one = whatif.save(start, save, asked[0][1], LOCAL.signs(author))
                    tell(kept_one, _line(kept_one))
                else:
                    answer = whatif.answer(start, asked if changes or file else [])
                    tell(answer, _lines(answer))
    except BadChange as error:
        raise ConfigurationError(error.key, value=error.value, cure=error.cure) from error
    except UnknownName as error:
        raise ConfigurationError(
            error.thing, value=error.value, legal=", ".join(error.legal)
        ) from error
    except BadQuestion as error:
        raise ConfigurationError(error.parameter, value=error.value, cure=error.cure) from error


def _asked(changes: list[str], file: Path | None) -> Iterator[tuple[str, dict[str, Any]]]:
    from pydantic import Field

    from ingest.yaml_file import Configured, read_yaml
    from twin.what_if.changes import read_pairs

    class Variant(Configured):
        name: str = Field(min_length=1)
        changes: dict[str, Any]

    class Variants(Configured):
        variants: tuple[Variant, ...] = Field(min_length=1)

    if changes or file is None:
        yield "variant", dict(read_pairs(changes))
    if file is not None:
        for each in read_yaml(file, Variants).variants:
            yield each.name, each.changes


def _opened(site: str | None, data_dir: Path | None) -> Iterator[WhatIf]:
    """Yield what can be asked of a run, which is open meanwhile."""
    from dashboard.cli import _Opened
    from dashboard.queries import Queries

    with _Opened(site, data_dir, existing=True) as opened:
        run = opened.run
        yield Queries(run.site, run.store, None, run.clock, run.settings).what_if


def _time(option: str, text: str | None) -> datetime | None:
    from dashboard.api.deps import read_time
    from ingest.errors import ConfigurationError

    if text is None:
        return None
    try:
        return read_time(text)
    except ValueError as error:
        raise ConfigurationError(option, value=text, cure=str(error)) from error


def _input(found: WhatIfInput) -> str:
    """Return an input with what it is now and what may be given, both with its unit."""
    unit = "" if found.unit in ("", "1") else f" {found.unit}"
    now: object = "not set" if found.now is None else found.now
    if isinstance(found.now, bool):
        now = "on" if found.now else "off"
    elif isinstance(found.now, float):
        now = f"{found.now:g}{unit}"
    elif isinstance(found.now, tuple):
        now = ", ".join(found.now)
    return f"{found.key} ({found.title}): now {now}; legal: {found.legal}{unit}"


def _line(variant: SavedVariant) -> str:
    changes = ", ".join(f"{key}={value}" for key, value in variant.changes.items())
    return f"{variant.name}: {variant.author}, {variant.saved:%Y-%m-%d %H:%M} UTC: {changes}"


def _lines(answer: WhatIfAnswer) -> str:
    lines = [f"from the state of {answer.time:%Y-%m-%d %H:%M} UTC"]
    if answer.baseline.rests_on is not None:
        lines.append(f"rests on: {answer.baseline.rests_on}")
    names = ["as it is", *(each.name for each in answer.variants)]
    rows = [["", *names]]
    for place, measure in enumerate(answer.baseline.measures):
        cells = [str(measure.title), _shown(measure.figure)]
        for variant in answer.variants:
            other = variant.measures[place]
            cells.append(_shown(other.figure) + _change(other.difference))
        rows.append(cells)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    for variant in [answer.baseline, *answer.variants]:
        lines += [f"{variant.name}: {note}" for note in variant.notes]
        lines += [
            f"{variant.name or 'as it is'}: {measure.title}: {measure.figure.reason}"
            for measure in variant.measures
            if measure.figure.reason is not None
        ]
    return "\n".join(lines)


def _shown(figure: Any) -> str:
    def told(value: Any) -> str:
        return value if isinstance(value, str) else _number(value)

    if figure.value is None:
        return "not known"
    unit = "" if figure.unit in ("1", "date", "name") else f" {figure.unit}"
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return told(figure.value) + unit
    return f"{told(figure.value)}{unit} [{told(figure.low)} to {told(figure.high)}]"


def _change(difference: Any) -> str:
    if difference is None or not isinstance(difference.value, float) or not difference.value:
        return ""
    sign = "+" if difference.value > 0 else "-"
    size = _number(abs(difference.value))
    if difference.unit == "d":
        from dashboard.i18n import LONG_SPAN_D, YEAR_D

        size += " d"
        if abs(difference.value) >= LONG_SPAN_D:
            size += f", {abs(difference.value) / YEAR_D:.1f} years"
    return f" ({sign}{size})"


def _number(value: float) -> str:
    """Return a number with four digits, or all before the point: never with an exponent of ten."""
    if abs(value) >= 1000:
        return f"{value:.0f}"
    text = f"{value:.4g}"
    return text if "e" not in text else f"{value:.10f}".rstrip("0").rstrip(".")
