"""The colours of the drawings, light and dark, as CSS: one accent, and red for broken."""

from __future__ import annotations

from string import Template
from typing import Literal

Theme = Literal["light", "dark", "auto"]

SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif'
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace'

LIGHT = {
    "ground": "#ffffff",
    "panel": "#f4f6fa",
    "inset": "#ffffff",
    "card": "#ffffff",
    "ink": "#18212f",
    "muted": "#586577",
    "line": "#8d9aac",
    "faint": "#c6cfdb",
    "accent": "#1d5fd1",
    "soft": "#e4edfc",
    "onaccent": "#ffffff",
    "red": "#c3202f",
    "softred": "#fdecec",
}
DARK = {
    "ground": "#0e141d",
    "panel": "#151d29",
    "inset": "#111823",
    "card": "#1b2533",
    "ink": "#e7ecf3",
    "muted": "#9ba8b9",
    "line": "#66758a",
    "faint": "#333f50",
    "accent": "#7aa9ff",
    "soft": "#1d2d4c",
    "onaccent": "#0e141d",
    "red": "#ff8079",
    "softred": "#3a1d22",
}


def css(rules: str, theme: Theme) -> str:
    """Replace ``$ink`` and the like in rules by the colours of a theme; ``auto`` follows the reader's own.

    It uses no custom properties: not every program that shows SVG supports them.
    """
    template = Template(rules)
    if theme != "auto":
        return template.substitute(DARK if theme == "dark" else LIGHT)
    coloured = Template("\n".join(line for line in rules.splitlines() if "$" in line))
    dark = coloured.substitute(DARK)
    return f"{template.substitute(LIGHT)}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"
