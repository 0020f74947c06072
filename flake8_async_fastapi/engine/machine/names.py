"""The meaning of a name: a variable, a name of the module, an import, a builtin."""

from __future__ import annotations

import builtins

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import bindings, containers, hints
from flake8_async_fastapi.engine.containers import named_items, without_emptiness
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import join_bindings, union
from flake8_async_fastapi.engine.machine import (
    attributes,
    classes,
    definitions,
    expressions,
    functions,
    protocols,
    summaries,
    targets,
    type_hints,
)
from flake8_async_fastapi.engine.obligations import check_use
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    ClassValue,
    Closure,
    Collection,
    Const,
    Folder,
    Library,
    ModuleValue,
    Unknown,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.project.targets import (
    FolderTarget,
    LibraryTarget,
    ModuleTarget,
    NameTarget,
    Target,
)

_BUILTINS = frozenset(dir(builtins))


def look_up_name(frame: Frame, state: State, name: str) -> Value:
    """The value of a name at the place of a frame."""
    found = state.env.get(name)
    if found is not None:
        return found
    if frame.closure is not None and (seen := frame.closure.find(name)) is not None:
        return seen
    if frame.language is not None:
        return frame.language.look_up(frame, name)
    return module_value(frame.ctx, frame.path, name)


def module_value(ctx: Context, path: str, name: str) -> Value:
    """The value of a name at module level; for a name bound twice, either value.

    A name that is None at module level has the value that functions set; it is unknown if none does.
    """
    return ctx.query(("name", path, name), lambda: _module_value(ctx, path, name), UNKNOWN)


def _module_value(ctx: Context, path: str, name: str) -> Value:
    found = ctx.project.bindings(path, name)
    if not found:
        return _value_of_unbound_name(ctx, path, name)
    values: list[Value] = []
    for is_top, statement in found:
        before = State({name: join_bindings(values)}) if values else State()
        value = _value_bound_by(ctx, path, statement, name, before)
        if len(found) > 1 and bindings.fails_and_is_replaced(ctx, path, statement, name):
            continue
        values = [value] if is_top and not _is_empty(value) else [*values, value]
    value = bindings.fullest_class(values) or join_bindings(values)
    if all(bindings.is_set_later(statement) for _, statement in found):
        value = _value_set_later(ctx, path, name) or value
    elif isinstance(value, Const) and ctx.project.setters(path, name):
        value = join_bindings([value, _value_set_later(ctx, path, name) or UNKNOWN])
    return ctx.hooks.models.fill(ctx, path, None, name, value) if isinstance(value, Collection) else value


def _value_set_later(ctx: Context, path: str, name: str) -> Value | None:
    """The value that functions of a module assign to one of its names, or None as before; None if unknown."""
    setters = [node for _, node in ctx.project.setters(path, name) if isinstance(node, tree.FunctionDef)]
    values = [summaries.global_value(ctx, functions.as_function(path, node), name) for node in setters]
    found = join_bindings(values)
    return None if isinstance(found, Unknown) else union([found, NONE])


def _is_empty(value: Value) -> bool:
    return value == NONE or isinstance(value, Unknown)


def _value_of_unbound_name(ctx: Context, path: str, name: str) -> Value:
    for target in ctx.project.star_targets(path):
        if isinstance(target, ModuleTarget) and ctx.project.exports(target.path, name):
            value = module_value(ctx, target.path, name)
            if not isinstance(value, Unknown) and value != Library(f"builtins.{name}"):
                return value
        elif isinstance(target, LibraryTarget):
            dotted = knowledge.canonical(f"{target.dotted}.{name}")
            if knowledge.library_type(dotted) or knowledge.function(dotted):
                return Library(dotted)
    if name == "__file__":
        return ctx.hooks.models.text(ctx, name)
    if name in _BUILTINS:
        return Library(f"builtins.{name}")
    return ctx.hooks.models.demand(ctx, ModuleValue(path), name)


def _value_bound_by(ctx: Context, path: str, statement: Stmt, name: str, state: State) -> Value:
    """The value that a statement binds to a name; ``state`` has the previous value of the name."""
    frame = Frame(ctx, path, "")
    match statement:
        case tree.Import():
            return imported_value(ctx, path, statement, name)
        case tree.FunctionDef():
            return functions.define_function(frame, statement, None)
        case tree.ClassDef():
            return class_value(path, statement, None)
        case tree.Assign(value=None, annotation=annotation) if annotation is not None:
            return type_hints.declared_value(frame, state, annotation)
        case tree.Assign(value=value, annotation=annotation) if value is not None:
            found = expressions.evaluate(frame, state, value)
            if annotation is not None and _is_empty(found):
                return type_hints.declared_value(frame, state, annotation)
            if annotation is not None:
                found = type_hints.with_declared_item(frame, state, found, annotation)
            for target in statement.targets:
                targets.assign_target(frame, state, target, without_emptiness(found))
                if isinstance(target, tree.Name) and isinstance(found, Const):
                    state.env[target.id] = found  # also texts, which otherwise count as equal
        case tree.With(items=items):
            for item in items:
                entered = protocols.enter_context(
                    frame, expressions.evaluate(frame, state, item.context), statement.is_async
                )
                if item.target is not None:
                    targets.assign_target(frame, state, item.target, entered)
        case tree.For():
            targets.assign_target(
                frame,
                state,
                statement.target,
                protocols.element_of_iterable(frame, expressions.evaluate(frame, state, statement.iter)),
            )
        case tree.AugAssign():
            return UNKNOWN
    return state.env.get(name, UNKNOWN)


def class_value(path: str, node: tree.ClassDef, closure: Closure | None) -> ClassValue:
    """A class of the project as a value."""
    return ClassValue(path, node, (node.qualname, node.line), closure)


def imported_value(ctx: Context, path: str, statement: tree.Import, name: str) -> Value:
    """The value that an import statement binds to a name."""
    for binding in statement.bindings:
        if binding.local == name:
            return target_value(ctx, ctx.project.target(path, binding))
    return UNKNOWN


def target_value(ctx: Context, target: Target | None) -> Value:
    """The value that an import means."""
    match target:
        case ModuleTarget(path):
            return ModuleValue(path)
        case NameTarget(path, name):
            return module_value(ctx, path, name)
        case FolderTarget(dotted, importer):
            return Folder(dotted, importer)
        case LibraryTarget(dotted):
            return Library(knowledge.canonical(dotted))
    return UNKNOWN


def module_attribute(ctx: Context, module: ModuleValue | Folder, name: str) -> Value:
    """An attribute of a module of the project: a name in it, or a module below it."""
    if isinstance(module, Folder):
        found = ctx.project.find_module(f"{module.dotted}.{name}", module.importer)
        if found is not None:
            return ModuleValue(found)
        return Folder(f"{module.dotted}.{name}", module.importer)
    if ctx.project.binds(module.path, name):
        return module_value(ctx, module.path, name)
    inner = ctx.project.submodule(module.path, name)
    if inner is not None:
        return ModuleValue(inner)
    value = module_value(ctx, module.path, name)
    return UNKNOWN if value == Library(f"builtins.{name}") else value


def unpack_starred(frame: Frame, state: State, written: list[Expr]) -> tuple[list[Value], int]:
    """The values of expressions with ``*iterables`` unpacked, and how many precede one that could not be."""
    values: list[Value] = []
    placed: int | None = None
    for expression in written:
        if isinstance(expression, tree.Starred):
            value = protocols.as_tuple(frame.ctx, expressions.evaluate(frame, state, expression.value))
            if isinstance(value, Collection) and value.items is not None and value.kind != "dict":
                values.extend(value.items)
            else:
                placed = len(values) if placed is None else placed
                values.append(value)
        else:
            values.append(expressions.evaluate(frame, state, expression))
    return values, len(values) if placed is None else placed


def unpack_keywords(
    frame: Frame, state: State, written: list[tree.Keyword]
) -> tuple[list[tuple[str, Value]], bool]:
    """The values of keyword arguments with ``**mappings`` unpacked, and whether all could be."""
    values: list[tuple[str, Value]] = []
    all_known = True
    for keyword in written:
        value = expressions.evaluate(frame, state, keyword.value)
        if keyword.name is not None:
            values.append((keyword.name, value))
            continue
        check_use(frame, value, "unpacked")
        known = named_items(value)
        if known is None:
            all_known = False
            frame.discharge_items(value)
            continue
        later = definitions.keys_added_later(frame, state, keyword.value)
        all_known = all_known and None not in later
        values += [(name, item) for name, item in known if name not in later]
        values += [(name, UNKNOWN) for name in sorted(filter(None, later))]
    return values, all_known


def dotted_value(ctx: Context, path: str, text: str) -> Value:
    """The value of ``a.b.c`` at module level."""
    first, *rest = text.split(".")
    value = module_value(ctx, path, first)
    for name in rest:
        value = attributes.attribute_of(ctx, value, name)
    return value


def key_written(frame: Frame, written: Expr, value: Value) -> str | None:
    """What stands for a key of a dict, as ``containers.key_of``; members of enumerations are keys, too."""
    if isinstance(written, tree.Attr) and isinstance(written.value, tree.Name):
        owner = look_up_name(frame, frame.state, written.value.id)
        if isinstance(owner, ClassValue) and hints.is_enumeration(classes.mro(frame.ctx, owner)):
            return containers.key_of_member(owner, written.name)
    return containers.key_of(written, value)
