"""Paths of the file system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flake8_async_fastapi.engine.models import GAP, CallModel, CallSite, Operation
from flake8_async_fastapi.engine.values import Const, Member, Object, TextPrefix, Value


def join_path(operation: Operation) -> Value | None:
    """The value of ``folder / name``: a path of the folder's kind; None for another operator."""
    for side in (operation.left, operation.right) if operation.operator == "/" else ():
        if isinstance(side, Object) and side.type in OPERATORS:
            return _below(side, operation.right if side is operation.left else None)
    return None


def _below(folder: Object, name: Value | None) -> Object:
    """A path below a folder; if the folder matters, so do the paths below it."""
    place = folder.argument("0")
    known: tuple[tuple[str, Value], ...] = ()
    if isinstance(place, TextPrefix):
        text = name.value if isinstance(name, Const) and isinstance(name.value, str) else GAP
        known = (("0", TextPrefix(f"{place.value}/{text}")),)
    return Object(folder.type, known, declared=folder.declared)


def model_join_path(site: CallSite) -> Value | None:
    """The value of ``folder.joinpath(*names)`` and ``path.with_name(name)``, which counts as a path below."""
    assert isinstance(site.callee, Member)
    path = site.callee.receiver
    if site.arguments.opaque:
        return _below(path, None)
    for name in site.arguments.values():
        path = _below(path, name)
    return path


def model_join_texts(site: CallSite) -> Value | None:
    """The value of ``os.path.join(folder, *names)``, if the folder matters."""
    first, *names = site.arguments.args or (None,)
    if not isinstance(first, TextPrefix) or site.arguments.opaque:
        return None
    parts = [part for name in names for part in (Const("/"), name)]
    return site.frame.ctx.hooks.models.join_texts(site.frame.ctx, [first, *parts])


def model_same_place(site: CallSite) -> Value | None:
    """The value of ``os.path.abspath(path)`` and ``dirname(path)``: a place of the same kind."""
    first = site.arguments.args[0] if site.arguments.args else None
    return first if isinstance(first, TextPrefix) else None


CALLS: Final[Mapping[str, CallModel]] = {
    "os.path.join": model_join_texts,
    **dict.fromkeys(
        [f"os.path.{name}" for name in ("abspath", "dirname", "normpath", "realpath")], model_same_place
    ),
}
METHODS: Final[Mapping[str, CallModel]] = dict.fromkeys(
    [f"pathlib.Path.{name}" for name in ("joinpath", "with_name", "with_stem", "with_suffix")],
    model_join_path,
)

# AnyIO's path is joined like the standard library's; its methods are coroutine functions.
OPERATORS: Final[Mapping[str, Callable[[Operation], Value | None]]] = {
    "pathlib.Path": join_path,
    "anyio.Path": join_path,
}
