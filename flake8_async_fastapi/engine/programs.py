"""Files that are run by hand: the main program of a process, which no other file imports."""

from __future__ import annotations

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.text import asks_for_main
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, names_in, nodes_in
from flake8_async_fastapi.knowledge.loop_use import MAIN_RUNNERS
from flake8_async_fastapi.project.modules import module_folder


def is_program(ctx: Context, path: str) -> bool:
    """Whether a file runs an event loop if it is the main program, and no other file imports it."""

    def find() -> bool:
        body = ctx.project.body(path)
        guards = [one for one in body if isinstance(one, tree.If) and asks_for_main(one.test)]
        calls = [one for one in body if isinstance(one, tree.ExprStmt)]
        called = set(names_in([guards, calls]))
        mains = [one for one in body if isinstance(one, tree.FunctionDef) and one.name in called]
        run = (one for one in nodes_in([guards, calls, mains]) if isinstance(one, tree.Attr))
        if not any(dotted(one) in MAIN_RUNNERS for one in run):
            return False
        parts = module_folder(path).split("/")
        return not any(ctx.project.is_imported(".".join(parts[start:])) for start in range(len(parts)))

    return ctx.query(("program", path), find, False)
