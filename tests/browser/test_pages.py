"""What a visitor sees: every page, both languages, narrow and wide, with nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboard import i18n
from dashboard.page import Page, pages
from ingest.clock import to_ns
from ingest.store import Row
from tests.browser.conftest import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE_MS = 120_000  # a machine with two busy cores takes its time
by_path = pytest.mark.parametrize("page", pages(), ids=lambda page: page.path)

#: Every drawing has been drawn, and every table has its rows or says that it has none.
_DRAWN = """
() => [...document.querySelectorAll('.dash-graph')].every(
        (each) => each.querySelector('.main-svg') || !each.offsetParent)
    && [...document.querySelectorAll('.pm-grid')].every(
        (each) => each.querySelector('.ag-row, .ag-overlay-no-rows-center'))
"""


#: Of what holds the focus: its tag when nothing shows that it does or nothing names it, else "";
#: null when nothing holds it any more.
_UNSEEN = """
() => {
    const on = document.activeElement;
    if (!on || on === document.body) return null;
    const look = getComputedStyle(on);
    const ring = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0;
    const named = on.getAttribute('aria-label') || on.textContent || on.title
        || on.labels?.[0]?.textContent || on.closest('.ag-root, .ag-header');
    return (ring || look.boxShadow !== 'none' || on.closest('.ag-cell')) && named ? ''
        : on.outerHTML.slice(0, 200);
}
"""


class Visit:
    """One browser tab that remembers what went wrong in it."""

    language: i18n.Language = "en"

    def __init__(self, context, url: str) -> None:
        self.tab = context.new_page()
        self.tab.set_default_timeout(PATIENCE_MS)
        self.url, self.foreign, self.errors = url, [], []
        self.tab.on("request", lambda request: self._saw(request.url))
        self.tab.on(
            "console", lambda line: self.errors.append(line.text) if line.type == "error" else None
        )
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))

    def _saw(self, address: str) -> None:
        if not address.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:")):
            self.foreign.append(address)

    def show(self, page: Page, language: str, search: str = "") -> None:
        self.tab.goto(f"{self.url}{page.path}?lang={language}{search}")
        title = i18n.translate(page.title, language)
        self.tab.wait_for_function(
            "title => document.querySelector('h1')?.textContent === title", arg=title
        )
        self.tab.wait_for_function(_DRAWN)


@pytest.fixture(
    params=[(380, "light", "ru"), (1280, "dark", "en")], ids=["380 light ru", "1280 dark en"]
)
def visit(request: pytest.FixtureRequest, browser, served: Served) -> Iterator[Visit]:
    width, scheme, language = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    visit = Visit(context, served.url)
    visit.language = language
    yield visit
    context.close()


@pytest.fixture
def wide(browser, served: Served) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context, served.url)
    context.close()


@by_path
def test_a_page_shows_its_heading_and_numbers_and_fits(page: Page, visit: Visit) -> None:
    language = visit.language
    visit.show(page, language)
    text = visit.tab.inner_text("main")
    assert i18n.translate(page.question, language) in text
    assert re.search(r"\d", text)
    assert visit.tab.evaluate("document.documentElement.lang") == language
    spare = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visit.tab.evaluate(spare) <= 0
    assert visit.foreign == []
    assert visit.errors == []


def test_a_new_state_reaches_an_open_page_over_the_feed(wide: Visit, served: Served) -> None:
    visit, run = wide, served.run
    health = next(page for page in pages() if page.path == "/data-health")
    visit.show(health, "en")
    before = run.store.health().rows
    time = to_ns(run.end - timedelta(minutes=1))
    run.store.append(
        [Row("barometer", "baro-01", 0, time, time, None, {"atmospheric_pressure": 91})]
    )
    visit.tab.wait_for_function(
        "rows => document.querySelector('#health-figures').innerText.includes(rows)",
        arg=f"{before + 1:,}",
    )
    assert visit.errors == []


def test_the_first_tick_sends_nothing_that_stands_on_the_page(wide: Visit) -> None:
    settlement = next(page for page in pages() if page.path == "/settlement")

    def is_tick(response) -> bool:
        asked = response.request.post_data or ""
        return "settlement-curve.figure" in asked and '"changedPropIds":["tick.data"]' in asked

    with wide.tab.expect_response(is_tick) as found:
        wide.show(settlement, "en")
    assert found.value.json().get("response", {}) == {}
    assert wide.errors == []


@pytest.mark.parametrize("path", ["/", "/instruments", "/risk", "/land", "/data-health"])
def test_the_keyboard_walks_through_a_page_and_always_shows_where_it_is(
    wide: Visit, path: str
) -> None:
    wide.show(next(page for page in pages() if page.path == path), "en")
    wide.tab.keyboard.press("Tab")
    assert wide.tab.evaluate("document.activeElement.id") == "skip"
    steps = wide.tab.evaluate("document.querySelectorAll('a, button, input, [tabindex]').length")
    for _ in range(steps + 400):  # grids have an end of their own before and behind
        wide.tab.keyboard.press("Tab")
        unseen = wide.tab.evaluate(_UNSEEN)
        if unseen is None:
            return  # behind the last one
        assert unseen == ""
    pytest.fail("the keyboard does not come out at the end of the page")


def test_a_choice_is_dark_on_a_dark_page(browser, served: Served) -> None:
    context = browser.new_context(color_scheme="dark")
    visit = Visit(context, served.url)
    visit.show(next(page for page in pages() if page.path == "/risk"), "en")
    ground = visit.tab.evaluate(
        "getComputedStyle(document.querySelector('#risk-alarm')).backgroundColor"
    )
    assert max(int(each) for each in re.findall(r"\d+", ground)[:3]) < 80
    context.close()


def test_a_number_says_how_it_came_about_to_a_keyboard_too(wide: Visit) -> None:
    wide.show(pages()[0], "en")
    wide.tab.focus("#overview-figures .pm-how-icon")
    wide.tab.keyboard.press("Enter")
    text = wide.tab.inner_text("#pm-dialog")
    assert "Source" in text
    assert "UTC" in text
    wide.tab.keyboard.press("Escape")
    assert not wide.tab.is_visible("#pm-dialog")


def test_the_language_changes_without_leaving_the_page(wide: Visit) -> None:
    water = next(page for page in pages() if page.path == "/water")
    wide.show(water, "en")
    wide.tab.click("text=RU")
    wide.tab.wait_for_selector("h1:text-is('Вода')")
    assert "lang=ru" in wide.tab.url
    assert wide.tab.url.split("?")[0].endswith("/water")


def test_the_choice_of_a_row_is_in_the_address(wide: Visit) -> None:
    instruments = next(page for page in pages() if page.path == "/instruments")
    wide.show(instruments, "en")
    wide.tab.click("#instruments-grid [row-id='pz-650-03'] [col-id='type']")
    wide.tab.wait_for_url("**/instruments?*instrument=pz-650-03*")
    wide.tab.wait_for_selector("text=About pz-650-03")
    assert wide.errors == []


def test_the_navigation_opens_on_a_narrow_screen(browser, served: Served) -> None:
    context = browser.new_context(viewport={"width": 380, "height": 800})
    visit = Visit(context, served.url)
    visit.show(pages()[0], "en")
    visit.tab.click("#menu")
    visit.tab.click("#navigation >> text=Backfill")
    visit.tab.wait_for_selector("h1:text-is('Backfill')")
    context.close()


def test_an_alarm_is_acknowledged_on_the_page(wide: Visit, served: Served) -> None:
    waiting = [each for each in served.run.journal.open_alarms() if each.acknowledged is None]
    risk = next(page for page in pages() if page.path == "/risk")
    wide.show(risk, "en")
    wide.tab.click("#risk-send")
    wide.tab.wait_for_selector("text=Give your name")
    wide.tab.fill("#risk-author", "shift engineer")
    wide.tab.fill("#risk-note", "walked the slope")
    wide.tab.click("#risk-send")
    wide.tab.wait_for_selector("text=Acknowledged and kept")
    left = [each for each in served.run.journal.open_alarms() if each.acknowledged is None]
    assert len(left) == len(waiting) - 1
