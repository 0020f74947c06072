"""Replace a part of a text in a call, or in a file where only this text can be meant.

That is the file with the call, or one from which it imports the argument, such as settings. If the text is
the default of a variable of the environment, files that set the variable are changed, too.

``words``: the current and the correct text; and ``here`` if only a text in the call is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import dotted, origins_of
from flake8_async_fastapi.fixes.settings import in_settings, variable_of
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    written, wanted = fix.words[:2]
    calls = code.starting_at(fix.line, fix.col, cst.Call)
    inside = [literal for call in calls[-1:] for literal in _literals(code, call, written)]
    if inside or "here" in fix.words:
        return _replaced(code, inside, written, wanted, files)
    passed = [argument.value for call in calls[-1:] for argument in call.args]
    for where in (code, *_origins(code, passed, files)):
        literals = list(_literals(where, where.module, written))
        if literals:
            return _replaced(where, literals, written, wanted, files)
    return []


def _replaced(
    code: Code, literals: Sequence[cst.CSTNode], written: str, wanted: str, files: Files
) -> list[Edit]:
    if len(literals) != 1:
        return []
    start = _start_of_text(code, literals[0])
    variable = variable_of(code, literals[0])
    beside = in_settings(code, variable, written, wanted, files) if variable else ()
    return [Edit(code.path, start, start + len(written), wanted), *beside]


def _origins(code: Code, values: Sequence[cst.BaseExpression], files: Files) -> Iterator[Code]:
    """The files of the project from which a file imports the names that some values start with."""
    for value in values:
        name = dotted(value).partition(".")[0]
        for path in origins_of(code, name) if name else ():
            found = files.code(path)
            if found is not None:
                yield found
                break


def _literals(code: Code, within: cst.CSTNode, written: str) -> Iterator[cst.CSTNode]:
    """The literals in some code that start with the current text."""
    for node in (*code.nodes(cst.SimpleString), *code.nodes(cst.FormattedStringText)):
        is_within = within is code.module or any(outer is within for _, outer in code.around(node))
        if is_within and code.text.startswith(written, _start_of_text(code, node)):
            yield node


def _start_of_text(code: Code, node: cst.CSTNode) -> int:
    start = code.start(node)
    return start + len(node.prefix) + len(node.quote) if isinstance(node, cst.SimpleString) else start
