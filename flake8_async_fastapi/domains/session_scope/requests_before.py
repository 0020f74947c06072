"""Transactions that dependencies begin before a route, or around it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.domains.session_scope import providers
from flake8_async_fastapi.domains.session_scope.connection_state import ConnectionEffect, Connections
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import call_without_identity
from flake8_async_fastapi.engine.values import Arguments, Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in


class BegunBefore(Struct):
    """The sessions that dependencies have begun before a function runs; None if not computed yet.

    Each comes with the dependency that began it. ``held`` are those that hold a connection then, each with
    its name.
    """

    sessions: dict[Place, Place] | None = None
    held: dict[Place, str] = field(default_factory=dict)


def beginning_before(frame: Frame, session: Place) -> Place | None:
    """The dependency that certainly left a session in a transaction, if nothing has ended it since."""
    if session in frame.state.part(Connections).ended:
        return None
    sessions = _look_before(frame).sessions
    return sessions.get(session) if sessions is not None else None


def held_before(frame: Frame) -> dict[Place, str]:
    """The sessions for which dependencies certainly took a connection, if nothing has ended them since.

    Each comes with a description of the dependency that used it.
    """
    ended = frame.state.part(Connections).ended
    return {session: by for session, by in _look_before(frame).held.items() if session not in ended}


def _look_before(frame: Frame) -> BegunBefore:
    notes, node = frame.notes_of(BegunBefore), frame.node
    if notes.sessions is None:
        notes.sessions = {}
        if frame.role and isinstance(node, tree.FunctionDef):
            _note_begun(frame, node, notes)
    return notes


def _note_begun(frame: Frame, node: tree.FunctionDef, notes: BegunBefore) -> None:
    """Note the sessions that dependencies certainly leave in a transaction, each with the first such one."""
    begun: dict[Place, Place] = {}
    held: dict[Place, str] = {}
    seen: set[Place] = set()
    for function, is_fresh in functions_before(frame, node):
        if is_fresh:
            return  # two sessions are not distinguished
        if function.key not in seen:
            seen.add(function.key)
            for effect in effects_of(frame.ctx, function, Arguments()):
                begun = {session: by for session, by in begun.items() if session not in effect.ended}
                begun = {**dict.fromkeys(effect.begun, function.key), **begun}
                held = {session: by for session, by in held.items() if session not in effect.ended}
                held = {**dict.fromkeys(effect.held, f"the session of {function.name}()"), **held}
    notes.sessions, notes.held = begun, held


def functions_before(frame: Frame, node: tree.FunctionDef) -> Iterator[tuple[Function, bool]]:
    """The functions that FastAPI calls before that of a frame; does not change its path."""
    asking = Frame(frame.ctx, frame.path, "", owner=frame.owner, closure=frame.closure)
    return dependencies.functions_before(asking, node)


def effects_of(ctx: Context, function: Function, arguments: Arguments) -> Iterator[ConnectionEffect]:
    """The effects of a function on sessions that it does not open."""
    summary = summaries.summarise(ctx, *call_without_identity(ctx, function, arguments))
    return (part for part in summary.parts if isinstance(part, ConnectionEffect))


def is_given_in_block(frame: Frame, made: Place) -> bool:
    """Whether a session comes from a generator function that yields it inside its transaction's block."""
    if made.path not in frame.ctx.project.mentioning("begin"):
        return False
    maker = frame.ctx.query(("given in block", made), lambda: _maker_with_block(frame.ctx, made), None)
    return maker is not None and maker != frame.node


def _maker_with_block(ctx: Context, made: Place) -> tree.FunctionDef | None:
    """The generator function that creates a session and yields it inside its transaction's block."""
    maker = providers.function_around(ctx, made)
    if maker is None or not isinstance(maker.node, tree.FunctionDef) or not maker.node.is_generator:
        return None
    has_block = any(
        isinstance(statement, tree.With)
        and any(_yields(inner) for inner in statement.body)
        and any(_begins(item) for item in statement.items)
        for statement in flat(maker.node.body)
    )
    return maker.node if has_block else None


def _yields(code: object) -> bool:
    return any(isinstance(node, tree.Yield) for node in nodes_in(code))


def _begins(item: tree.WithItem) -> bool:
    """Whether an item of a ``with`` begins the transaction of a session."""
    call = item.context
    return isinstance(call, tree.Call) and dotted(call.func).endswith(".begin")
