"""Debian's Chromium for tests of pages, and scripts that find what a reader could not use."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"


def screenshots() -> Path:
    """The folder of the screenshots, which pytest's cache keeps."""
    folder = Path(__file__).parents[1] / ".pytest_cache" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def launched(*flags: str) -> Iterator[Browser]:
    """A browser, with these flags too; the test is skipped without one."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no {CHROMIUM}; `apt-get install chromium` brings it")
    # Chromium makes a socket in the temporary folder, and a socket's path may have 107 characters.
    with tempfile.TemporaryDirectory(dir="/tmp") as short, ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", short)
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags])
        stack.callback(browser.close)
        yield browser


WIDER = """[...document.querySelectorAll('.frame')].filter(frame => frame.scrollWidth > frame.clientWidth)
    .map(frame => frame.ariaLabel ?? frame.getAttribute('aria-labelledby'))"""
"""Tables that scroll sideways."""

FOCUSED = """[[...document.querySelectorAll('*')].indexOf(document.activeElement),
    getComputedStyle(document.activeElement).outlineStyle]"""
"""The element that has the focus, and its outline."""

FAINT = """(() => {
    const channels = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = channels(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const element = text.parentElement, style = getComputedStyle(element);
        if (!text.data.trim() || ['STYLE', 'title', 'desc'].includes(element.tagName)) continue;
        const inChart = element.closest('svg') !== null;
        const [a, b] = [light(channels(inChart ? style.fill : style.color)), light(behind(element))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
        if (contrast < (size >= 24 || bold && size >= 18.66 ? 3 : 4.5)) {
            faint.push(`${text.data.trim()}: ${contrast.toFixed(2)}`);
        }
    }
    return faint;
})()"""
"""Texts whose contrast with what is behind them is less than that of WCAG's level AA."""
