"""The command that computes the stability of a section."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from twin.slopes.analysis import SlopeAnswer


def register(app: typer.Typer) -> None:
    """Add the command of this file to the command line."""
    app.command("slope")(slope)


def slope(
    file: Annotated[
        Path, typer.Argument(help="A section in YAML: surface_m, layers, water, method.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compute the factor of safety of a section: of a circle, or of the one with the least.

    Exit code 1 when there is none; the reason is printed.
    """
    import msgspec

    from ingest.errors import ConfigurationError
    from ingest.yaml_file import read_yaml
    from twin.slopes.analysis import SlopeQuestion, analyse
    from twin.slopes.section import BadSection

    try:
        found = analyse(read_yaml(file, SlopeQuestion))
    except BadSection as error:
        raise ConfigurationError(f"key {error.key}", cure=str(error.text), file=file) from error
    typer.echo(msgspec.json.encode(found).decode() if as_json else _lines(found))
    if found.factor_of_safety is None:
        raise typer.Exit(1)


def _lines(found: SlopeAnswer) -> str:
    lines = []
    if found.factor_of_safety is None:
        lines.append(f"{found.method}: no factor of safety: {found.reason}")
    else:
        lines.append(f"{found.method}: factor of safety {found.factor_of_safety:.3f}")
    for each in found.factors:
        if each.method != found.method:
            said = f"{each.value:.3f}" if each.value is not None else str(each.reason)
            lines.append(f"  {each.method}: {said}")
    if found.circle is not None:
        circle = found.circle
        lines.append(
            f"  circle about ({circle.x_m:.2f}, {circle.level_m:.2f}) m, radius"
            f" {circle.radius_m:.2f} m, from x = {circle.start_m:.2f} to {circle.end_m:.2f} m"
            + (f"; the least of {found.tried} circles" if found.searched else "")
        )
    if found.lifted:
        lines.append(f"  water lifts {found.lifted} slices: their strength counts as nothing")
    lines.append(f"  water: {found.water}; slices: {len(found.slices)} (see --json)")
    return "\n".join(lines)
