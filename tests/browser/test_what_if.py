"""A variant from the form to its end: made, seen beside the base, saved, reloaded, deleted."""

from __future__ import annotations

import re

import pytest

from dashboard import i18n
from dashboard.page import pages
from tests.browser.conftest import Served
from tests.browser.test_pages import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
(PAGE,) = [page for page in pages() if page.path == "/what-if"]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ru", 380)])
def test_a_variant_is_made_seen_saved_reloaded_and_deleted(
    browser, served: Served, language: i18n.Language, width: int
) -> None:
    def t(text: str, **values: object) -> str:
        return i18n.translate(text, language).format(**values)

    context = browser.new_context(viewport={"width": width, "height": 900})
    visit = Visit(context, served.url)
    tab, name = visit.tab, f"Lower water {language}"
    visit.show(PAGE, language)
    sides = tab.get_by_role("table", name=t("Variants side by side"))
    assert sides.locator("thead th").count() == 2

    tab.get_by_label(re.compile(f"^{re.escape(t('Water table lowered by'))}")).fill("2")
    tab.keyboard.press("Enter")
    tab.wait_for_url(re.compile(r"drainage\.lowered_m=2"))
    mine = sides.get_by_role("columnheader", name=t("This variant"))
    mine.wait_for()
    assert t("As it is") in sides.locator("thead").inner_text()

    tab.get_by_label(t("Name of the variant")).fill(name)
    tab.get_by_label(t("Author")).fill("Tester")
    tab.get_by_role("button", name=t("Save this variant")).click()
    tab.get_by_text(t("Saved, with your name.")).wait_for()
    kept = tab.get_by_role("table", name=t("Saved variants")).locator("tr", has_text=name)
    kept.get_by_text("Tester").wait_for()

    visit.show(PAGE, language)  # a new visit, with nothing changed
    kept.get_by_role("link", name=t("Lay beside")).click()
    sides.get_by_role("columnheader", name=name).wait_for()
    kept.get_by_role("link", name=t("Load")).click()
    tab.wait_for_url(re.compile(r"drainage\.lowered_m=2"))
    mine.wait_for()

    # The name of who deletes is still there: the browser keeps it.
    assert tab.get_by_label(t("Author")).input_value() == "Tester"
    button = kept.get_by_role("button", name=t("Delete “{name}”", name=name))
    assert not button.is_visible()
    kept.locator("summary").focus()
    tab.keyboard.press("Enter")
    button.click()
    tab.get_by_text(t("“{name}” is deleted.", name=name)).wait_for()
    kept.wait_for(state="detached")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.errors == []
    assert visit.foreign == []
    context.close()
