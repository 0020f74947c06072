"""Transfer functions of targets: what an assignment, a loop, ``with ... as`` or a pattern binds."""

from __future__ import annotations

from flake8_async_fastapi.engine import fields, mutation, renaming
from flake8_async_fastapi.engine.agreement import may_be_of_several_classes
from flake8_async_fastapi.engine.containers import without_emptiness
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import MOST_ALTERNATIVES, union
from flake8_async_fastapi.engine.machine import (
    attributes,
    classes,
    conditions,
    expressions,
    operators,
    protocols,
)
from flake8_async_fastapi.engine.models import Access
from flake8_async_fastapi.engine.obligations import report_misuse
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    TEXT,
    UNKNOWN,
    Collection,
    Const,
    Coroutine,
    Instance,
    OneOf,
    Text,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr


def split_alternatives(frame: Frame, state: State, value: Value) -> list[tuple[State, Value]]:
    """One path for each value that a variable may have, so that a later test can distinguish them.

    A value that may be None is not split: tests for None narrow it. Nor are large tables, nor objects of
    several classes: the code may know which class it has, and only what is common to all is certain.
    """
    is_split = isinstance(value, OneOf) and not _is_kept_whole(frame.ctx, value)
    return [(state.fork(), option) for option in alternatives(value)] if is_split else [(state, value)]


def _is_kept_whole(ctx: Context, value: OneOf) -> bool:
    if len(value.values) > MOST_ALTERNATIVES or may_be_of_several_classes(value):
        return True
    there = [option for option in value.values if not is_none(option)]
    is_one = len(there) == 1 < len(value.values)
    return is_one and (renaming.has_identity(ctx, there[0]) or protocols.is_future(ctx, there[0]))


def assign_target(frame: Frame, state: State, target: Expr, value: Value) -> None:
    """Bind a target to a value."""
    match target:
        case tree.Name(id=name):
            if name in frame.globals or name in frame.assigned_by_nested:
                frame.discharge(value)
            if name in frame.assigned_by_nested:
                value = UNKNOWN
            if name in frame.globals:
                frame.set_globals.setdefault(name, []).append(UNKNOWN if holds_coroutine(value) else value)
            # texts are not distinguished: paths that differ only in them are one path
            is_text = isinstance(value, Const) and isinstance(value.value, str)
            state.bind(name, TEXT if is_text and not isinstance(value, Text) else value)
        case tree.Attr(value=owner):
            path = path_of(target)
            owned = expressions.evaluate(frame, state, owner)
            frame.discharge(value)
            frame.state, at = state, frame.place_of(target)
            for alternative in alternatives(owned):
                if (
                    isinstance(alternative, Instance)
                    and alternative.location is not None
                    and _is_kept_by_domain(Access(frame, alternative, target.name, at), value)
                ):
                    path = ""
            if path:
                kept = UNKNOWN if holds_coroutine(value) else without_emptiness(value)
                state.bind(path, kept)
                frame.assigned_anywhere.bind(
                    path, _join_assigned(frame.assigned_anywhere.attributes.get(path), kept)
                )
        case tree.Subscript(value=owner, index=index):
            frame.mutated_attribute = owner
            owned = expressions.evaluate(frame, state, owner)
            frame.mutated_attribute = None
            expressions.evaluate(frame, state, index)
            frame.discharge(value)
            path = path_of(owner)
            if isinstance(owned, Collection) and mutation.follows(state, path, frame.receiver_name, value):
                mutation.assign_item(state, path, owned, index, value)
        case tree.Display(items=items):
            _assign_unpacked(frame, state, items, value, target)
        case tree.Starred(value=inner):
            assign_target(frame, state, inner, Collection("list"))


def _is_kept_by_domain(access: Access, value: Value) -> bool:
    """Whether a domain keeps the value assigned to an attribute of a tracked object."""
    return any(model(access, value) for model in access.frame.ctx.hooks.models.writes)


def _join_assigned(before: Value | None, value: Value) -> Value:
    if before is None or is_none(before):
        return value
    return before if is_none(value) else union([before, value])


def _assign_unpacked(frame: Frame, state: State, targets: list[Expr], value: Value, node: Expr) -> None:
    for alternative in alternatives(value):
        if isinstance(alternative, Coroutine):
            report_misuse(frame, alternative, "unpacked")
    starred = any(isinstance(target, tree.Starred) for target in targets)
    value = protocols.as_tuple(frame.ctx, _without_none(value))
    known = isinstance(value, Collection) and (value.keys is None or value.kind == "row")
    items = value.items if isinstance(value, Collection) and known else None
    if items is not None and not starred and len(items) == len(targets):
        for target, item in zip(targets, items, strict=True):
            assign_target(frame, state, target, item)
        return
    frame.discharge_items(value)
    item = protocols.element_of_iterable(frame, value)
    for target in targets:
        assign_target(frame, state, target, item)


def _without_none(value: Value) -> Value:
    """A value without the possibility of None, which cannot be unpacked."""
    there = [alternative for alternative in alternatives(value) if not is_none(alternative)]
    return there[0] if len(there) == 1 else value


def match_case(frame: Frame, state: State, node: Expr, subject: Value, case: tree.Case) -> list[State]:
    """The paths on which a subject matches."""
    for name in case.names:
        state.bind(name, UNKNOWN)
    if path_of(node) and isinstance(subject, OneOf):
        frame.discharge(subject)
        state.bind(path_of(node), UNKNOWN)  # the pattern decides which of them it is
    for cls in case.classes:
        expressions.evaluate(frame, state, cls)
    _bind_captures(frame, state, node, subject, case.captures)
    if case.guard is None:
        return [state]
    operators.test(frame, state, case.guard)
    return conditions.assume(frame, state, case.guard, True)


def _bind_captures(
    frame: Frame, state: State, node: Expr, subject: Value, captures: list[tree.Capture]
) -> None:
    """Read the attributes of a tracked object that a pattern asks for, and bind its names."""
    ctx = frame.ctx
    if not ctx.hooks.tracks(state) or not any(
        renaming.has_identity(ctx, alternative) for alternative in alternatives(subject)
    ):
        return
    known: dict[tuple[str, ...], Value] = {(): subject}
    for capture in captures:
        path = tuple(capture.path)
        if path not in known:
            owner = known.get(path[:-1], UNKNOWN)
            attribute = fields.name_at(owner, path[-1], lambda cls: classes.mro(ctx, cls))
            written = tree.Attr(capture.line, capture.col, node, attribute)
            frame.state = state
            known[path] = attributes.read_attribute(frame, owner, written, awaited_chain=False)
        if capture.cls is not None:
            cls = expressions.evaluate(frame, state, capture.cls)
            known[path] = conditions.narrow_value_to_class(frame, known[path], cls)
            if not path and path_of(node):
                state.narrow(path_of(node), known[path])
        if capture.name:
            state.bind(capture.name, known[path])
