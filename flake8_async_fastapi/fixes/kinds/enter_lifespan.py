"""Enter the lifespan of a mounted application in that of its parent, or in a new one."""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.fixes.lifespans import (
    application_named,
    given_lifespan,
    new_lifespan,
    yield_of_lifespan,
)
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    for call in code.starting_at(fix.line, fix.col, cst.Call):
        parent = call.func.value if isinstance(call.func, cst.Attribute) else None
        mounted = _mounted(call)
        application = application_named(code, parent.value) if isinstance(parent, cst.Name) else None
        if application is None or mounted is None:
            continue
        enter = f"async with {mounted.value}.router.lifespan_context({mounted.value}):"
        given = given_lifespan(application)
        if given is None:
            return new_lifespan(code, application, [enter, f"{code.step}yield"])
        place = yield_of_lifespan(code, given, code.function_around(application))
        if place is None:
            return []
        inner = code.newline + code.indent_of(place) + code.step
        return [Edit(code.path, code.start(place), code.start(place), f"{enter}{inner}")]
    return []


def _mounted(call: cst.Call) -> cst.Name | None:
    """The application that is mounted, if it has a name."""
    given = [one.value for one in call.args if one.keyword is not None and one.keyword.value == "app"]
    given += [one.value for one in call.args[1:2] if one.keyword is None and not one.star]
    return given[0] if len(given) == 1 and isinstance(given[0], cst.Name) else None
