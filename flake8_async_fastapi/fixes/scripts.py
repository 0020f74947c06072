"""The function that a script runs: it starts the event loop once it is async."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported_module


def start_loop(code: Code, node: cst.CSTNode) -> list[Edit]:
    """Edits that make the plain function around a node async, and run it with ``asyncio.run()``.

    None if it is not a function without parameters that only the script itself calls, as a statement.
    """
    function = code.function_around(node)
    if not isinstance(function, cst.FunctionDef) or function.asynchronous is not None:
        return []
    if code.function_around(function) is not None or code.first_around(function, cst.ClassDef) is not None:
        return []
    name = function.name.value
    uses = [one for one in code.nodes(cst.Name) if one.value == name and not code.is_label(one)]
    calls = [one for use in uses if isinstance(one := code.parent(use), cst.Call) and one.func is use]
    if len(uses) != 2 or len(calls) != 1 or not _is_run_by_script(code, calls[0]):
        return []
    asyncio, needed = imported_module(code, "asyncio")
    at = code.text.rindex("def", 0, code.start(function.name))
    return [
        insert(code.path, at, "async "),
        insert(code.path, code.start(calls[0]), f"{asyncio}.run("),
        insert(code.path, code.end(calls[0]), ")"),
        *needed,
    ]


def _is_run_by_script(code: Code, call: cst.Call) -> bool:
    """Whether a call is a statement that runs only if its file is the main program."""
    around = code.first_around(call, cst.If)
    is_statement = isinstance(code.parent(call), cst.Expr) and code.function_around(call) is None
    return is_statement and around is not None and code.source(around.test).startswith("__name__ ==")
