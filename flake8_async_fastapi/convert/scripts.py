"""Scripts that use the database outside of any function: what they do moves into one, which can be async."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

from flake8_async_fastapi.convert.colour import Colours
from flake8_async_fastapi.convert.names import Program
from flake8_async_fastapi.convert.sites import Site, is_script
from flake8_async_fastapi.convert.tables import applications_in
from flake8_async_fastapi.convert.texts import FUNCTIONS, Source, first_line
from flake8_async_fastapi.convert.values import APPLICATION, SESSION
from flake8_async_fastapi.project.modules import is_test

_IO: Final = ("await", "query", "bulk", "with", "ddl")
_LOADED: Final = frozenset({"app", "application", "celery", "celery_app", "broker", "handler"})
"""Names that servers look up in a file that nothing imports."""


def scripts_with_functions(colours: Colours, sources: Iterable[Source]) -> dict[str, str]:
    """The new texts of the scripts, by path. Nothing imports a script, so that only its own run matters."""
    every = list(sources)
    imported = _imported_files(colours.inference.program, every)
    found = {}
    for source in every:
        is_alone = source.path not in imported and not is_test(source.path)
        if is_alone and not _is_loaded(colours, source):
            text = _with_function(colours, source)
            if text is not None:
                found[source.path] = text
    return found


def _is_loaded(colours: Colours, source: Source) -> bool:
    """Whether a server may load a file for its application."""
    names = colours.inference.program.bindings(source, source.tree)
    values = (colours.inference.global_value(source, name) for name in names)
    return bool(_LOADED & set(names)) or APPLICATION in values or bool(applications_in(colours, source))


def _imported_files(program: Program, sources: Iterable[Source]) -> set[str]:
    found = set()
    for source in sources:
        for node in ast.walk(source.tree):
            names: list[tuple[str, int]] = []
            if isinstance(node, ast.Import):
                names = [(alias.name, 0) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                below = [f"{module}.{alias.name}".lstrip(".") for alias in node.names]
                names = [(name, node.level) for name in (module, *below)]
            for name, level in names:
                target = program.imported_file(source.path, name, level)
                if target is not None:
                    found.add(target.path)
    return found


def _with_function(colours: Colours, source: Source) -> str | None:
    """The text with a function for the statements from the first that needs the database."""
    sites = [site for site in colours.outside.get(source.path, []) if _runs(colours, source, site)]
    if not sites:
        return None
    needing = {source.statement(site.node) for site in sites}
    needing |= {
        parent for site in sites for parent in source.above(site.node) if isinstance(parent, ast.stmt)
    }
    body = source.tree.body
    first = next(i for i, one in enumerate(body) if one in needing or _opens_session(colours, source, one))
    above, moved = body[:first], body[first:]
    if not _may_move(source, above, moved):
        return None
    name = "main" if not colours.inference.program.globals(source, "main") else "run_script"
    start, end = source.line_start(first_line(moved[0])), source.end(moved[-1])
    before = source.text[:start].rstrip("\n")
    gap = "\n\n\n" if before else ""
    lines = _indented(source, moved, first_line(moved[0]))
    call = f'\n\n\nif __name__ == "__main__":\n    {name}()'
    return f"{before}{gap}def {name}() -> None:\n{lines}{call}{source.text[end:]}"


def _runs(colours: Colours, source: Source, site: Site) -> bool:
    """Whether a site asks the database when the file is run."""
    if is_script(source, site.node):
        return False
    return site.kind in _IO or (site.kind == "call" and colours.is_asynchronous(site))


def _opens_session(colours: Colours, source: Source, statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    return value is not None and colours.inference.value(source, value) == SESSION


def _may_move(source: Source, above: list[ast.stmt], moved: list[ast.stmt]) -> bool:
    """Whether statements mean the same in a function: no function above them uses what they assign."""
    inside = [node for statement in moved for node in ast.walk(statement)]
    if any(isinstance(node, ast.Global) for node in ast.walk(source.tree)):
        return False
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in inside):
        return False
    if any(isinstance(node, ast.If) and is_script(source, node.body[0]) for node in moved):
        return False
    bound = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in inside if isinstance(node, (*FUNCTIONS, ast.ClassDef))}
    used = {node.id for one in above for node in ast.walk(one) if isinstance(node, ast.Name)}
    return not bound & used


def _indented(source: Source, statements: list[ast.stmt], first: int) -> str:
    """The lines of some statements, indented, except within texts of several lines."""
    texts = [
        node
        for one in statements
        for node in ast.walk(one)
        if isinstance(node, (ast.Constant, ast.JoinedStr))
    ]
    fixed = {line for node in texts for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)}
    last = statements[-1].end_lineno or first
    lines = []
    for number in range(first, last + 1):
        line = source.line_text(number)
        if number in fixed or line.strip():
            lines.append(line if number in fixed else f"    {line}")
        elif lines[-1].strip():
            lines.append("")
    return "\n".join(lines)
