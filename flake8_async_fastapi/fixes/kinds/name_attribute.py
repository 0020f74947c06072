"""Name the attribute of a loader option by its class: ``Post.author`` for ``"author"``.

``words``: the class, if the option leads to it; otherwise nothing, and it is the class of the query.
``files`` define that class.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.classes import class_name
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.queries import BEGIN, called_chain, called_name, written_statement
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        needed: list[Edit] = []
        if fix.words and fix.files:
            selected, needed = class_name(code, fix.files[0], fix.words[0])
        else:
            selected = _selected(code, call)
        texts = [argument.value for argument in call.args]
        if not selected or not isinstance(call.func, (cst.Name, cst.Attribute)):
            continue
        found: list[Edit] = []
        for text in texts:
            name = text.evaluated_value if isinstance(text, cst.SimpleString) else None
            if isinstance(name, str) and name.isidentifier():
                found.append(Edit(code.path, code.start(text), code.end(text), f"{selected}.{name}"))
        if found:
            return [*found, *needed]
    return []


def _selected(code: Code, option: cst.Call) -> str:
    """The class of an option's objects, as the query around it names its only entity."""
    if len(called_chain(option)) > 1:
        return ""
    for call in (outer for _, outer in code.around(option) if isinstance(outer, cst.Call)):
        chain = called_chain(call)
        selects = _root(code, chain) if called_name(call) == "options" else call
        if called_name(selects) in (*BEGIN, "get", "get_one") and selects.args:
            given = [argument.value for argument in selects.args]
            is_one = len(given) == 1 or called_name(selects).startswith("get")
            return code.source(given[0]) if is_one and isinstance(given[0], (cst.Name, cst.Attribute)) else ""
    return ""


def _root(code: Code, chain: Sequence[cst.Call]) -> cst.Call:
    """The call that a chain begins with, or that which gave its value to the variable there."""
    owner = chain[-1].func.value if isinstance(chain[-1].func, cst.Attribute) else chain[-1]
    written = called_chain(written_statement(code, owner))
    return written[-1] if written else chain[-1]
