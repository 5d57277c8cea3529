"""Find every text that people read: what the catalogues must translate.

`python -m dashboard.texts` brings the catalogues up to date: new texts are added without a
translation (a test fails until somebody writes it), and texts that are gone are taken out.
"""

from __future__ import annotations

import ast
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from dashboard.i18n import DOMAIN, LANGUAGES, LOCALES_FOLDER

ROOT = Path(__file__).parents[1]
#: Floors whose texts reach the page; what the API's documentation shows as examples does not.
FLOORS = ("ingest", "twin", "analytics", "dashboard")
_NOT_FOR_PEOPLE = ("dashboard/api/",)


def texts() -> dict[str, set[str]]:
    """Return every text with the files that hold it.

    A text is the first argument of `Text(...)` or of `view.t(...)`, and always a literal. (Babel's
    own extraction does not see into f-strings.)
    """
    found: dict[str, set[str]] = {}
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(_NOT_FOR_PEOPLE):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = _text(node)
                if text:
                    found.setdefault(text, set()).add(name)
    return found


def _text(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not node.args:
        return None
    marked = (isinstance(node.func, ast.Name) and node.func.id == "Text") or (
        isinstance(node.func, ast.Attribute) and node.func.attr == "t"
    )
    first = node.args[0]
    if marked and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return None


def update(language: str) -> int:
    """Bring the catalogue of a language up to date and return how many texts wait in it."""
    path = LOCALES_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    known = Catalog(locale=language, domain=DOMAIN)
    if path.is_file():
        with path.open("rb") as file:
            known = read_po(file, locale=language, domain=DOMAIN)
    fresh = Catalog(locale=language, domain=DOMAIN)
    for text, files in sorted(texts().items()):
        before = known.get(text)
        places = [(name, 0) for name in sorted(files)]
        fresh.add(text, before.string if before else "", locations=places)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=100, omit_header=True, include_lineno=False)
    return sum(1 for message in fresh if message.id and not message.string)


def main() -> None:
    """Update every catalogue but that of the language in which the texts are written."""
    for language in list(LANGUAGES)[1:]:
        waiting = update(language)
        print(f"{language}: {waiting} texts without a translation")  # noqa: T201


if __name__ == "__main__":
    main()
