"""What is registered is documented, and what the documents point at exists."""

import re
import sys
from pathlib import Path

import pytest
import typer

from ingest.registry import module_names
from ingest.settings import Settings
from ingest.site import INSTRUMENT_TYPES, SITES
from simulators.scenario import SCENARIOS

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import make_reference  # noqa: E402  (a script beside the document that it writes)

REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_reference_is_fresh() -> None:
    fresh = make_reference.reference() == REFERENCE
    assert fresh, "docs/reference.md is out of date: run `make docs`"


@pytest.mark.parametrize(
    "name",
    [
        *(path.parent.name for path in SITES.glob("*/site.yaml")),
        *(path.stem for path in INSTRUMENT_TYPES.glob("*.yaml")),
        *(path.stem for path in SCENARIOS.glob("*.yaml")),
        *(name for _, package, _ in make_reference.FAMILIES for name in module_names(package)),
        *(f"POSTMINE_{name.upper()}" for name in Settings.model_fields),
    ],
)
def test_what_is_registered_is_documented(name: str) -> None:
    rows = re.findall(rf"^\| `{name}` \|(.*)\|$", REFERENCE, re.MULTILINE)
    assert rows, f"docs/reference.md has no row for {name}"
    said = [row for row in rows if re.search(r"\w{3}", row)]
    assert said, f"nothing is said of {name}: give it a docstring"


def test_every_route_is_documented(tmp_path: Path) -> None:
    """The served OpenAPI document, and not the files that the reference is made from, decides."""
    from analytics.journal import Journal
    from dashboard.app import create_app
    from ingest.clock import WallClock
    from ingest.site import load_site
    from ingest.store.embedded import EmbeddedStore

    site = load_site("brabant")
    store = EmbeddedStore(tmp_path / "readings.sqlite", site)
    journal = Journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    app = create_app(site, store, journal, WallClock(), Settings())
    paths = app.openapi()["paths"]
    store.close()
    assert paths
    for path, methods in paths.items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in REFERENCE


def test_every_command_and_option_is_documented() -> None:
    from dashboard.cli import app

    found = make_reference.commands(typer.main.get_command(app))
    assert {"demo", "run", "ingest", "forward", "twin", "risk", "serve"} <= {
        words[0] for words, _ in found
    }
    for words, command in found:
        assert command.help, f"postmine {' '.join(words)} has no docstring"
        assert re.search(rf"^\| `postmine {' '.join(words)}[ `]", REFERENCE, re.MULTILINE)


def test_the_glossary_says_what_each_word_means() -> None:
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\*\*(.+?)\*\* \((.+?)\): (.+)\n_Avoid_: (.+)$", text, re.MULTILINE)
    assert len(entries) == text.count("\n_Avoid_: ") == text.count("\n**")
    for term, russian, meaning, _ in entries:
        assert re.search("[а-я]", russian), f"{term} has no Russian term"
        assert meaning.endswith((".", "`"))


def test_the_examples_of_the_message_are_understood() -> None:
    from ingest.message import decode_messages, decode_status

    text = (ROOT / "docs/message.md").read_text(encoding="utf-8")
    examples = [block.encode() for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    statuses = [example for example in examples if b'"state"' in example]
    assert len(statuses) == 1
    assert decode_status(statuses[0]).state == "online"
    for example in set(examples) - set(statuses):
        good, wrong = decode_messages(example)
        assert good
        assert not wrong
        assert all(message.time.tzinfo for message in good)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"", text):
        link = "".join(target).partition("#")[0]
        if link and not link.startswith(("http://", "https://")):
            assert (document.parent / link).exists(), f"{document.name} points at {link}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_the_documents_exist(document: Path) -> None:
    from dashboard.cli import app

    known = {words[0] for words, _ in make_reference.commands(typer.main.get_command(app))}
    targets = set(
        re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    code = re.findall(
        r"```(?:sh|console)?\n(.*?)```|`([^`\n]+)`", document.read_text("utf-8"), re.S
    )
    for block in code:
        for line in "".join(block).splitlines():
            if typed := re.match(r"\s*(?:\.venv/bin/)?postmine ([a-z][a-z-]+)\b", line):
                assert typed[1] in known
            if typed := re.match(r"\s*make ([a-z]+)\b", line):
                assert typed[1] in targets
