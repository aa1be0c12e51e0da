"""What is wrong, what shows it, and what mends it: the table of causes, one rule a row, and its use."""

# The rows, in the order in which they are asked.
from . import creating, connection, groups, acls, server, targets, login, control, missing_resources, deleting  # noqa: I001, F401
from ..aws_facts import Case, look
from .prank import Prank
from .table import RULES, About, Asked, Finding, Rule, Symptom, ask, diagnose, refusal
from ...errors import Diagnosis, Fix

__all__ = [
    "RULES",
    "About",
    "Asked",
    "Case",
    "Diagnosis",
    "Finding",
    "Fix",
    "Prank",
    "Rule",
    "Symptom",
    "acls",
    "ask",
    "connection",
    "control",
    "creating",
    "deleting",
    "diagnose",
    "groups",
    "login",
    "look",
    "parts",
    "refusal",
    "server",
    "targets",
]
