"""What the tests in a browser share, whatever the page: Chromium's options, a page, a port, where a word stands."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SLOW_MS = 90_000
_MIDDLE = """(root, word) => {
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    const at = node.data.indexOf(word)
    if (at < 0) continue
    const range = document.createRange()
    range.setStart(node, at)
    range.setEnd(node, at + word.length)
    const box = range.getBoundingClientRect()
    return [box.x + box.width / 2, box.y + box.height / 2]
  }
  throw new Error(word + ' is not in it')
}"""


@contextlib.contextmanager
def page_of(browser: Browser, last: Path) -> Iterator[Page]:
    """A page; what it showed at the end is kept in `last`."""
    page = browser.new_page(viewport={"width": 1200, "height": 700})
    page.set_default_timeout(SLOW_MS)
    try:
        yield page
    finally:
        page.screenshot(path=str(last))
        page.close()


def middle_of(word: str, element: Locator) -> tuple[float, float]:
    """Where the word's first occurrence in the element is on the page."""
    return tuple(element.evaluate(_MIDDLE, word))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
