"""Commands about who may speak and what was not understood: keys and dead letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from analytics.keys import AccessKey, Keys

SiteOption = Annotated[
    str | None, typer.Option("--site", help="Name of a bundled site, or the path of its folder.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the run; one folder holds one run.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
NameArgument = Annotated[str, typer.Argument(help="Of the person or program that holds the key.")]

key_app = typer.Typer(help="Keys of the page and the API.", no_args_is_help=True)
letters_app = typer.Typer(help="Messages that could not be understood.", no_args_is_help=True)


@letters_app.command("retry")
def dead_letters_retry(
    ids: Annotated[
        list[int] | None,
        typer.Option("--id", min=1, help="Its number; again for more. Default: all that wait."),
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", help="Who asks; default: the user of this machine.")
    ] = None,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try dead letters again after a fix of the site's files; exit code 1 when one is still wrong.

    What is understood is stored and marked as resolved; nothing newer is replaced.
    """
    import getpass

    from ingest.retry import retry_run
    from ingest.run import open_run
    from ingest.settings import load_settings

    settings = load_settings(site=site, data_dir=data_dir)
    run = open_run(settings, existing=True)
    try:
        done = retry_run(
            settings, settings.site, run.clock, author=author or getpass.getuser(), ids=ids or ()
        )
    finally:
        run.close()
    if as_json:
        wrong = [each._asdict() for each in done.still_wrong]
        typer.echo(
            json.dumps({**done._asdict(), "still_wrong": wrong}, ensure_ascii=False, indent=2)
        )
    else:
        for each in done.still_wrong:
            typer.echo(f"{each.id}: {each.reason}")
        typer.echo(
            f"{len(done.resolved)} dead letters resolved, {done.stored} rows stored,"
            f" {len(done.still_wrong)} still wrong"
        )
    if done.still_wrong:
        raise typer.Exit(1)


@key_app.command("add")
def key_add(
    name: NameArgument,
    role: Annotated[
        str, typer.Option("--role", help="viewer, operator, engineer or admin.")
    ] = "viewer",
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show its secret, this once; from the first key on everybody must show one."""
    from analytics.keys import Keys
    from ingest.clock import WallClock
    from ingest.settings import load_settings

    keys = Keys(load_settings(site=site, data_dir=data_dir).journal_url)
    try:
        key, secret = keys.add(name, role, WallClock().now())
    finally:
        keys.close()
    if as_json:
        typer.echo(json.dumps({**_shown(key), "secret": secret}, ensure_ascii=False, indent=2))
        return
    typer.echo(f"key {key.name} ({key.role}); it is not shown again:")
    typer.echo(secret)


@key_app.command("list")
def key_list(
    site: SiteOption = None, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> None:
    """List every key that was ever made, without its secret."""
    keys = _known_keys(site, data_dir)
    try:
        found = [_shown(key) for key in keys.all()]
    finally:
        keys.close()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for each in found:
        ended = f", revoked {each['revoked']}" if each["revoked"] else ""
        typer.echo(f"{each['name']}: {each['role']}, made {each['created']}{ended}")
    if not found:
        typer.echo("no key was ever made")


@key_app.command("revoke")
def key_revoke(
    name: NameArgument,
    site: SiteOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key and the sessions that were opened with it, at once and for good."""
    from ingest.clock import WallClock

    keys = _known_keys(site, data_dir)
    try:
        key = keys.revoke(name, WallClock().now())
    finally:
        keys.close()
    shown = _shown(key)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"key {key.name}: revoked {shown['revoked']}")


def _known_keys(site: str | None, data_dir: Path | None) -> Keys:
    """Return the keys of a journal that is there; keys may be made before the run begins."""
    from analytics.keys import Keys
    from ingest.run import check_run
    from ingest.settings import load_settings

    settings = load_settings(site=site, data_dir=data_dir)
    journal = settings.data_dir / "journal.sqlite"
    if not settings.database_url.get_secret_value() and not journal.exists():
        check_run(settings.data_dir)
    return Keys(settings.journal_url)


def _shown(key: AccessKey) -> dict[str, object]:
    from ingest.clock import iso

    return {
        "name": key.name,
        "role": key.role,
        "created": iso(key.created),
        "revoked": iso(key.revoked) if key.revoked else None,
    }
