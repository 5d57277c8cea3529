"""What the page costs a visitor: bytes on the wire, requests, time to first paint in Chromium.

Each round is a first visit with an empty cache, and then a second one that may use it.
"""

from __future__ import annotations

import shutil
import sys
from urllib.parse import urlsplit

from _demo import running_demo
from _measure import Result, arguments, median_of, show
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

KB = 1000
#: How long the page may load after it was painted before its bytes are counted [ms].
SETTLE_MS = 3000

#: Milliseconds from the start of the navigation.
TIMES = """() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const [visit] = performance.getEntriesByType('navigation');
  return {paint: paint ? paint.startTime : null, loaded: visit.loadEventEnd,
          answered: visit.responseStart};
}"""


def main() -> None:
    """Start a demo, or visit a running one, and print what its first page costs."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--url", help="address of a demo that runs already")
    parser.add_argument("--after", type=float, default=20, help="play so long before [s]")
    given = parser.parse_args()
    if given.url is None:
        with running_demo(given.after) as demo:
            results = measure(demo.address, given.repeats)
    else:
        results = measure(given.url, given.repeats)
    show(results, as_json=given.json)


def measure(address: str, repeats: int) -> list[Result]:
    """Return the cost of a first and of a second visit."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    first: list[dict[str, float]] = []
    second: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        for _ in range(repeats):
            with _fresh(browser) as context:
                first.append(visit(context, address))
                second.append(visit(context, address))
        browser.close()
    results = []
    for name, rounds in (("first visit", first), ("second visit", second)):
        for what, unit in (
            ("bytes on the wire", "kB"),
            ("requests", ""),
            ("requests to other machines", ""),
            ("first answer", "ms"),
            ("first contentful paint", "ms"),
            ("loaded", "ms"),
        ):
            runs = [found[what] for found in rounds]
            target = "0" if what == "requests to other machines" else ""
            results.append(median_of(f"{name}, {what}", runs, unit, target=target))
    return results


def visit(context: BrowserContext, address: str) -> dict[str, float]:
    """Open the page in a new tab and return what it cost."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    counted = _count(session, page, urlsplit(address).netloc)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    times = page.evaluate(TIMES)
    if times["paint"] is None:
        sys.exit(f"{address} painted nothing")
    page.close()
    return {
        "bytes on the wire": counted["bytes"] / KB,
        "requests": counted["requests"],
        "requests to other machines": counted["foreign"],
        "first answer": times["answered"],
        "first contentful paint": times["paint"],
        "loaded": times["loaded"],
    }


def _count(session: CDPSession, page: Page, host: str) -> dict[str, int]:
    """Return counters that follow the page's traffic: compressed bytes with headers, requests."""
    counted = {"bytes": 0, "requests": 0, "foreign": 0}

    def finished(event: dict[str, float]) -> None:
        counted["bytes"] += int(event["encodedDataLength"])

    def requested(request: object) -> None:
        parts = urlsplit(request.url)  # type: ignore[attr-defined]
        if parts.scheme in ("http", "https", "ws", "wss"):
            counted["requests"] += 1
            counted["foreign"] += parts.netloc != host

    session.send("Network.enable")
    session.on("Network.loadingFinished", finished)
    page.on("request", requested)
    return counted


def _fresh(browser: Browser) -> BrowserContext:
    """Return a browser without cache or cookies, as wide as a desk's screen."""
    return browser.new_context(viewport={"width": 1280, "height": 800})


if __name__ == "__main__":
    main()
