"""Run a blocking call in a thread: ``await run_in_threadpool(function, ...)``.

``words``: the name of the callee.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import binds_tighter, may_wait
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported, imported_module
from flake8_async_fastapi.fixes.queries import called_name, is_call_of
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    calls = code.starting_at(fix.line, fix.col, cst.Call)
    named = [call for call in calls if called_name(call) == fix.words[0].rpartition(".")[2]]
    call = next(iter(named or calls), None)
    if call is None or not may_wait(code, call) or not is_call_of(call, fix.words[0]):
        return []
    if isinstance(code.parent(call), (cst.Await, cst.WithItem)):
        return []
    run, needed = _runner(code)
    whole = _used_at_once(code, call)
    if whole is not None:
        text = f"await {run}(lambda: {code.source(whole)})"
        text = f"({text})" if binds_tighter(code.parent(whole), whole) and not whole.lpar else text
        return [Edit(code.path, code.start(whole), code.end(whole), text), *needed]
    is_spread = bool(call.args) and code.line_of(call.args[0]) != code.line_of(call)
    line_end = code.newline + code.indent_of(call.args[0]) if is_spread else ""
    before, after = f"await {run}({line_end}", ""
    if binds_tighter(code.parent(call), call) and not call.lpar:
        before, after = f"({before}", ")"
    made = [insert(code.path, code.start(call), before)]
    between = code.text[code.end(call.func) : code.end(call)]
    opening = code.end(call.func) + between.index("(")
    made.append(Edit(code.path, opening, opening + 1, ("," if is_spread else ", ") if call.args else ""))
    if after:
        made.append(insert(code.path, code.end(call), after))
    return [*made, *needed]


def _used_at_once(code: Code, call: cst.Call) -> cst.Call | None:
    """The method call on a file that is opened for it, as ``open(path).read()``: it blocks too."""
    method = code.parent(call)
    whole = code.parent(method) if isinstance(method, cst.Attribute) and called_name(call) == "open" else None
    if not isinstance(whole, cst.Call) or whole.func is not method:
        return None
    inside = (node for node in code.nodes(cst.Await) if whole in (outer for _, outer in code.around(node)))
    return whole if next(inside, None) is None else None


def _runner(code: Code) -> tuple[str, list[Edit]]:
    """The function that runs another in a thread: FastAPI's, or Python's in a file without FastAPI."""
    if any(name.value in ("fastapi", "starlette") for name in code.nodes(cst.Name)):
        return imported(code, "fastapi.concurrency", "run_in_threadpool")
    module, needed = imported_module(code, "asyncio")
    return f"{module}.to_thread", needed
