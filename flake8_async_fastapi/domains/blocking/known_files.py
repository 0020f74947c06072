"""Files whose location shows that reading them takes no time, or only a moment.

The kernel's own files are in memory. Files that come with the code, such as a template beside the module
that reads it, stay as short as they were written.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.models import GAP
from flake8_async_fastapi.engine.values import (
    Arguments,
    Const,
    Library,
    Member,
    Object,
    Text,
    TextPrefix,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.knowledge.blocking_arguments import BRIEF_TO_WRITE, SHORT_FILES, WRITING_METHODS

_OF_KERNEL: Final = ("/proc/", "/sys/", "/dev/shm/")
_OF_CODE: Final = "__file__"
_PATH: Final = "pathlib.Path"


def model_place(_: Context, written: str) -> Text | None:
    """The text of such a place. Its value matters, also if more text is appended."""
    is_known = written.startswith(_OF_CODE) or _is_in_kernel(written)
    return TextPrefix(written) if is_known else None


def is_kernel_file(callee: Library | Member | Object, full: str, arguments: Arguments) -> bool:
    """Whether a call opens or reads a file of the kernel, as ``Path("/sys/x").open()`` does."""
    return _is_in_kernel(_place(callee, full, arguments))


def is_short_file(
    ctx: Context, path: str, callee: Library | Member | Object, full: str, arguments: Arguments
) -> bool:
    """Whether a call opens or reads a short file that comes with the code and is not written there.

    The file's name is a constant, with an ending that is usual for templates and settings.
    """
    place = _place(callee, full, arguments)
    is_spelled_out = place.startswith(_OF_CODE) and GAP not in place
    if not is_spelled_out or PurePosixPath(place).suffix.lower() not in SHORT_FILES:
        return False
    return not ctx.query(("writes files", path), lambda: _writes_files(ctx, path), True)


def _place(callee: Library | Member | Object, full: str, arguments: Arguments) -> str:
    """The place of the file that a call opens or reads, as far as it is known."""
    place: Value | None = None
    if isinstance(callee, Member):
        place = callee.receiver if callee.receiver.type == _PATH else None
    elif full in BRIEF_TO_WRITE:
        place = arguments.get(0, "file")
    if isinstance(place, Object) and place.type == _PATH:
        place = place.argument("0")
    return place.value if isinstance(place, Const) and isinstance(place.value, str) else ""


def _is_in_kernel(text: str) -> bool:
    return f"{text}/".startswith(_OF_KERNEL)


def _writes_files(ctx: Context, path: str) -> bool:
    """Whether code writes files. Then the file that it reads may be one that it wrote, which may grow."""
    calls = (node for node in nodes_in(ctx.project.body(path)) if isinstance(node, tree.Call))
    return any(_writes(call) for call in calls)


def _writes(call: tree.Call) -> bool:
    name = call.func.name if isinstance(call.func, tree.Attr) else ""
    name = call.func.id if isinstance(call.func, tree.Name) else name
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    modes = [part.value for part in given if isinstance(part, tree.Const) and isinstance(part.value, str)]
    return name in WRITING_METHODS or (
        name == "open" and any(len(mode) < 4 and set(mode) & set("wax+") for mode in modes)
    )
