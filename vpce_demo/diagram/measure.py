"""An upper bound for the width of text, so that the drawing fits whatever font the reader has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from ..lessons.phrases import pieces

MONO_EM = 0.605
"""Em per character in the widest of the usual fixed fonts (DejaVu Sans Mono, Menlo)."""
BOLD = 1.12
"""Of bold characters to plain ones, except those that are one em wide in any font."""
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
    bolder = BOLD if bold and not mono else 1.0
    ems = (1.0 if _is_wide(c) else (MONO_EM if mono else _EM.get(c, 1.0)) * bolder for c in text)
    return sum(ems) * size


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def lines(text: str, room: float, size: float) -> list[str]:
    """Wrap a sentence into as few lines as possible, of about equal length."""
    words = _pieces(text, lambda line: width(line, size) <= room)

    def within(room: float) -> list[str]:
        return _filled(words, lambda line: width(line, size) <= room)

    fewest = best = within(room)
    while len(best) == len(fewest) and room > size:
        fewest, room = best, room - size
        best = within(room)
    return fewest


def wrapped(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Wrap a text into lines that fit, each as long as it can be; what cannot be broken is whole all the same."""
    return _filled(_pieces(text, fits), fits)


def _pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The words or phrases of a text; a phrase that does not fit, in its words."""
    found = pieces(" ".join(text.split()))
    return [part for one in found for part in ([one] if fits(one.rstrip()) else re.findall(r"\S+ ?", one))]


def _filled(pieces: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
    done: list[str] = []
    for piece in pieces:
        if done and fits((done[-1] + piece).rstrip()):
            done[-1] += piece
        else:
            done.append(piece)
    return [line.rstrip() for line in done]


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
