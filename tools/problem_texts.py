"""Finds what problems tell for the catalogues of translations: titles of errors, details, and messages by field.

A method of Babel's extraction (see ``[tool.babel]`` in pyproject.toml), besides the calls that mark texts: pages show
the same problems as the API. Texts that are put together from values are not found; they stay English.
"""

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, cast

from babel.messages.extract import extract_python

Found = tuple[Any, ...]
"""Line, function, text or texts, and comments: as Babel wants it."""
_NOT_TOLD = frozenset(name for name in dir(builtins) if name.endswith("Error"))


def extract(
    file: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """Yield the marked texts of a Python file and what its problems tell."""
    yield from extract_python(file, keywords, comment_tags, cast("Any", options))
    file.seek(0)
    for node in ast.walk(ast.parse(file.read())):
        for text in _texts(node):
            if text.value:
                yield text.lineno, None, text.value, []


def _texts(node: ast.AST) -> Iterator[ast.Constant]:
    if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
        for line in node.body:
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == "title" for target in targets):
                yield from _literals(getattr(line, "value", None))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _NOT_TOLD:
        place = 1 if node.func.id == "FieldError" else 0
        if node.func.id.endswith("Error") and len(node.args) > place:
            yield from _literals(node.args[place])


def _literals(node: ast.expr | None) -> Iterator[ast.Constant]:
    if isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
