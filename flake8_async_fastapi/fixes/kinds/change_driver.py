"""Name another driver in the URL of an engine, also in the settings beside the code, and require the driver.

The URL is in the call, or in a file from which the argument comes. There, it is assigned to the name that is
passed, or is the only one.

``words``: the current and the correct scheme; and ``here`` if only a text in the call is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from flake8_async_fastapi.fixes.beside import Scheme, edits_beside
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.imports import origins_of
from flake8_async_fastapi.fixes.literals import literals_in, name_of_text, start_of_text
from flake8_async_fastapi.fixes.queries import called_name
from flake8_async_fastapi.fixes.variables import variable_of
from flake8_async_fastapi.rules.model import Fix

_FARTHEST = 3
"""How many steps a URL is followed through assignments and imports."""
_SCHEME_ARGUMENTS = frozenset({"drivername", "scheme"})
_BUILDERS = frozenset({"create", "build"})


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    written, wanted = fix.words[:2]
    call = next(iter(code.starting_at(fix.line, fix.col, cst.Call)[-1:]), None)
    if call is None:
        return []
    inside = list(_schemes_in(code, call, written))
    if inside or "here" in fix.words:
        return _changed(code, inside, written, wanted, files)
    passed = [argument.value for argument in call.args]
    homes = [code, *(home for value in passed for home in homes_of(code, value, files))]
    written_in = [(home, list(_schemes_in(home, home.module, written))) for home in homes]
    names = {name for value in passed for name in _names_in(value)}
    for home, found in written_in:
        named = [literal for literal in found if name_of_text(home, literal) in names]
        if len(named) == 1:
            return _changed(home, named, written, wanted, files)
    home, found = next((one for one in written_in if one[1]), (code, []))
    return _changed(home, found, written, wanted, files)


def _changed(code: Code, found: Sequence[cst.CSTNode], written: str, wanted: str, files: Files) -> list[Edit]:
    if len(found) != 1:
        return []
    start = start_of_text(code, found[0])
    scheme = Scheme(written, wanted, variable_of(code, found[0]))
    here = Edit(code.path, start, start + len(written), wanted)
    return [here, *edits_beside(code.path, scheme, files)]


def _schemes_in(code: Code, within: cst.CSTNode, written: str) -> Iterator[cst.CSTNode]:
    """The literals in some code that are a URL with a scheme, or the scheme of one that is put together."""
    yield from literals_in(code, within, f"{written}://")
    for literal in literals_in(code, within, written):
        argument = code.parent(literal)
        call = code.parent(argument) if isinstance(argument, cst.Arg) else None
        if not (isinstance(literal, cst.SimpleString) and literal.raw_value == written):
            continue
        if isinstance(argument, cst.Arg) and isinstance(call, cst.Call):
            named = argument.keyword is not None and argument.keyword.value in _SCHEME_ARGUMENTS
            if named or (called_name(call) in _BUILDERS and call.args[0] is argument):
                yield literal


def homes_of(code: Code, value: cst.CSTNode, files: Files, steps: int = 0) -> Iterator[Code]:
    """The files of the project from which a value may come, the nearest first."""
    if steps > _FARTHEST:
        return
    for name in _roots_in(code, value):
        for assigned in code.nodes(cst.Assign):
            targets = (target.target for target in assigned.targets)
            if any(isinstance(one, cst.Name) and one.value == name for one in targets):
                yield from homes_of(code, assigned.value, files, steps + 1)
        yield from _origins(code, name, files, steps)


def _origins(code: Code, name: str, files: Files, steps: int) -> Iterator[Code]:
    for path in origins_of(code, name):
        found = files.code(path)
        if found is not None:
            yield found
            yield from homes_of(found, cst.Name(name), files, steps + 1)
            return


def _roots_in(code: Code, value: cst.CSTNode) -> Iterator[str]:
    """The names in a value, without those of attributes and keywords."""
    if isinstance(value, cst.Name) and (code.parent(value) is None or not code.is_label(value)):
        yield value.value
    for child in value.children:
        yield from _roots_in(code, child)


def _names_in(value: cst.CSTNode) -> Iterator[str]:
    """The names in a value."""
    if isinstance(value, cst.Name):
        yield value.value
    for child in value.children:
        yield from _names_in(child)
