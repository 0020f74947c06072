"""What the fixtures of a test class assign to ``self``, where its tests find it.

An object keeps what its fixture did to it. As with objects that fixtures pass, others may load more of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.objects import doubts
from flake8_async_fastapi.domains.testing import fixtures
from flake8_async_fastapi.engine.assignments import attributes_assigned_in
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, functions, summaries
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Function, Instance
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts.tree import FunctionDef
from flake8_async_fastapi.project.modules import is_test


def fill_receiver(frame: Frame, function: Function, outer: Frame) -> None:
    """Apply the fixtures that fill the object of a test class before the test begins."""
    owner, node, me = function.owner, function.node, frame.receiver_name
    if owner is None or not me or not isinstance(node, FunctionDef) or not is_test(frame.path):
        return
    if not fixtures.is_test_function(node):
        return
    asked = {param.name for param in node.params}
    for base, node in _filling_fixtures(frame.ctx, owner, asked):
        fixture = functions.as_method(base, node, frame.state.env[me])
        after = summaries.apply_summary(frame, fixture, Arguments(), fixture.key).receiver
        for name, value in after.attributes or () if isinstance(after, Instance) else ():
            if not holds_coroutine(value):
                frame.state.narrow(f"{me}.{name}", value)
                doubts.doubt_missing(frame, [value], doubts.BY_FIXTURE)


def _filling_fixtures(
    ctx: Context, cls: ClassValue, asked: set[str]
) -> Iterator[tuple[ClassValue, FunctionDef]]:
    """The fixtures of a class and its bases that assign to ``self``, and that a test uses."""
    for base in reversed(classes.mro(ctx, cls)):
        for node in base.node.body if isinstance(base, ClassValue) else ():
            if not isinstance(base, ClassValue) or not isinstance(node, FunctionDef):
                continue
            decorator = fixtures.fixture_decorator(node)
            is_used = decorator is not None and (node.name in asked or fixtures.is_automatic(decorator))
            if is_used and attributes_assigned_in(ctx, base.path, node):
                yield base, node
