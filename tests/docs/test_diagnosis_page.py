"""The page of causes holds the table of causes, row by row."""

from __future__ import annotations

from pathlib import Path

from vpce_demo.exercises.ways import CAUSES, WAYS
from vpce_demo.verify.diagnosis.table import Rule

PAGE = Path(__file__).parents[2] / "docs" / "diagnosis.md"


def row(number: int, rule: Rule) -> str:
    """A rule as a line of the page."""
    seen = "; or ".join(symptom.value for symptom in rule.symptoms)
    ways = ", ".join(f"`{rule.key}:{way}`" for way in WAYS.get(rule.key, ()) if way)
    key = f"`{rule.key}` (or {ways})" if ways else f"`{rule.key}`"
    return f"| {number} | {key} | {rule.seen_by}: {seen} | {rule.likely} | {rule.confirmed_by} | {rule.mend} |"


def test_the_page_holds_the_table() -> None:
    there = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and line[2].isdigit()]
    every = [rule for rules in CAUSES.values() for rule in rules]
    assert there == [row(number, rule) for number, rule in enumerate(every, 1)]
