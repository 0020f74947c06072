"""Ask the database for a write-only collection: ``await session.scalars(user.posts.select())``.

``words``: the session, and the name of the collection.
"""

from __future__ import annotations

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit
from flake8_async_fastapi.rules.model import Fix


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    session, name = fix.words
    for read in code.on_line(fix.line, cst.Attribute):
        if read.attr.value != name or code.start(read) < code.offset(fix.line, fix.col):
            continue
        parent = code.parent(read)
        is_loop = isinstance(parent, (cst.For, cst.CompFor)) and parent.iter is read
        if not may_await(code, read) or not (is_loop or isinstance(parent, cst.Arg)):
            return []
        text = f"await {session}.scalars({code.source(read)}.select())"
        return [Edit(code.path, code.start(read), code.end(read), text if is_loop else f"({text}).all()")]
    return []
