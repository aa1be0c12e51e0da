"""Make the pictures under ``docs/images`` from a demo in the sandbox.

``make pictures`` runs it.  Nothing in the pictures is made up or retouched; ids and times are those of that run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize

from vpce_demo.lessons import LANGUAGES

from .browser import HOW_TO_INSTALL, installed, launched

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MOST_BYTES = 400_000
PAGE: ViewportSize = {"width": 1200, "height": 4000}


def main() -> None:
    """Make all pictures."""
    program = installed()
    if program is None:
        sys.exit(HOW_TO_INSTALL)
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, launched(program) as browser:
        directory = Path(name)
        try:
            vpce_demo(directory, "up")
            for lang in LANGUAGES:
                for theme in ("auto", "light", "dark"):
                    drawn = f"{lang}-{theme}.svg"
                    vpce_demo(directory, "diagram", "--lang", lang, "--theme", theme, "--to", drawn)
            vpce_demo(directory, "down")
            vpce_demo(directory, "report", "--lang", "en", "--to", "report.html")
        finally:
            vpce_demo(directory, "sandbox", "stop")
        write("diagram.svg", (directory / "en-auto.svg").read_bytes())
        write("diagram-light.png", shot(browser, directory / "en-light.svg", 1.5))
        write("diagram-dark.png", shot(browser, directory / "en-dark.svg", 1.5))
        for theme in ("light", "dark"):
            write(f"diagram-ja-{theme}.svg", (directory / f"ja-{theme}.svg").read_bytes())
        report = directory / "report.html"
        write("report.png", shot(browser, report, 1, "body", "#test"))
        write("report-timing.png", shot(browser, report, 1, "#timing", "#timing .scroll"))


def vpce_demo(directory: Path, *words: str) -> None:
    """One command on a demo in a sandbox of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "vpce_demo", "--sandbox", "--state-dir", str(directory / "state"), *words],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def environment() -> dict[str, str]:
    """The environment: this code, and none of the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VPCE_DEMO_"))}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUTF8": "1"}


def shot(browser: Browser, file: Path, scale: float, first: str = "svg", last: str = "svg") -> bytes:
    """A part of a page as a PNG, from the top of one element to the bottom of another."""
    page = browser.new_page(viewport=PAGE, device_scale_factor=scale)
    try:
        page.goto(file.as_uri())
        top, bottom = page.locator(first).first.bounding_box(), page.locator(last).first.bounding_box()
        assert top is not None
        assert bottom is not None
        tall = bottom["y"] + bottom["height"] - top["y"]
        return page.screenshot(clip={"x": 0, "y": top["y"], "width": PAGE["width"], "height": tall})
    finally:
        page.close()


def write(name: str, content: bytes) -> None:
    """Save a picture.  Fails if it is too large for a repository."""
    assert len(content) <= MOST_BYTES, f"{name} has {len(content)} bytes"
    (IMAGES / name).write_bytes(content)
    print(f"docs/images/{name}: {len(content) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
