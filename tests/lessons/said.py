"""What the program says to people, read from its source: every text of its errors, checks and causes, as a template."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import vpce_demo
from vpce_demo.errors import DemoError
from vpce_demo.lessons.catalogue import lines_of

ROOT = Path(vpce_demo.__file__).parent
NOT_SAID = re.compile(r"sandbox/(?!client)|report/|diagram/|lessons/")
"""What is said by other rooms: AWS's words as the sandbox imitates them, and pages in their own two languages."""
WHOLLY = re.compile(
    r"verify/|config/|chapters/|(changes|errors|untrusted|private|sandbox/client|ui/screens)\.py"
    r"|aws/(credentials|messages|my_address|region|sign_in)\.py|engine/(failures|waits)\.py"
    r"|journal/state_file\.py|session/(guards|ownership)\.py|musts\.py"
)
"""Files in which every sentence is for people; of the others, only what an error or a warning is made of."""
OF_AN_ERROR = re.compile(r"hint|facts|why|problem|text|missing", re.IGNORECASE)
"""How variables are named that such a text is kept in."""
PROSE = re.compile(r"[A-Za-z']{2,}[,:.;]? \S")
A_COMMAND = re.compile(
    r"""\ {4} | \ ?--\S*profile\ | <            # a line of its own, an option, a page
    | .*\(\?                                  # a pattern
    | (--\S+ | arn:.* | aws | chmod | echo | ec2 | elb | elbv2 | mv | rm | ssh | \{\w+\})
      \ (- | \w+-\w+- | ~/ | /\S+\  | \{\w+\}$ | cost)""",
    re.VERBOSE,
)


def said() -> dict[str, str]:
    """Every line that people may read, by its template; and where it stands."""
    found: dict[str, str] = {}
    for file in sorted(ROOT.rglob("*.py")):
        name = str(file.relative_to(ROOT))
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in () if NOT_SAID.match(name) else _texts(tree, everything=bool(WHOLLY.match(name))):
            for line in (line for text in _alternatives(node) for line in lines_of(text)):
                if PROSE.search(line) and not A_COMMAND.match(line):
                    found.setdefault(line.strip(), f"{name}:{node.lineno}")
    return found


def headings() -> set[str]:
    """The names of the errors' facts."""
    nodes = (node for file in ROOT.rglob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    facts = (node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "facts")
    keys = (key for each in facts if isinstance(each, ast.Dict) for key in each.keys)
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def _texts(tree: ast.Module, everything: bool) -> Iterator[ast.expr]:
    errors = {each.__name__ for each in _and_below(DemoError)}
    for node in [tree] if everything else ast.walk(tree):
        match node:
            case ast.Module() if everything:
                yield from _outermost(node)
            case ast.Call(func=func) if ast.unparse(func) in (*errors, "WARNINGS.add", "extra", "CHANGES.note"):
                yield from _outermost(node)
            case ast.Assign(targets=[target]) | ast.AugAssign(target=target) if OF_AN_ERROR.search(ast.unparse(target)):
                yield from _outermost(node.value)


def _and_below(kind: type[DemoError]) -> Iterator[type[DemoError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _and_below(each)


def _outermost(node: ast.AST) -> Iterator[ast.expr]:
    """The texts of a node that are not parts of others, but for docstrings, keys and what is compared."""
    match node:
        case ast.expr() if _is_text(node):
            yield node
        case ast.Call(func=ast.Attribute(attr="add"), args=[first, second]) if _is_text(second):
            yield ast.BinOp(first, ast.Add(), second, lineno=node.lineno)
        case ast.Call(func=ast.Name(id="extra"), args=[first, *rest]):
            why: ast.expr = ast.BinOp(first, ast.Add(), ast.Constant(": {why}. "), lineno=node.lineno)
            yield ast.BinOp(why, ast.Add(), rest[0], lineno=node.lineno) if rest and _is_text(rest[0]) else why
        case ast.Expr(value=value) if _is_text(value):
            pass
        case ast.Subscript() | ast.MatchValue() | ast.Compare() | ast.keyword(arg="says" | "codes" | "help"):
            pass
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _outermost(child)


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_text(left) or _is_text(right)
    return False


def _alternatives(node: ast.expr) -> list[str]:
    """What a text can become: a placeholder for each value, and each branch of a choice between texts."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(parts) for parts in product(*map(_alternatives, values))]
        case ast.FormattedValue(value=value):
            return _alternatives(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a, b in product(_alternatives(left), _alternatives(right))]
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mult()):
            return ["", text]
        case ast.IfExp(body=body, orelse=orelse) if _is_text(body) or _is_text(orelse):
            return [*_alternatives(body), *_alternatives(orelse)]
        case ast.BoolOp(op=ast.Or(), values=[first, last]) if _is_text(last):
            return [*_alternatives(first), *_alternatives(last)]
        case ast.Name(id="THIS_DEMO"):
            return ["<demo>"]
        case ast.Name(id="THIS_COMMAND"):
            return ["<command>"]
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [f"{{{name}}}"]
    return ["{value}"]
