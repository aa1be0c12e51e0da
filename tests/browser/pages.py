"""A page in the browser, which may load nothing; and what a person would see at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Route

OVERLAPS = """
() => {
  const seen = [...document.querySelectorAll('text')].map(t => ({t, b: t.getBoundingClientRect()}));
  const bad = [];
  for (let i = 0; i < seen.length; i++) for (let j = i + 1; j < seen.length; j++) {
    const a = seen[i].b, b = seen[j].b;
    // Lines of text stand close: what counts is the part of a line's height that letters fill.
    const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top), least = Math.min(a.height, b.height);
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 && tall > 0.3 * least)
      bad.push(seen[i].t.textContent + ' | ' + seen[j].t.textContent);
  }
  return bad;
}
"""
OUTSIDE = """
() => {
  const bad = [], whole = document.querySelector('svg').getBoundingClientRect();
  const within = (b, box, pad) =>
    b.left >= box.left + pad && b.right <= box.right - pad && b.top >= box.top && b.bottom <= box.bottom;
  for (const t of document.querySelectorAll('text')) {
    const b = t.getBoundingClientRect(), group = t.closest('g.part, g.area');
    if (!within(b, whole, 0)) bad.push('out of the drawing: ' + t.textContent);
    if (group && !within(b, group.querySelector(':scope > rect').getBoundingClientRect(), 4))
      bad.push('out of its box: ' + t.textContent);
  }
  return bad;
}
"""
CROSSED = """
() => {
  const bad = [];
  const texts = [...document.querySelectorAll('text:not(.number)')].map(t => ({t, b: t.getBoundingClientRect()}));
  for (const line of document.querySelectorAll('path.way, path.thin, path.head')) {
    const length = line.getTotalLength(), to = line.getScreenCTM();
    for (let at = 0; at <= length; at += 2) {
      const p = line.getPointAtLength(at).matrixTransform(to);
      const hit = texts.find(x => p.x > x.b.left && p.x < x.b.right && p.y > x.b.top + 2 && p.y < x.b.bottom - 2);
      if (hit) { bad.push(hit.t.textContent); break; }
    }
  }
  return bad;
}
"""


@contextmanager
def opened(
    browser: Browser, file: Path, text: str, *, width: int = 1280, scheme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """This text as a file in the browser.  Fails if it asks for anything else, or if the console complains."""
    file.write_text(text, encoding="utf-8")
    asked: list[str] = []
    said: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.continue_() if route.request.url == file.as_uri() else route.abort()

    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    try:
        page = context.new_page()
        page.route("**/*", answer)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        yield page
        assert [url for url in asked if url != file.as_uri()] == []
        assert said == []
    finally:
        context.close()


def ask(page: Page, script: str) -> list[Any]:
    answer = page.evaluate(script)
    assert isinstance(answer, list)
    return answer


def rgb(colour: str) -> str:
    """A colour as a browser says it."""
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))
