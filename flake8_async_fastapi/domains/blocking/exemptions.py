"""Code that may block: code that runs once, before or after the application serves requests, and tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath as Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.blocking.caches import place_text
from flake8_async_fastapi.domains.blocking.own_runners import STARTERS, name_called, own_runners
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import asks_for_main, path_of
from flake8_async_fastapi.engine.values import ClassValue, Function, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import all_nodes, nodes_in, parts_of
from flake8_async_fastapi.knowledge.blocking import RUN_ONCE
from flake8_async_fastapi.project.modules import is_test, module_folder
from flake8_async_fastapi.project.views import view

_MOST_STEPS: Final = 8


def is_cached_or_allowed(ctx: Context, function: Function) -> bool:
    """Whether the effects of a function do not matter: it caches its result, or the settings allow it."""
    settings = ctx.settings
    if settings.allowed or settings.offloaders:
        name = dotted_name(function)
        if settings.allows(name) or settings.is_offloader(name):
            return True
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not node.decorators:
        return False
    frame = Frame(ctx, function.path, node.qualname, closure=function.closure)
    return ctx.query(("runs once", function.key), lambda: _has_decorator(frame, node, RUN_ONCE), False)


def is_cached_property(ctx: Context, owner: ClassValue, node: tree.FunctionDef) -> bool:
    """Whether a property caches its result."""
    return _has_decorator(class_frame(ctx, owner), node, RUN_ONCE | {"functools.cached_property"})


def _has_decorator(frame: Frame, node: tree.FunctionDef, names: frozenset[str]) -> bool:
    for decorator in node.decorators:
        written = decorator.func if isinstance(decorator, tree.Call) else decorator
        value = expressions.evaluate(frame, State(), written)
        if isinstance(value, Library) and value.dotted in names:
            return True
    return False


def dotted_name(function: Function) -> str:
    """The dotted name of a function of the project, relative to the project's root."""
    node = function.node
    name = node.qualname if isinstance(node, tree.FunctionDef) else "<lambda>"
    return f"{module_folder(function.path).replace('/', '.')}.{name}".removeprefix("src.")


def is_mentioned(ctx: Context, dotted_type: str) -> bool:
    """Whether any file of the project imports a type or mentions its name."""
    module, _, name = dotted_type.rpartition(".")
    plain = name[:1].isupper() and not name.startswith("Async")  # the sync type has the same name
    return ctx.project.is_imported(module) if plain else bool(ctx.project.mentioning(name))


# --- start-up and tests ----------------------------------------------------------------------


def runs_before_serving(ctx: Context, path: str, qualname: str) -> bool:
    """Whether a function runs only while no request waits: in tests, at start-up, in a script's main
    block.
    """
    if is_test(path) or "pytest" in ctx.project.imports_of(path):
        return True
    return ctx.query(
        ("off duty", path, qualname), lambda: _is_used_at_start_up(ctx, path, qualname, 0), False
    )


def _is_used_at_start_up(ctx: Context, path: str, qualname: str, depth: int) -> bool:
    """Whether all uses of a coroutine function are at start-up, except for those in tests."""
    owner, _, last = qualname.rpartition(".")
    if depth > _MOST_STEPS or not last.isidentifier():
        return False
    uses = [use for use in _uses_of_name(ctx, path, last, owner.rpartition(".")[2]) if not is_test(use[0])]
    if all((where, user) == (path, qualname) for where, user, _ in uses):
        return False
    if owner and any(how == "start-up" for _, _, how in uses):
        return True  # other classes have a method of this name, which may be started elsewhere
    for where, user, how in uses:
        if how in ("start-up", "bridged"):
            continue
        if how != "awaited" or user is None:
            return False
        if (where, user) != (path, qualname) and not _is_used_at_start_up(ctx, where, user, depth + 1):
            return False
    return True


_UseOfName = tuple[str, "str | None", str]
"""A file, the coroutine function in it that uses something (None for other places), and how."""


@view
def _names_imported(body: list[Stmt]) -> frozenset[str]:
    """The names that a file imports, anywhere in it."""
    bindings = [node for node in all_nodes(body) if isinstance(node, tree.Binding)]
    return frozenset(word for binding in bindings for word in (binding.local, binding.name) if word)


def _uses_of_name(ctx: Context, home: str, name: str, owner: str) -> tuple[_UseOfName, ...]:
    """All places that mention a name of the file ``home``, except for its definition and imports.

    A method is looked for in the files that also mention its class, because other classes have methods of
    the same name. A function is looked for in its own module and in the files that import either.
    """
    module = Path(home).stem if Path(home).stem != "__init__" else Path(home).parent.name

    def find() -> tuple[_UseOfName, ...]:
        found: dict[_UseOfName, None] = {}
        of_owner = frozenset(ctx.project.mentioning(owner)) if owner else None
        for path in ctx.project.mentioning(name):
            if of_owner is None or path in of_owner:
                imported = ctx.project.view(path, _names_imported)
                bare = bool(owner) or path == home or not imported.isdisjoint((name, "*"))
                attribute = bool(owner) or (path != home and not imported.isdisjoint((module, "*")))
                wanted = _SoughtName(name, bare, attribute, own_runners(ctx))
                is_program = ctx.project.view(path, _is_program)
                for statement in ctx.project.view_of(path, _statements_by_name, name) or ():
                    for user, how in _mentions_of(statement, wanted, None):
                        # a function that runs a coroutine in a script runs it at once
                        starts = how == "passed" and user is None and is_program
                        found[path, user, "start-up" if starts else how] = None
        return tuple(found)

    return ctx.query(("uses", home, name, owner), find, ())


@view
def _is_program(body: list[Stmt]) -> bool:
    return any(isinstance(part, tree.If) and asks_for_main(part.test) for part in body)


@view
def _statements_by_name(body: list[Stmt]) -> dict[str, list[object]]:
    """The statements of a file, by the names that they mention."""
    found: dict[str, list[object]] = {}
    for statement in body:
        for part in _parts_apart(statement):
            for name in frozenset(_names_in(part)):
                found.setdefault(name, []).append(part)
    return found


def _parts_apart(statement: Stmt) -> Iterator[object]:
    """A statement; of a class what is around its body, and the statements of the body."""
    if isinstance(statement, tree.ClassDef):
        yield [part for part in parts_of(statement) if part is not statement.body]
        for inner in statement.body:
            yield from _parts_apart(inner)
    else:
        yield statement


def _names_in(code: object) -> Iterator[str]:
    for node in all_nodes(code):
        if isinstance(node, tree.Name):
            yield node.id
        elif isinstance(node, (tree.Attr, tree.FunctionDef)):
            yield node.name


_USES_RESULT: Final = (tree.ExprStmt, tree.Assign, tree.Attr, tree.Subscript)
_SPAWNERS: Final = frozenset(
    {"create_task", "ensure_future", "gather", "start_soon", "run_coroutine_threadsafe", "add_task", "wait"}
)
_REGISTRARS: Final = frozenset({"lifespan", "on_startup", "on_shutdown", "lifespan_context"})


class _SoughtName(Struct, frozen=True):
    """A name that is looked for: it may occur ``bare``, or as an ``attribute``.

    The items of a list of the ``awaited`` names are called one after the other. ``me`` is the first
    parameter of the plain method around. ``runners`` are functions that start a loop for their arguments.
    """

    text: str
    bare: bool
    attribute: bool
    runners: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    me: str = ""


def _mentions_of(code: object, name: _SoughtName, user: str | None) -> Iterator[tuple[str | None, str]]:
    """The places where code mentions a name: awaited on the spot, at start-up, or in another way.

    A plain method that runs a coroutine of its own object is a bridge for sync callers. It does not mean
    that there are no other callers.
    """
    if isinstance(code, tree.FunctionDef):
        own = name.bare and code.name == name.text
        if own and any(_registers_start_up(decorator) for decorator in code.decorators):
            yield user, "start-up"
        for param in code.params:
            yield from _mentions_of(param, name, user)
        yield from _mentions_of(code.decorators, name, user)
        me = code.params[0].name if code.params and not code.is_async else ""
        inside = replace(name, me=me)
        if code.is_async:
            inside = replace(inside, awaited=frozenset(_lists_awaited_in_turn(code.body)))
        yield from _mentions_of(code.body, inside, code.qualname if code.is_async else None)
    elif isinstance(code, tree.Assign) and code.value is not None and any(map(_is_lifespan, code.targets)):
        if _is_name(code.value, name):
            yield user, "start-up"
        else:
            yield from _mentions_of(code.value, name, user)
    elif isinstance(code, tree.Assign) and isinstance(code.value, tree.Display) and name.awaited:
        is_awaited = any(place_text(target) in name.awaited for target in code.targets)
        for _, how in _mentions_of(code.value, name, user):
            yield user, "awaited" if is_awaited else how
    elif isinstance(code, tree.Await) and isinstance(code.value, tree.Call):
        call = code.value
        if _is_name(call.func, name):
            yield user, "awaited"
        else:
            yield from _mentions_of(call.func, name, user)
        yield from _mentions_of(call.args, name, user)
        yield from _mentions_of(call.keywords, name, user)
    elif isinstance(code, tree.Call):
        yield from _mentions_in_call(code, name, user)
    elif isinstance(code, _USES_RESULT) and _is_call_of(code.value, name):
        # its result is used without await: another function of the same name
        assert isinstance(code.value, tree.Call)
        yield from _mentions_of([code.value.args, code.value.keywords], name, user)
    elif isinstance(code, (tree.Name, tree.Attr)) and _is_name(code, name):
        yield user, "other"
    elif isinstance(code, tree.With) and code.is_async:
        for item in code.items:
            made = item.context.func if isinstance(item.context, tree.Call) else item.context
            if _is_name(made, name):  # a lifespan that enters another lifespan
                yield user, "awaited"
            else:
                yield from _mentions_of(item.context, name, user)
        yield from _mentions_of(code.body, name, user)
    else:
        for part in parts_of(code):
            is_other = isinstance(part, tree.Const) or (isinstance(part, tree.Name) and part.id != name.text)
            if part and not is_other:  # neither None nor an empty list
                yield from _mentions_of(part, name, user)


def _mentions_in_call(
    call: tree.Call, name: _SoughtName, user: str | None
) -> Iterator[tuple[str | None, str]]:
    """The mentions of a name in a call: the callee may run it at start-up, or concurrently."""
    called = name_called(call)
    starts = called in STARTERS or called in name.runners
    registers = called == "add_event_handler"
    for argument in call.args:
        made = argument.func if isinstance(argument, tree.Call) else argument
        if (starts or registers) and _is_name(made, name):
            owner = made.value if starts and isinstance(made, tree.Attr) else None
            is_own = isinstance(owner, tree.Name) and owner.id == name.me
            yield user, "bridged" if is_own else "start-up"
        elif isinstance(argument, tree.Call) and _is_name(made, name):
            yield user, "other" if called in _SPAWNERS else "passed"
            yield from _mentions_of(argument.args, name, user)
        else:
            yield from _mentions_of(argument, name, user)
    for keyword in call.keywords:
        listed = keyword.value.items if isinstance(keyword.value, tree.Display) else [keyword.value]
        if keyword.name in _REGISTRARS and any(_is_name(item, name) for item in listed):
            yield user, "start-up"
        else:
            yield from _mentions_of(keyword.value, name, user)
    yield from _mentions_of(call.func, name, user)


def _lists_awaited_in_turn(body: list[Stmt]) -> Iterator[str]:
    """The lists of functions that code calls and awaits one after the other."""
    for node in all_nodes(body):
        if isinstance(node, tree.For) and isinstance(node.target, tree.Name):
            for part in nodes_in(node.body):
                call = part.value if isinstance(part, tree.Await) else None
                called = call.func if isinstance(call, tree.Call) else None
                if isinstance(called, tree.Name) and called.id == node.target.id:
                    yield place_text(node.iter)


def _is_name(expression: Expr, name: _SoughtName) -> bool:
    if isinstance(expression, tree.Name):
        return name.bare and expression.id == name.text
    return name.attribute and isinstance(expression, tree.Attr) and expression.name == name.text


def _is_call_of(expression: Expr | None, name: _SoughtName) -> bool:
    return isinstance(expression, tree.Call) and _is_name(expression.func, name)


def _is_lifespan(target: Expr) -> bool:
    """Whether an assigned function runs at start-up: ``app.router.lifespan_context = lifespan``."""
    return isinstance(target, tree.Attr) and target.name == "lifespan_context"


def _registers_start_up(decorator: Expr) -> bool:
    if not isinstance(decorator, tree.Call):
        return False
    return path_of(decorator.func).rpartition(".")[2] in ("on_event", "command")
