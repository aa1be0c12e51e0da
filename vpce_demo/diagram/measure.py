"""An upper bound for the width of text, so that the drawing fits whatever font the reader has."""

from __future__ import annotations

import unicodedata

MONO_EM = 0.605
"""Em per character in the widest of the usual fixed fonts (DejaVu Sans Mono, Menlo)."""
BOLD = 1.12
_EMS = {
    0.30: "'IJijl",
    0.35: " ,./:;\\|",
    0.40: "()-[]ft",
    0.45: "!r",
    0.50: '"*_`',
    0.55: "?csz",
    0.60: "FLkvxy",
    0.65: "$0123456789EPSTYabdeghnopqu{}",
    0.70: "ABCKRVXZ",
    0.75: "NU",
    0.80: "&DGHOQ",
    0.85: "#+<=>^w~",
    0.90: "M",
    0.95: "%",
    1.00: "@Wm",
}
"""Characters by their width in em in DejaVu Sans, the widest of the usual fonts, rounded up."""
_EM = {character: em for em, group in _EMS.items() for character in group}


def width(text: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """The most that a line of text takes, in the unit of ``size``."""
    ems = (1.0 if _is_wide(c) else MONO_EM if mono else _EM.get(c, 1.0) for c in text)
    return sum(ems) * size * (BOLD if bold and not mono else 1.0)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def lines(text: str, room: float, size: float) -> list[str]:
    """Wrap a sentence into as few lines as possible, of about equal length."""
    fewest = best = _wrapped(text, room, size)
    while len(best) == len(fewest) and room > size:
        fewest, room = best, room - size
        best = _wrapped(text, room, size)
    return fewest


def _wrapped(text: str, room: float, size: float) -> list[str]:
    done: list[str] = []
    for word in text.split():
        if done and width(f"{done[-1]} {word}", size) <= room:
            done[-1] += f" {word}"
        else:
            done.append(word)
    return done


def id_lines(id: str, most: int) -> list[str]:
    """Wrap an id into lines of so many letters without losing one: after a ``/`` or a ``.`` if there is one."""
    done = []
    while len(id) > most:
        cut = max(id.rfind("/", 0, most), id.rfind(".", 0, most)) + 1 or most
        done.append(id[:cut])
        id = id[cut:]
    return [*done, id]


def letters(room: float, size: float) -> int:
    """How many letters of a fixed font fit."""
    return max(1, int(room / (MONO_EM * size)))
