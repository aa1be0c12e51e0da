"""What IAM policies say: whether these documents allow one action on one resource.

Evaluated are ``Effect``, ``Action``, ``NotAction``, ``Resource``, ``NotResource`` and ``Condition`` with the operators
on texts, ARNs, booleans, numbers and ``Null``, with ``IfExists``, ``ForAllValues`` and ``ForAnyValue``.  A condition
with another operator (dates, addresses) is met by nothing in an ``Allow`` and by everything in a ``Deny``, so that what
is not understood never lets anybody in.  Policy variables (``${aws:username}``) stand for themselves.
Source: the IAM User Guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators" and
"Multivalued context keys".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

Context = Mapping[str, str | Sequence[str]]
"""What conditions are compared with: condition keys and their values, such as ``aws:RequestTag/team``."""
Document = Mapping[str, Any]


class Verdict(Enum):
    """What all policies together say."""

    ALLOWED = "allowed"
    DENIED = "with an explicit deny in an identity-based policy"
    NOT_ALLOWED = "because no identity-based policy allows the {action} action"


def verdict(documents: Iterable[Document], action: str, resource: str, context: Context) -> Verdict:
    """Whether the documents allow this action on this resource: some statement has to, and none may deny it."""
    keys = {key.lower(): [value] if isinstance(value, str) else list(value) for key, value in context.items()}
    said = Verdict.NOT_ALLOWED
    for document in documents:
        for statement in _listed(document.get("Statement")):
            denies = statement.get("Effect") == "Deny"
            if _is_about(statement, action, resource) and _holds(statement.get("Condition") or {}, keys, denies):
                if denies:
                    return Verdict.DENIED
                said = Verdict.ALLOWED
    return said


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_about(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    def named(element: str, matches: Callable[[str], bool]) -> bool:
        if element in statement:
            return any(matches(one) for one in _listed(statement[element]))
        return not any(matches(one) for one in _listed(statement.get(f"Not{element}")))

    return named("Action", lambda pattern: _like(pattern.lower(), action.lower())) and named(
        "Resource", lambda pattern: _like_arn(pattern, resource)
    )


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


def _like_arn(pattern: str, arn: str) -> bool:
    """Part by part: a wildcard in one part of an ARN reaches no further than that part's end."""
    ours, theirs = pattern.split(":", 5), arn.split(":", 5)
    if pattern == "*" or len(ours) != 6 or len(theirs) != 6:
        return _like(pattern, arn)
    return all(_like(one, other) for one, other in zip(ours, theirs, strict=True))


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(wanted: str, value: str) -> bool:
        try:
            return test(float(value), float(wanted))
        except ValueError:
            return False

    return compare


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _like_arn,
    "ArnLike": _like_arn,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "NumericEquals": _number(lambda value, wanted: value == wanted),
    "NumericLessThan": _number(lambda value, wanted: value < wanted),
    "NumericLessThanEquals": _number(lambda value, wanted: value <= wanted),
    "NumericGreaterThan": _number(lambda value, wanted: value > wanted),
    "NumericGreaterThanEquals": _number(lambda value, wanted: value >= wanted),
}


def _holds(conditions: Mapping[str, Any], keys: Mapping[str, list[str]], otherwise: bool) -> bool:
    """Whether every condition is met; ``otherwise`` is the answer where an operator is not known."""
    return all(
        _is_met(operator, wanted, keys.get(key.lower(), []), otherwise)
        for operator, asked in conditions.items()
        for key, wanted in _items(asked)
    )


def _items(asked: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for key, wanted in asked.items():
        yield key, [str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(wanted)]


def _is_met(operator: str, wanted: list[str], values: list[str], otherwise: bool) -> bool:
    quantifier, colon, name = operator.rpartition(":")
    if name == "Null":
        return [str(not values).lower()] == [one.lower() for one in wanted[:1]]
    name, if_exists, _ = name.partition("IfExists")
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", ""))
    if test is None:
        return otherwise
    if not values:
        return bool(if_exists) or negated or quantifier == "ForAllValues"

    def fits(value: str) -> bool:
        return any(test(one, value) for one in wanted) is not negated

    return all(map(fits, values)) if quantifier == "ForAllValues" or not colon else any(map(fits, values))
