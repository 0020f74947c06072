"""Objects of one session that are passed to another, which refuses them.

Source: the cases of AFA513, which are run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.pools import is_made_by_factory
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, Loaded
from flake8_async_fastapi.domains.session_scope.events import ObjectOfOtherSession
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Location, Member, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.transactions import is_session_type

_TAKES: Final = frozenset({"add", "add_all", "delete", "refresh"})
_ATTACHED: Final = frozenset({"persistent", "deleting"})
_LETS_GO: Final = frozenset({"sync_session", "make_transient", "make_transient_to_detached"})
"""By these a session loses objects without the knowledge of the interpreter."""
_LOADED_BY: Final = frozenset({"query", "merge", "refreshed"})


def report_stranger(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a session that is given an object which another open session has."""
    if not isinstance(callee, Member) or not arguments.args or not is_session_type(callee.receiver.type):
        return
    session = resource_key(callee.receiver)
    if not isinstance(session, Place) or not is_made_by_factory(frame.ctx, session):
        return
    objects = instances_of(frame.state)
    given = list(locations_in(arguments.args[0]))
    if callee.name.startswith("add"):
        given += [inner for location in given for inner in _led_to(objects, location)]
    for location in given:
        obj = objects.get(location)
        if obj is not None and _is_of_other(frame.ctx, obj, session):
            at = frame.at(node)
            frame.emit_event(ObjectOfOtherSession(*at, for_message(node.func), obj.cls.name, callee.name))
            return


def _led_to(objects: dict[Location, InstanceState], location: Location) -> Iterator[Location]:
    """The objects that were passed to a new one."""
    obj = objects.get(location)
    if obj is not None and obj.source == "new":
        for _, kept in obj.fields:
            if isinstance(kept, Loaded):
                yield from locations_in(kept.value)


def _is_of_other(ctx: Context, obj: InstanceState, session: Place) -> bool:
    """Whether an object is certainly in another session, which is open."""
    if obj.phase not in _ATTACHED or obj.source not in _LOADED_BY or obj.session == session:
        return False
    if obj.is_empty or obj.may_be_loaded:  # other code had it, and may have expunged it
        return False
    if ctx.query(("takes objects out of sessions",), lambda: _takes_out(ctx), True):
        return False
    return isinstance(obj.session, Place) and is_made_by_factory(ctx, obj.session)


def _takes_out(ctx: Context) -> bool:
    """Whether any code may expunge objects in a way that is not followed."""
    paths = sorted({path for word in _LETS_GO for path in ctx.project.mentioning(word)})
    return any(
        isinstance(node, (tree.Attr, tree.Name)) and dotted(node).rpartition(".")[2] in _LETS_GO
        for path in paths
        for node in nodes_in(ctx.project.body(path))
    )


CALLS: Final = Watch(report_stranger, methods=_TAKES, checked=True)
