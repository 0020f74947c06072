"""Classes of the project: bases, members, attributes of their instances, construction."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.assignments import (
    attributes_assigned_in,
    attributes_emptied_in,
    attributes_filled_in,
    attributes_set_in,
    variable_made_in,
)
from flake8_async_fastapi.engine.bindings import in_class_body
from flake8_async_fastapi.engine.containers import is_bare
from flake8_async_fastapi.engine.fields import given_fields
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.joins import join_bindings, union
from flake8_async_fastapi.engine.machine import (
    expressions,
    functions,
    implementations,
    library_calls,
    names,
    summaries,
    type_hints,
)
from flake8_async_fastapi.engine.queries import ASSIGNED_ATTRIBUTE
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Super,
    TextPrefix,
    Unknown,
    Value,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import flat


def mro(ctx: Context, cls: ClassValue) -> tuple[Value, ...]:
    """The class and its bases in the order of lookup: project classes, library names, unknown."""
    return ctx.query(("mro", cls), lambda: tuple(_mro(ctx, cls)), (cls, UNKNOWN))


def _mro(ctx: Context, cls: ClassValue) -> Iterator[Value]:
    seen: dict[Value, None] = {cls: None}
    for base in bases(ctx, cls):
        found = mro(ctx, base) if isinstance(base, ClassValue) else (base,)
        for ancestor in found:
            seen.pop(ancestor, None)  # a shared base of two branches comes after both
            seen[ancestor] = None
    yield cls
    yield from (ancestor for ancestor in seen if ancestor != cls)


def bases(ctx: Context, cls: ClassValue) -> list[Value]:
    """The values of the bases as written, without generic parameters."""
    frame = class_frame(ctx, cls)
    found = []
    for base in cls.node.bases:
        written = base.value if isinstance(base, tree.Subscript) else base
        value = expressions.evaluate(frame, State(), written)
        ignored = isinstance(value, Library) and value.dotted in _STRUCTURAL
        if not ignored:
            found.append(value if isinstance(value, (ClassValue, Library)) else UNKNOWN)
    return found


_STRUCTURAL = frozenset(
    {"typing.Generic", "typing.Protocol", "typing_extensions.Protocol", "abc.ABC", "builtins.object",
     "typing_extensions.Generic"}
)  # fmt: skip


def library_base(ctx: Context, cls: ClassValue) -> Object | None:
    """The library type that instances of the class also have, if the tables know one."""
    for base in mro(ctx, cls):
        if isinstance(base, Library) and knowledge.library_type(base.dotted) is not None:
            return Object(base.dotted)
        if isinstance(base, Unknown):
            return None
    return None


def is_closed(ctx: Context, cls: ClassValue) -> bool:
    """Whether all bases are classes of the project: then there are no other attributes."""
    return all(isinstance(base, ClassValue) for base in mro(ctx, cls))


def derives_from(ctx: Context, cls: ClassValue, roots: frozenset[str]) -> bool:
    """Whether one of the library classes named is a base."""
    return any(isinstance(base, Library) and base.dotted in roots for base in mro(ctx, cls))


def body_bindings(ctx: Context, cls: ClassValue, name: str) -> list[Stmt]:
    """The statements in the body of the class that bind a name; an alias of a method counts as the method."""
    return ctx.derive(("class body", cls), lambda: in_class_body(cls.node)).get(name, [])


def has_member(ctx: Context, cls: ClassValue, name: str) -> bool:
    """Whether the class or one of its project bases defines a name in its body."""
    return any(isinstance(base, ClassValue) and body_bindings(ctx, base, name) for base in mro(ctx, cls))


def instance_attribute(ctx: Context, instance: Instance, name: str) -> Value:
    """The value of an attribute of an instance; a method is bound to the instance."""
    for assigned, value in instance.attributes or ():
        if assigned == name and not is_none(value) and not isinstance(value, Unknown):
            return value
    key = ("attribute", instance, name)
    return ctx.query(key, lambda: _look_up_member(ctx, instance, name, mro(ctx, instance.cls)), UNKNOWN)


def _look_up_member(ctx: Context, instance: Instance, name: str, order: tuple[Value, ...]) -> Value:
    for base in order:
        if isinstance(base, ClassValue):
            found = body_bindings(ctx, base, name)
            if found and isinstance(found[-1], tree.FunctionDef):
                if name in assigned_names(ctx, instance.cls) or _is_sync_and_async(found):
                    return UNKNOWN  # which one applies depends on the object
                if order[0] == instance.cls:  # `super()` means none of its subclasses
                    behind = implementations.only_implementation(ctx, instance, found[-1])
                    if behind is not None:
                        return instance_attribute(ctx, behind, name)
                return _bind_method(ctx, base, found, instance)
            elif found and not (isinstance(found[-1], tree.Assign) and found[-1].value is None):
                break  # what a class sets, not only declares, hides the methods of its bases
        elif isinstance(base, Library):
            if knowledge.lacks(base.dotted, name):
                continue
            member = knowledge.member(base.dotted, name)
            if member is not None:
                return Member(Object(base.dotted), name)
            if knowledge.library_type(base.dotted) is None:
                break
        else:
            break
    return _data_attribute(ctx, instance, name) if order and order[0] == instance.cls else UNKNOWN


def _is_sync_and_async(found: list[Stmt]) -> bool:
    """Whether a class defines a method both with ``def`` and with ``async def``."""
    return len({method.is_async for method in found if isinstance(method, tree.FunctionDef)}) > 1


def assigned_names(ctx: Context, cls: ClassValue) -> frozenset[str]:
    """The attributes that methods of the class and its bases assign on their receiver."""

    def collect() -> frozenset[str]:
        own = {
            name
            for statement in flat(cls.node.body)
            if isinstance(statement, tree.FunctionDef)
            for name in attributes_assigned_in(ctx, cls.path, statement)
        }
        above = (assigned_names(ctx, base) for base in mro(ctx, cls)[1:] if isinstance(base, ClassValue))
        return frozenset(own).union(*above)

    return ctx.query(("assigned names", cls), collect, frozenset())


def super_attribute(ctx: Context, value: Super, name: str) -> Value:
    """An attribute of ``super()``: looked up from the class after the one whose method calls it."""
    cls = value.receiver.cls if isinstance(value.receiver, Instance) else value.receiver
    order = mro(ctx, cls)
    after = order[order.index(value.owner) + 1 :] if value.owner in order else ()
    if isinstance(value.receiver, Instance):
        return _look_up_member(ctx, value.receiver, name, after)
    for base in after:
        if isinstance(base, ClassValue):
            found = body_bindings(ctx, base, name)
            if found:
                return _body_value(ctx, base, found[-1], name, cls, declared_only=False)
    return UNKNOWN


def has_other_method(ctx: Context, instance: Instance, function: Function) -> bool:
    """Whether an instance has another method with the name of one that ``super()`` returned."""
    found = instance_attribute(ctx, instance, function.name)
    return not isinstance(found, Function) or found.key != function.key


def property_getter(ctx: Context, instance: Instance, name: str) -> Function | None:
    """The getter of a property of an instance, bound to it; None if there is none."""
    for base in mro(ctx, instance.cls):
        found = body_bindings(ctx, base, name) if isinstance(base, ClassValue) else []
        if isinstance(base, ClassValue) and found:
            node = next((one for one in found if isinstance(one, tree.FunctionDef)), None)
            if node is None or binding_kind(ctx, base, node) != "property":
                return None
            return functions.as_method(base, node, instance)
    return None


def _bind_method(ctx: Context, owner: ClassValue, found: list[Stmt], instance: Instance) -> Value:
    node = found[-1]
    assert isinstance(node, tree.FunctionDef)
    how = binding_kind(ctx, owner, node)
    if how == "property":
        if any(isinstance(statement, tree.FunctionDef) and statement is not node for statement in found):
            node = next(statement for statement in found if isinstance(statement, tree.FunctionDef))
        getter = functions.as_method(owner, node, instance)
        return functions.property_value(class_frame(ctx, owner), getter, getter.key)
    if not instance.exact and ctx.project.overrides_colour(instance.cls.name, node):
        return UNKNOWN
    receiver: Value | None = instance
    if how == "static":
        receiver = None
    elif how == "class":
        receiver = instance.cls
    method = functions.define_function(class_frame(ctx, owner), node, owner, receiver)
    return replace(method, is_static=True) if how == "static" and isinstance(method, Function) else method


def binding_kind(ctx: Context, owner: ClassValue, node: tree.FunctionDef) -> str:
    """How a method is bound: ``property``, ``class``, ``static``, or empty for the usual way."""
    if not node.decorators:
        return ""
    key = ("binding", owner, node.line, node.col)
    return ctx.query(key, lambda: _binding_by_decorators(ctx, owner, node), "")


def _binding_by_decorators(ctx: Context, owner: ClassValue, node: tree.FunctionDef) -> str:
    frame = class_frame(ctx, owner)
    for decorator in node.decorators:
        value = expressions.evaluate(frame, State(), decorator)
        if isinstance(value, Library):
            if knowledge.makes_property(value.dotted):
                return "property"
            if value.dotted in ("builtins.classmethod", "builtins.staticmethod"):
                return value.dotted.removeprefix("builtins.").removesuffix("method")
        if isinstance(decorator, tree.Attr) and decorator.name in ("setter", "getter", "deleter"):
            return "property"
    return ""


def method_of_class(ctx: Context, function: Function, cls: ClassValue) -> Function:
    """A function of a class body, bound as in a call."""
    assert isinstance(function.node, tree.FunctionDef)
    how = binding_kind(ctx, cls, function.node)
    receiver: Value | None = Instance(cls)
    if how == "static":
        receiver = None
    elif how == "class" or function.name == "__new__":
        receiver = cls
    return functions.as_function(function.path, function.node, cls, receiver, cls.closure)


def _data_attribute(ctx: Context, instance: Instance, name: str) -> Value:
    value = _value_of_methods(ctx, instance.cls, name)
    if isinstance(value, Unknown):
        value = class_attribute(ctx, instance.cls, name, declared_only=True)
    elif is_bare(value):
        key = "filled", instance.cls, name
        filled = ctx.query(key, lambda: _filled_container(ctx, instance.cls, name), UNKNOWN)
        return filled if isinstance(filled, Collection) else value
    return ctx.hooks.models.fill(ctx, instance.cls.path, instance.cls, name, value)


def _filled_container(ctx: Context, cls: ClassValue, name: str) -> Value:
    """A container to which methods of a class add items, with these; unknown if none does.

    If other files mention the attribute, they may add more.
    """
    values = []
    for base in mro(ctx, cls):
        methods = flat(base.node.body) if isinstance(base, ClassValue) else ()
        for one in (each for each in methods if isinstance(each, tree.FunctionDef)):
            if isinstance(base, ClassValue) and name in attributes_filled_in(ctx, base.path, one):
                method = functions.as_method(base, one, Instance(cls))
                values.append(summaries.assigned_value(ctx, method, name))
    if not values or any(path != cls.path for path in ctx.project.mentioning(name)):
        return UNKNOWN
    return join_bindings(values)


def _value_of_methods(ctx: Context, cls: ClassValue, name: str) -> Value:
    key = ASSIGNED_ATTRIBUTE, cls, name
    return ctx.query(key, lambda: _assigned_attribute(ctx, cls, name), UNKNOWN)


def _assigned_attribute(ctx: Context, cls: ClassValue, name: str) -> Value:
    """The value that the methods of the class assign to ``self.name``, in any of them, or None at times.

    If they assign nothing else, it is what they declare it to be.
    """
    if name not in assigned_names(ctx, cls) or ctx.is_in_wide_circle((ASSIGNED_ATTRIBUTE, cls, name)):
        return UNKNOWN
    for base in mro(ctx, cls):
        if not isinstance(base, ClassValue):
            continue
        path, body = base.path, flat(base.node.body)
        methods = [one for one in body if isinstance(one, tree.FunctionDef)]
        assigning = [one for one in methods if name in attributes_assigned_in(ctx, path, one)]
        if not assigning:
            continue
        setting = [one for one in assigning if name in attributes_set_in(ctx, path, one)]
        found = join_bindings([_assigned_by(ctx, cls, base, one, name) for one in setting or assigning])
        is_empty = any(name in attributes_emptied_in(ctx, path, one) for one in assigning)
        return found if isinstance(found, Unknown) or not is_empty else union([found, NONE])
    return UNKNOWN


def _assigned_by(
    ctx: Context, cls: ClassValue, base: ClassValue, node: tree.FunctionDef, name: str
) -> Value:
    """The value that a method assigns to an attribute: that of the constructor, with the class's defaults."""
    maker = _initialiser(ctx, Instance(cls)) if node.name == "__init__" else None
    by_maker = UNKNOWN if maker is None else summaries.assigned_value(ctx, maker, name)
    if not isinstance(by_maker, Unknown):
        return by_maker
    method = functions.as_method(base, node, cls if variable_made_in(node) else Instance(cls))
    return implementations.value_assigned_by(ctx, method, name)


def class_attribute(ctx: Context, cls: ClassValue, name: str, *, declared_only: bool = False) -> Value:
    """The value of an attribute of the class itself, or the declared type of one of its instances."""
    for base in mro(ctx, cls):
        if isinstance(base, ClassValue):
            found = body_bindings(ctx, base, name)
            if found:
                value = _body_value(ctx, base, found[-1], name, cls, declared_only=declared_only)
                is_open = isinstance(value, Unknown) and not declared_only
                return _value_of_methods(ctx, cls, name) if is_open else value
        elif isinstance(base, Library) and not declared_only:
            if knowledge.lacks(base.dotted, name):
                continue
            member = knowledge.member(base.dotted, name)
            if member is not None and member.kind == "property":
                return library_calls.value_of_type(member.returns)
            return UNKNOWN if member is None else Library(f"{base.dotted}.{name}")
    return UNKNOWN


def _body_value(
    ctx: Context, owner: ClassValue, statement: Stmt, name: str, cls: ClassValue, *, declared_only: bool
) -> Value:
    frame, state = class_frame(ctx, owner), State()
    frame.receiver = Instance(cls)  # binds the type variables in its annotations
    match statement:
        case tree.FunctionDef():
            receiver = cls if binding_kind(ctx, owner, statement) == "class" else None
            return functions.define_function(frame, statement, owner, receiver)
        case tree.ClassDef():
            return names.class_value(owner.path, statement, owner.closure)
        case tree.Import():
            return names.imported_value(ctx, owner.path, statement, name)
        case tree.Assign(value=None, annotation=annotation) if annotation is not None:
            return type_hints.declared_value(frame, state, annotation)
        case tree.Assign(value=value, annotation=annotation) if value is not None:
            key = ("assigned in body", owner, cls, statement.line, statement.col)
            assigned = ctx.query(key, lambda: expressions.evaluate(frame, state, value), UNKNOWN)
            if isinstance(assigned, TextPrefix):  # the default of a setting
                return UNKNOWN if hints.rewrites_fields(cls.node.body) else assigned
            plain = is_none(assigned) or isinstance(assigned, Unknown)
            is_fixed = isinstance(assigned, Collection) and assigned.kind == "tuple"
            if annotation is not None and (plain or (declared_only and not is_fixed)):
                return type_hints.declared_value(frame, state, annotation)
            return UNKNOWN if plain or (declared_only and ctx.hooks.models.hides(assigned)) else assigned
    return UNKNOWN


def construct_instance(frame: Frame, cls: ClassValue, arguments: Arguments) -> Value:
    """An instance, with the attributes set by its constructor or its fields."""
    if hints.has_abstract_method(cls):
        return Instance(cls)
    initialiser = _initialiser(frame.ctx, Instance(cls, (), exact=True))
    if initialiser is not None:
        return functions.run_initialiser(frame, initialiser, arguments)
    order = mro(frame.ctx, cls)
    return Instance(cls, None if UNKNOWN in order else given_fields(order, arguments), exact=True)


def _initialiser(ctx: Context, me: Instance) -> Function | None:
    """The ``__init__`` that creates an object, bound to it; None if it may be a library's."""
    for base in mro(ctx, me.cls):
        found = body_bindings(ctx, base, "__init__") if isinstance(base, ClassValue) else []
        if isinstance(base, ClassValue) and found and isinstance(found[-1], tree.FunctionDef):
            return functions.as_method(base, found[-1], me)
        if isinstance(base, Unknown):
            break
    return None
