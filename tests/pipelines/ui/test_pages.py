"""The pages in a browser: on a desktop, a phone and paper, light and dark, with the keyboard."""

import re
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser

from pipelines.ui.pages import PAGES, Page
from tests.browser import FAINT, FOCUSED, WIDER, launched, screenshots

pytestmark = pytest.mark.proof

SIZES = ((1280, 900), (390, 844))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with launched() as browser:
        yield browser


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.template)
def test_a_page_in_a_browser(pages: httpx.Client, chromium: Browser, page: Page) -> None:
    """No console message, no foreign request, no scrolling sideways, readable text, each link by keyboard."""
    address = str(pages.base_url.join(page.path))
    for width, height in SIZES:
        for scheme in SCHEMES:
            with chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme) as shown:
                told: list[str] = []
                shown.on("console", lambda message, told=told: told.append(message.text))
                shown.on("pageerror", lambda error, told=told: told.append(str(error)))
                shown.on("request", lambda request, told=told: told.append(request.url))
                shown.goto(address)
                shown.screenshot(
                    path=screenshots() / f"ui-{page.template}-{width}-{scheme}.png", full_page=True
                )

                assert {address, str(pages.base_url.join("/style.css"))} == {
                    line for line in told if not line.startswith("data:")
                }
                assert width == shown.evaluate("document.documentElement.scrollWidth")
                assert [] == shown.evaluate(WIDER)
                assert [] == shown.evaluate(FAINT)
                dark = shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 22, 26)"
                assert (scheme == "dark") == dark
                if scheme == "dark":
                    continue
                stops = shown.locator("a, .frame").count()
                reached = []
                for _ in range(stops):
                    shown.keyboard.press("Tab")
                    reached.append(shown.evaluate(FOCUSED))
                assert stops == len({place for place, _ in reached}) >= len(PAGES)
                assert all(outline != "none" for _, outline in reached)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.template)
def test_a_page_on_paper(pages: httpx.Client, chromium: Browser, page: Page) -> None:
    """A page is printed on a few sheets, without its navigation."""
    with chromium.new_page() as shown:
        shown.goto(str(pages.base_url.join(page.path)))
        shown.emulate_media(media="print")
        printed = shown.pdf(path=screenshots() / f"ui-{page.template}.pdf", prefer_css_page_size=True)

        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4
        assert not shown.locator("nav").is_visible()
