"""Uploads that are read after their request, when they are closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope.activity import Creation
from flake8_async_fastapi.domains.session_scope.events import LATER_FASTAPI, UploadReadLate
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Collection, Function, Object, Value, alternatives
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in

_UPLOAD: Final = "starlette.datastructures.UploadFile"
_DESCRIBING: Final = frozenset({"filename", "content_type", "headers", "size"})


def report_later(
    frame: Frame, use: str, creation: Creation | None, arguments: Arguments, node: tree.Call
) -> None:
    """Report a background task or a stream that reads uploads; ``creation`` creates the latter."""
    if use == "stream":
        files = uploads_of(frame, creation) if creation is not None else frozenset()
    else:
        keywords = [(keyword.name, keyword.value) for keyword in node.keywords]
        files = _uploads_given(frame, arguments.get(0, "func"), node.args[1:], keywords)
    report_read_late(frame, files, use, for_message(node.func), frame.at(node))


def uploads_of(frame: Frame, creation: Creation) -> frozenset[str]:
    """The upload parameters of a route that are read by a coroutine which the route creates."""
    return _uploads_given(frame, creation.function, creation.args, creation.keywords)


def _uploads_given(
    frame: Frame, function: Value | None, args: Iterable[Expr], keywords: Iterable[tuple[str | None, Expr]]
) -> frozenset[str]:
    if not frame.role or frame.node is None or not isinstance(function, Function):
        return frozenset()
    mine = {param.name for param in frame.node.params if _is_upload(frame.state.env.get(param.name))}
    for loop in frame.enclosing_loops if mine else ():
        match loop:
            case tree.For(target=tree.Name(id=item), iter=tree.Name(id=name)) if name in mine:
                mine.add(item)
    return frozenset(mine & set(_names_read(function, list(args), dict(keywords)))) if mine else frozenset()


def _is_upload(value: Value | None) -> bool:
    if isinstance(value, Collection):
        value = value.item
    return value is not None and all(
        isinstance(option, Object) and option.type == _UPLOAD for option in alternatives(value)
    )


def _names_read(function: Function, args: list[Expr], keywords: dict[str | None, Expr]) -> Iterator[str]:
    """The variables of the caller whose contents a function reads: its arguments, and outer variables."""
    params = list(function.node.params)
    if function.receiver is not None and params:
        params.pop(0)
    for place, param in enumerate(params):
        written = keywords.get(param.name, args[place] if place < len(args) else None)
        if written is not None and _reads(function, param.name):
            owner = written.value if isinstance(written, tree.Attr) and written.name == "file" else written
            if isinstance(owner, tree.Name):
                yield owner.id
    if function.closure is not None:
        own = {param.name for param in function.node.params}
        yield from (name for name in function.closure.env if name not in own and _reads(function, name))


def _reads(function: Function, name: str) -> bool:
    """Whether a function uses a variable for more than the name of the file."""
    described, mentioned = 0, 0
    for node in nodes_in(function.node.body):
        match node:
            case tree.Attr(value=tree.Name(id=owner), name=attribute) if owner == name:
                described += attribute in _DESCRIBING
            case tree.Name(id=owner) if owner == name:
                mentioned += 1
    return mentioned > described


def report_read_late(
    frame: Frame, uploads: frozenset[str], use: str, text: str, place: tuple[str, int, int, str]
) -> None:
    """Report uploads that are read later: by a ``task``, a ``background`` task or a ``stream``."""
    requirements = frame.ctx.project.requirements_of(frame.path)
    is_closed = use == "task" or (
        requirements.may_be_below("fastapi", (0, 118)) and requirements.at_least("fastapi", (0, 106)) is True
    )
    is_sure = use == "task" or requirements.at_least("fastapi", (0, 118)) is False
    for name in sorted(uploads) if is_closed else ():
        frame.emit_event(UploadReadLate(*place, text, name, use), "" if is_sure else LATER_FASTAPI)
