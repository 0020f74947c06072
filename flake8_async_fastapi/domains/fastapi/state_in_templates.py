"""What templates read from ``request.state``, where a function sets it: any page may do so.

Whether a page of that kind is rendered for the request is not followed through helpers: so it is doubtful.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.fastapi.request_state import IN_TEMPLATES, is_connection
from flake8_async_fastapi.domains.orm.objects import doubts
from flake8_async_fastapi.domains.orm.objects.reads import read_mapped_attribute
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.values import Instance, Object, Value, alternatives
from flake8_async_fastapi.facts import tree

_UNLESS: Final = "no template that reads {} is rendered"
_DEEPEST: Final = 4


def read_for_templates(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Read the attributes of an object that is put on a request's state, as the project's templates do."""
    if not frame.emit:
        return
    for target in node.targets:
        match target:
            case tree.Attr(value=tree.Attr(value=tree.Name(id=owner), name="state"), name=name):
                request = frame.state.env.get(owner)
                if isinstance(request, Object) and is_connection(request):
                    path, outer = f"{IN_TEMPLATES}.state.{name}", frame.state
                    frame.state = outer.fork()  # the pages are rendered later
                    _read(frame, value, path, Position(node.line, node.col))
                    frame.state = outer


def _read(frame: Frame, value: Value, path: str, place: Position, depth: int = 0) -> None:
    found = [one for one in alternatives(value) if isinstance(one, Instance) and one.location is not None]
    for name in frame.ctx.project.attributes_in_templates(path) if found and depth < _DEEPEST else ():
        for instance in found:
            doubts.doubt_missing(frame, [instance], _UNLESS.format(path))
            inner = read_mapped_attribute(frame, instance, name, place)
            if inner is not None:
                _read(frame, inner, f"{path}.{name}", place, depth + 1)
