"""Files that give an application its settings, and the variables in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.queries import called_name

NAMES: Final = (
    *(".env", "env.example", "example.env", "docker-compose.yml", "docker-compose.yaml", "compose.yml"),
    "compose.yaml",
    *(
        f".env.{end}"
        for end in "example sample template dist default local dev development test prod".split()
    ),
)
"""Their usual names: nothing else says which there are."""
_READERS: Final = frozenset({"getenv", "get", "config"})


def variable_of(code: Code, literal: cst.CSTNode) -> str:
    """The variable of the environment whose default a text is; empty if it is that of none.

    It is read with that default, or is the field of a class of settings.
    """
    argument = code.parent(literal)
    call = code.parent(argument) if isinstance(argument, cst.Arg) else None
    value: cst.CSTNode = literal
    if isinstance(call, cst.Call):
        first = call.args[0].value
        if called_name(call) in _READERS and isinstance(first, cst.SimpleString) and first is not literal:
            return str(first.raw_value)
        if called_name(call) != "Field":
            return ""
        value = call
    field = code.parent(value)
    if not isinstance(field, cst.AnnAssign) or not isinstance(field.target, cst.Name):
        return ""
    owner = code.first_around(field, cst.ClassDef)
    is_settings = owner is not None and any("Settings" in code.source(base.value) for base in owner.bases)
    return field.target.value if is_settings and code.function_around(field) is None else ""


def in_settings(code: Code, variable: str, written: str, wanted: str, files: Files) -> Iterator[Edit]:
    """Edits of the beginning of a variable's text in the settings beside and above a file."""
    name = re.escape(variable)
    line = re.compile(
        rf"^[ \t]*(?:-[ \t]*|export[ \t]+)?[\"']?{name}[ \t]*[=:][ \t]*[\"']?(?={re.escape(written)})",
        re.MULTILINE | re.IGNORECASE,
    )
    path = PurePath(code.path)
    for folder in () if path.is_absolute() or ".." in path.parts else path.parents:
        for beside in map(str, map(folder.joinpath, NAMES)):
            for found in line.finditer(files.read(beside) or ""):
                yield Edit(beside, found.end(), found.end() + len(written), wanted)
