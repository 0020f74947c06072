"""What replaces dependencies: ``app.dependency_overrides[...] = ...``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi import signatures
from flake8_async_fastapi.domains.fastapi.events import (
    OverrideCalled,
    OverrideGivesGenerator,
    OverrideIgnored,
)
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import definitions, expressions, functions, names
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    Coroutine,
    Function,
    Generator,
    Library,
    Manager,
    Object,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in

OVERRIDES = "dependency_overrides"
_DEPENDS: Final = frozenset({"fastapi.Depends", "fastapi.Security"})


def report_called(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Say so where an override is what a function gives, not the function, or is called in another way."""
    if not frame.emit or node.value is None:
        return
    if isinstance(value, (Function, Library, Object)):
        _report_replacement(frame, node.targets, node.value, value)
    if not isinstance(value, (Coroutine, Generator, Manager)):
        return
    if isinstance(value, Generator) and not value.label:
        return
    for target in node.targets:
        owner = target.value if isinstance(target, tree.Subscript) else None
        if isinstance(owner, tree.Attr) and owner.name == OVERRIDES:
            frame.emit_event(OverrideCalled(*frame.at(node.value), value.label))


def _report_replacement(frame: Frame, targets: list[Expr], written: Expr, value: Value) -> None:
    """Say so where the parameters of an override are hidden, or it gives a generator that nobody opens."""
    for target in targets:
        match target:
            case tree.Subscript(value=tree.Attr(name=name), index=index) if name == OVERRIDES:
                signatures.report_given(frame, value, written, for_message(index))
                replaced = expressions.evaluate(frame, frame.state, index)
                if isinstance(replaced, Function) and replaced.is_generator:
                    _report_generator(frame, value, written)


def _report_generator(frame: Frame, given: Value, written: Expr) -> None:
    """Report an override that only returns a generator: FastAPI passes that to the route."""
    if isinstance(given, Function) and not given.is_generator and not given.is_async and not given.wrapped:
        result = functions.quiet_result(frame, given, Arguments())
        if isinstance(result, (Coroutine, Generator, Manager)) and result.label:
            frame.emit_event(OverrideGivesGenerator(*frame.at(written), result.label))


def report_ignored(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Say so where an override is for a key under which FastAPI never looks: it looks for the function."""
    if not frame.emit:
        return
    for target in node.targets:
        for key in _keys(target, node.value):
            kind, function = _other_than_function(frame, key)
            if kind:
                frame.emit_event(OverrideIgnored(*frame.at(key), for_message(key), kind, function))


def _keys(target: Expr, value: Expr | None) -> Iterator[Expr]:
    """The keys of overrides that an assignment sets."""
    match target, value:
        case tree.Subscript(value=tree.Attr(name=name), index=index), _ if name == OVERRIDES:
            yield index
        case tree.Attr(name=name), tree.DictDisplay(keys=keys) if name == OVERRIDES:
            yield from (key for key in keys if key is not None)


def _other_than_function(frame: Frame, key: Expr) -> tuple[str, str]:
    """What a key is that cannot be the function of a dependency, and the function that it stands for."""
    match key:
        case tree.Const(value=str(text)):
            return "text", text if text.isidentifier() else ""
        case tree.Name(id=name) if frame.state.get(name) is None or name not in frame.state.env:
            found = definitions.only_definition(frame.ctx, frame.path, name)
            match found:
                case path, tree.Assign(value=tree.Subscript(value=outer) as written) if (
                    dotted(outer).rpartition(".")[2] == "Annotated"
                ):
                    return "annotation", _function_in(frame, path, written)
        case tree.Call(func=func):
            callee = names.dotted_value(frame.ctx, frame.path, dotted(func)) if dotted(func) else None
            if isinstance(callee, Library) and callee.dotted in _DEPENDS:
                return "depends", dotted(key.args[0]) if key.args else ""
            if isinstance(callee, Function) and (callee.is_generator or callee.is_async):
                return "call", dotted(func)
    return "", ""


def _function_in(frame: Frame, path: str, annotation: Expr) -> str:
    """The dependency that an annotation names; empty if there is none."""
    for node in nodes_in(annotation):
        if isinstance(node, tree.Call) and node.args:
            callee = names.dotted_value(frame.ctx, path, dotted(node.func))
            if isinstance(callee, Library) and callee.dotted in _DEPENDS:
                return dotted(node.args[0])
    return ""
