"""Sessions that outlive a request: on the application's state, in objects on it, or through their scope."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.database.events import GlobalSession, SessionLeftOpen
from flake8_async_fastapi.domains.database.sessions import is_surely_session
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import Instance, Library, ModuleValue, Object, Value
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, nodes_in, shared_names, written_argument
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.runners import CACHES
from flake8_async_fastapi.project.modules import is_test

_SCOPED: Final = "sqlalchemy.ext.asyncio.async_scoped_session"
_STARTUP: Final = "on_startup"
_MOST_JOBS: Final = "max_jobs"
_APPLICATION: Final = "starlette.applications.Starlette"
_OF_THREADS: Final = frozenset(
    {"threading.get_ident", "threading.current_thread", "threading.get_native_id", "_thread.get_ident"}
)
"""What gives the same for all tasks of an event loop."""


def report_shared(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Report a session that is assigned to something all requests share, or whose scope is never left."""
    target = node.targets[0]
    if not frame.emit or not isinstance(node.value, (tree.Call, tree.Name)):
        return
    if isinstance(target, tree.Name):
        if is_test(frame.path):
            return
        if frame.node is not None:
            _report_global(frame, target.id, value, node)
            return
        if isinstance(value, Object) and value.type == _SCOPED and isinstance(node.value, tree.Call):
            _report_scoped(frame, target, node.value)
        elif isinstance(value, Instance) and _holds_session_made_here(frame, value):
            frame.emit_event(GlobalSession(*frame.at(target), f"in {target.id}", for_message(node.value), ""))
    elif isinstance(target, tree.Subscript):
        if _is_new_session(frame, value) and _is_context_of_jobs(frame, target.value):
            text = f"in {for_message(target.value)}[...]"
            frame.emit_event(GlobalSession(*frame.at(target), text, for_message(node.value), ""))
    elif isinstance(target, tree.Attr) and _is_state(frame, target.value) and _is_new_session(frame, value):
        text = path_of(target)
        frame.emit_event(GlobalSession(*frame.at(target), text, for_message(node.value), ""))


def _is_new_session(frame: Frame, value: Value) -> bool:
    is_new = isinstance(value, Object) and not value.declared and not is_test(frame.path)
    return is_new and is_surely_session(frame.ctx, value)


def _is_context_of_jobs(frame: Frame, written: Expr) -> bool:
    """Whether an expression is the context that an ``on_startup`` of arq gets, and all jobs of the worker."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef) or not function.params or not function.is_async:
        return False
    if not isinstance(written, tree.Name) or written.id != function.params[0].name:
        return False
    return any(
        any(_assigns(statement, _STARTUP, function.name) for statement in cls.body)
        and not any(_assigns(statement, _MOST_JOBS, 1) for statement in cls.body)
        for path in frame.ctx.project.mentioning(_STARTUP)
        for cls in frame.ctx.project.body(path)
        if isinstance(cls, tree.ClassDef)
    )


def _assigns(statement: Stmt, name: str, wanted: str | int) -> bool:
    """Whether a statement assigns a function, or a constant, to a name."""
    match statement:
        case tree.Assign(targets=[tree.Name(id=target)], value=value) if target == name and value is not None:
            return dotted(value) == wanted or (isinstance(value, tree.Const) and value.value == wanted)
    return False


def _report_global(frame: Frame, name: str, value: Value, node: tree.Assign) -> None:
    """Report a function that keeps an object with a session that it made in a variable of the module."""
    if not isinstance(value, Instance) or not isinstance(frame.node, tree.FunctionDef):
        return
    if name in shared_names(frame.node.body) and _holds_session_made_here(frame, value):
        target, made = node.targets[0], node.value
        if made is not None:
            frame.emit_event(GlobalSession(*frame.at(target), f"in {name}", for_message(made), ""))


def report_cached(frame: Frame) -> None:
    """Say so where a function whose results are cached gives an object with a session that it made."""
    function = frame.node
    if not frame.emit or not isinstance(function, tree.FunctionDef) or is_test(frame.path):
        return
    if not function.decorators or not any(isinstance(value, Instance) for value in frame.returns):
        return
    called = (one.func if isinstance(one, tree.Call) else one for one in function.decorators)
    found = [names.dotted_value(frame.ctx, frame.path, dotted(one)) for one in called if dotted(one)]
    if any(isinstance(one, Library) and one.dotted in CACHES for one in found):
        for value in frame.returns:
            if isinstance(value, Instance) and _holds_session_made_here(frame, value):
                text = f"{function.name}()"
                where = (frame.path, function.line, function.col, frame.qualname)
                frame.emit_event(GlobalSession(*where, f"in what {text} keeps", text, ""))
                return


def _is_state(frame: Frame, written: Expr) -> bool:
    """Whether an expression is the ``state`` of an application."""
    if not isinstance(written, tree.Attr) or written.name != "state" or not dotted(written.value):
        return False
    owner = frame.state.get(dotted(written.value))
    if owner is None:
        owner = names.dotted_value(frame.ctx, frame.path, dotted(written.value))
    return isinstance(owner, Object) and is_subtype(owner.type, _APPLICATION)


def _holds_session_made_here(frame: Frame, value: Instance) -> bool:
    """Whether an object holds a session that the same module created when it was imported."""
    if any(side == "main" for _, _, side in frame.branches):
        return False
    return any(
        isinstance(inner, Object)
        and inner.origin is not None
        and inner.origin.path == frame.path
        and not inner.declared
        and is_surely_session(frame.ctx, inner)
        for inner in inner_values(value)
    )


def is_used(frame: Frame, made: tree.Assign, name: str) -> bool:
    """Whether any code may read a variable of a module: in that file, or in one that imports it."""
    project = frame.ctx.project
    besides = [statement for statement in project.body(frame.path) if statement is not made]
    if any(isinstance(node, tree.Name) and node.id == name for node in nodes_in(besides)):
        return True
    others = (path for path in project.mentioning(name) if path != frame.path)
    return any(_may_import(frame.ctx, path, frame.path, name) for path in others)


def _may_import(ctx: Context, path: str, module: str, name: str) -> bool:
    """Whether a file imports a name from anywhere, or mentions it as an attribute of a module."""
    for node in nodes_in(ctx.project.body(path)):
        match node:
            case tree.Import(bindings=bindings):
                if any(binding.name == name or binding.local == "*" for binding in bindings):
                    return True
            case tree.Attr(name=found, value=owner) if found == name and dotted(owner):
                if names.dotted_value(ctx, path, dotted(owner)) == ModuleValue(module):
                    return True
    return False


def _report_scoped(frame: Frame, target: tree.Name, made: tree.Call) -> None:
    scope = written_argument(made, 1, "scopefunc")
    if scope is None or not _is_used(frame.ctx, target.id):
        return
    value = names.dotted_value(frame.ctx, frame.path, dotted(scope)) if dotted(scope) else None
    if isinstance(value, Library) and value.dotted in _OF_THREADS:
        frame.emit_event(GlobalSession(*frame.at(target), f"of {target.id}", for_message(made), ""))
    elif not frame.ctx.query(("removes scoped sessions",), lambda: _may_remove(frame.ctx), True):
        frame.emit_event(SessionLeftOpen(*frame.at(made), target.id, "scope"))


def _is_used(ctx: Context, name: str) -> bool:
    """Whether a function of the project mentions a variable of a module."""
    return any(
        isinstance(function, tree.FunctionDef)
        and any(
            (isinstance(node, tree.Name) and node.id == name)
            or (isinstance(node, tree.Attr) and node.name == name)
            for node in nodes_in(function.body)
        )
        for path in ctx.project.mentioning(name)
        for function in nodes_in(ctx.project.body(path))
    )


def _may_remove(ctx: Context) -> bool:
    """Whether any code calls ``remove()`` without an argument, or accesses a registry."""
    for path in sorted({*ctx.project.mentioning("remove"), *ctx.project.mentioning("registry")}):
        for node in nodes_in(ctx.project.body(path)):
            match node:
                case tree.Call(func=tree.Attr(name="remove"), args=[], keywords=[]):
                    return True
                case tree.Attr(name="registry"):
                    return True
                case tree.Call(args=args) if any(
                    isinstance(part, tree.Attr) and part.name == "remove" for part in args
                ):
                    return True  # a callback
    return False
