"""Where a line may be broken: at spaces, and between Japanese phrases, which have none."""

from __future__ import annotations

import re
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from budoux.parser import Parser

_JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
_SPACE_WITHIN = re.compile(r"(?<=[ぁ-んァ-ヶー一-龠]) (?=[!-~])|(?<=[!-~]) (?=[ぁ-んァ-ヶ一-龠])|(?<=\d) (?=[A-Z])")
"""A space before or after another script, or a unit: ``3 つ``, ``1 GB``.  The phrase goes on there."""
_COMPOUND = re.compile(
    r"(?<=[ァ-ヶー])(?=インターフェイス|エンドポイント|ゲートウェイ|グループ|テーブル|ポリシー|サービス|ゾーン)"
)
"""Within AWS's long nouns, which are one phrase, and wider than a column of a table."""


def breaks(text: str) -> tuple[set[int], set[int]]:
    """Where a Japanese phrase begins, and which spaces are within one; both empty for a text in another language."""
    if not _JAPANESE.search(text):
        return set(), set()
    spaces = {match.start() for match in _SPACE_WITHIN.finditer(text)}
    others = [at for at in range(len(text)) if at not in spaces]  # the model was trained on texts without them
    phrases = _japanese().parse("".join(text[at] for at in others))
    begins = {others[at] for at in accumulate(map(len, phrases[:-1]))}
    within = {at for at in spaces if at + 1 not in begins}
    begins |= {match.start() for match in _COMPOUND.finditer(text)}
    return {at for at in begins if not text[at - 1 : at + 1].isascii()}, within


def pieces(text: str) -> list[str]:
    """The words of a text, or its Japanese phrases, each with the space after it: a line may end with any of them."""
    begins, within = breaks(text)
    begins |= {match.end() for match in re.finditer(" +", text) if match.start() not in within}
    return [text[start:end] for start, end in pairwise(sorted({0, *begins, len(text)}))]


@cache
def _japanese() -> Parser:
    from budoux import load_default_japanese_parser  # slow to import

    return load_default_japanese_parser()
