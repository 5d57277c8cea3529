"""The command that computes a land-use work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dashboard.land_use import LandComputed

SiteOption = Annotated[
    str | None, typer.Option("--site", help="Name of a bundled site, or the path of its folder.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the run; one folder holds one run.")
]


def register(app: typer.Typer) -> None:
    """Add the command of this file to the command line."""
    app.command("land-use")(land_use)


def land_use(
    work: Annotated[
        str, typer.Argument(help="Name of the work, such as land_allotment or complex_ore.")
    ],
    variant: Annotated[
        int | None, typer.Option("--variant", help="Start from this variant of the guide.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="An input and its value, name=value.")
    ] = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compute a land-use work of the KuzSTU guide.

    Without --variant it starts from what the site has recorded; the guide's constants fill in.
    """
    import msgspec

    from dashboard.cli import _settings
    from dashboard.land_use import LandUse
    from dashboard.questions import BadQuestion, UnknownName
    from ingest.errors import ConfigurationError
    from ingest.site import load_site
    from twin.land_use import InputsRefused

    asked = LandUse(load_site(_settings(site, data_dir).site))
    inputs = dict(_change(each) for each in changes or [])
    try:
        found = asked.compute(work, inputs, variant)
    except UnknownName as error:
        legal = ", ".join(error.legal)
        raise ConfigurationError(error.thing, value=error.value, legal=legal) from error
    except BadQuestion as error:
        raise ConfigurationError("--variant", value=variant, cure=error.cure) from error
    except InputsRefused as error:
        raise ConfigurationError(str(error), cure="give it by --set name=value") from error
    typer.echo(msgspec.json.encode(found).decode() if as_json else _lines(found))


def _change(text: str) -> tuple[str, float]:
    from ingest.errors import ConfigurationError

    name, equals, value = text.partition("=")
    try:
        return name.strip(), float(value if equals else "")
    except ValueError:
        raise ConfigurationError("--set", value=text, legal="name=value, a number") from None


def _lines(found: LandComputed) -> str:
    lines = [f"{found.number}. {found.title}"]
    for each in found.results:
        value = each.figure.value
        shown = "-" if value is None else value if isinstance(value, str) else f"{value:.6g}"
        unit = "" if each.figure.unit == "1" else f" {each.figure.unit}"
        case = f" ({each.case})" if each.case else ""
        note = each.figure.reason or each.figure.validity
        said = f"; {note}" if note else ""
        lines.append(f"{each.number:>8}  {each.title}{case}: {shown}{unit}{said}")
    return "\n".join(lines)
