"""The pages in Russian: what stands there in Latin letters is a name, a unit or a printed title."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plotly.io.json as plotly_json
import pytest

from dashboard.page import pages
from dashboard.view import View

#: One name or title a line; what stands in a page beside them must be Russian.
ALLOWED = [
    line
    for line in (Path(__file__).parent / "latin_names.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
_ALLOWED = re.compile(
    "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(ALLOWED, key=len, reverse=True))
)
_INSIDE = re.compile(
    r"<[^>]*>"  # marks of a drawing's text
    r"|%\{[^}]*\}"  # places of a drawing's text
    r"|\b\d{4}-\d\d-\d\dT\S*"  # times in UTC
    r"|\b[a-z]{2,7}(-\w+)*-\d+\b"  # instruments
    r"|\b\w+\.(?:yaml|csv|ndjson|gz|md)\b"
    r"|\btier_\w+"  # names in files, as a visitor types them
    r"|mqtt://\S+|/\S+/\S+"
)
#: Properties of a part of a page that people read or hear.
_READ = ("children", "title", "label", "description", "placeholder", "aria-label")

PLACES = [
    *((page.path, "") for page in pages()),
    *(("/land", f"&work={work}") for work in ("soil_damage", "territory", "cutoff_grade")),
    *(("/land", f"&work={work}") for work in ("losses_dilution", "complex_ore")),
    *(("/water", f"&part={part}") for part in ("levels", "chemistry", "balance")),
    *(("/instruments", f"&instrument={name}") for name in ("ipi-02", "ws-03", "wb-01", "rain-01")),
    *(("/settlement", f"&point=sp-650-0{number}") for number in (1, 5)),
    ("/slopes", "&slope=overall.overall"),
    ("/slopes", "&slope=tier_680.face"),
]


def read(node: Any) -> Iterator[str]:
    """Yield what people read of a drawn page."""
    if isinstance(node, list):
        for each in node:
            yield from read(each)
    elif isinstance(node, dict) and "props" in node:
        yield from read_part(node["props"])


def read_part(props: dict[str, Any]) -> Iterator[str]:
    """Yield what people read of a part of a page and of what lies in it."""
    yield from (props[key] for key in _READ if isinstance(props.get(key), str))
    for each in props.get("children") if isinstance(props.get("children"), list) else []:
        if isinstance(each, str):
            yield each
    yield from read(props.get("children"))
    how = json.loads(props.get("data-how", "{}"))
    yield from (text for line in how.get("lines", []) for text in line)
    yield from (each["label"] for each in props.get("options", []))
    yield from (each["headerName"] for each in props.get("columnDefs", []))
    yield from props.get("dashGridOptions", {}).get("localeText", {}).values()
    for row in props.get("rowData", []):  # one word alone is a name, or the state of a cell
        texts = {name: each for name, each in row.items() if isinstance(each, str)}
        yield from (each for name, each in texts.items() if name != "key" and " " in each)
    yield from drawn_words(props.get("figure", {}))


def drawn_words(figure: dict[str, Any]) -> Iterator[str]:
    """Yield what people read of a drawing."""
    for trace in figure.get("data", []):
        for key in ("name", "text", "hovertemplate", "customdata"):
            yield from strings(trace.get(key))
    layout = figure.get("layout", {})
    for key, each in layout.items():
        if key == "annotations":
            yield from (note["text"] for note in each)
        elif isinstance(each, dict):
            yield from strings(each.get("title", {}).get("text"))
            yield from strings(each.get("ticktext"))


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from strings(each)


def latin(text: str) -> list[str]:
    """Return the words of a text that are in Latin letters and have no leave to be."""
    bare = _ALLOWED.sub(" ", _INSIDE.sub(" ", html.unescape(text)))
    return re.findall(r"[A-Za-z][A-Za-z'’-]{2,}", bare)


@pytest.mark.parametrize(("path", "search"), PLACES, ids=lambda each: each or "-")
@pytest.mark.parametrize("run", ["full", "without_plan"])
def test_a_page_in_russian_has_no_english_words(
    path: str, search: str, run: str, request: pytest.FixtureRequest
) -> None:
    page = next(page for page in pages() if page.path == path)
    view = View(request.getfixturevalue(run), path, f"?lang=ru{search}")
    drawn = json.loads(plotly_json.to_json_plotly(page.layout(view)))
    texts = [*read(drawn), view.text(page.title), view.text(page.question)]
    assert {text: words for text in texts if (words := latin(text))} == {}


def test_an_english_sentence_would_be_found() -> None:
    assert latin("проектное допущение; design assumption") == ["design", "assumption"]
    assert latin("<b>CUSUM</b> %{y:.1f}") == []
    assert list(read({"props": {"children": ["Slope"], "id": "x"}})) == ["Slope"]
    assert list(drawn_words({"layout": {"xaxis": {"title": {"text": "Depth"}}}})) == ["Depth"]
