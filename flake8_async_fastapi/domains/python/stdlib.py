"""Functions of the standard library that return, wrap or inspect functions and types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine import stand_ins
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes, functions, names, type_hints
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    Library,
    Member,
    Object,
    OneOf,
    Partial,
    Plain,
    Unknown,
    Value,
    called_name,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts.tree import Binding
from flake8_async_fastapi.facts.walk import dotted, written_argument


def model_partial(site: CallSite) -> Value:
    """The value of ``functools.partial(function, ...)``."""
    arguments = site.arguments
    if not arguments.args or arguments.opaque:
        return UNKNOWN
    return Partial(arguments.args[0], arguments.args[1:], arguments.keywords)


def model_context_manager(site: CallSite) -> Value:
    """The value of ``contextlib.asynccontextmanager(f)``, which is seldom called by hand."""
    first = model_first_argument(site)
    return functions.as_context_manager(called_name(site.callee), first)


def model_wraps(site: CallSite) -> Value:
    """The value of ``functools.wraps(f)``: a decorator that changes nothing."""
    return Library("functools.wraps.decorator")


def model_first_argument(site: CallSite) -> Value:
    """The result of a function that returns its first argument."""
    return site.arguments.args[0] if site.arguments.args else UNKNOWN


def model_static_method(site: CallSite) -> Value:
    """The value of ``name = staticmethod(f)`` in the body of a class: no instance is passed."""
    first = model_first_argument(site)
    if isinstance(first, Function):
        return replace(first, is_static=True)
    return first if isinstance(first, (Object, Partial)) else UNKNOWN


def make_typed_dict(frame: Frame, cls: ClassValue, arguments: Arguments, _: Place) -> Value | None:
    """The dictionary that a call of a ``TypedDict`` makes; None for other classes."""
    if not cls.node.bases or not arguments.keywords or arguments.args or arguments.opaque:
        return None
    if not classes.derives_from(frame.ctx, cls, _TYPED_DICTS):
        return None
    items = tuple(value for _, value in arguments.keywords)
    if any(map(holds_coroutine, items)):
        return None
    return Collection("dict", items=items, keys=tuple(name for name, _ in arguments.keywords))


_TYPED_DICTS: Final = frozenset({"typing.TypedDict", "typing_extensions.TypedDict"})


def model_import_module(site: CallSite) -> Value:
    """The module that ``importlib.import_module("a.b")`` returns, as ``import a.b as c`` binds it."""
    given = site.arguments.get(0, "name")
    asked = given.value if isinstance(given, Const) else None
    if not isinstance(asked, str) or not asked.strip("."):
        return UNKNOWN
    below = asked.lstrip(".")
    level = len(asked) - len(below)
    if level and not _is_relative_to_caller(site):
        return UNKNOWN
    binding = Binding("", below, None, level)
    return names.target_value(site.frame.ctx, site.frame.ctx.project.target(site.frame.path, binding))


def _is_relative_to_caller(site: CallSite) -> bool:
    """Whether the second argument of ``import_module`` names the package of the file that calls it."""
    node = site.frame.current_call
    package = written_argument(node, 1, "package") if node is not None else None
    name = dotted(package) if package is not None else ""
    return name == "__package__" or (name == "__name__" and site.frame.path.endswith("__init__.py"))


def model_is_coroutine_function(site: CallSite) -> Value:
    """The result of ``inspect.iscoroutinefunction(f)``."""
    first = model_first_argument(site)
    if isinstance(first, Function):
        return Const(first.is_async and not first.is_generator)
    return Plain("bool")


def model_cast(site: CallSite) -> Value:
    """The result of ``typing.cast(type, value)``: the value, or the type if the value is less precise."""
    given = site.arguments.get(1, "val") or UNKNOWN
    if not _says_only_type(given):
        return given
    node = site.frame.current_call
    if node is None or (node.line, node.col) != (site.place.line, site.place.col) or not node.args:
        return given
    named = type_hints.declared_value(site.frame, site.frame.state, node.args[0])
    fake = stand_ins.is_stand_in(given, named, lambda cls: classes.mro(site.frame.ctx, cls))
    return given if fake or isinstance(named, Unknown) else named


def _says_only_type(value: Value) -> bool:
    """Whether only a type is known of a value; then a cast may know better."""
    match value:
        case Unknown() | Plain():
            return True
        case Object(arguments=(), origin=None, detail=None):
            return True
        case Instance(attributes=None, location=None, exact=exact):
            return not exact
        case Collection(item=Unknown(), items=None):
            return True
        case OneOf(values=values):
            return all(_says_only_type(option) or option == NONE for option in values)
    return False


def model_new_type(site: CallSite) -> Value:
    """The value of ``typing.NewType(name, type)``, which is used like the type."""
    return site.arguments.get(1, "tp") or UNKNOWN


_ROW: Final = "collections.namedtuple.row"


def model_named_tuple(site: CallSite) -> Value:
    """The class that ``namedtuple(name, fields)`` or ``NamedTuple(name, [(field, type)])`` creates."""
    given = site.arguments.get(1, "field_names") or site.arguments.get(1, "fields")
    names = _field_names(given) if given is not None else ()
    if not names or "defaults" in dict(site.arguments.keywords):
        return UNKNOWN
    return Partial(Library(_ROW), (Collection("tuple", items=tuple(map(Const, names))),), ())


def _field_names(given: Value) -> tuple[str, ...]:
    """The names in a list, a list of pairs or a text; empty if one of them is not known."""
    if isinstance(given, Const) and isinstance(given.value, str):
        return tuple(given.value.replace(",", " ").split())
    items = given.items or () if isinstance(given, Collection) else ()
    firsts = [item.items[0] if isinstance(item, Collection) and item.items else item for item in items]
    names = tuple(one.value for one in firsts if isinstance(one, Const) and isinstance(one.value, str))
    return names if len(names) == len(firsts) else ()


def model_row(site: CallSite) -> Value:
    """The value of a call of a class that ``namedtuple`` created."""
    names, *args = site.arguments.args
    keywords = dict(site.arguments.keywords)
    if not isinstance(names, Collection) or site.arguments.opaque:
        return UNKNOWN
    fields = [one.value for one in names.items or () if isinstance(one, Const)]
    values = dict(zip(fields, args, strict=False)) | keywords
    if set(values) != set(fields):
        return UNKNOWN
    return Collection("row", items=tuple(values[name] for name in fields), keys=tuple(map(str, fields)))


def model_get_of_context(site: CallSite) -> Value | None:
    """The value of ``variable.get()``, of the type that the annotation of the variable declares."""
    assert isinstance(site.callee, Member)
    return site.callee.receiver.argument("0")


CALLS: Final[Mapping[str, CallModel]] = {
    **dict.fromkeys(functions.CONTEXTS, model_context_manager),
    "functools.partial": model_partial,
    "builtins.staticmethod": model_static_method,
    "functools.wraps": model_wraps,
    "importlib.import_module": model_import_module,
    "functools.wraps.decorator": model_first_argument,
    "asyncio.iscoroutinefunction": model_is_coroutine_function,
    "inspect.iscoroutinefunction": model_is_coroutine_function,
    "typing.cast": model_cast,
    "typing_extensions.cast": model_cast,
    "typing.assert_type": model_first_argument,
    "typing_extensions.assert_type": model_first_argument,
    "typing.reveal_type": model_first_argument,
    "typing_extensions.reveal_type": model_first_argument,
    "typing.NewType": model_new_type,
    "collections.namedtuple": model_named_tuple,
    "typing.NamedTuple": model_named_tuple,
    _ROW: model_row,
}
METHODS: Final[Mapping[str, CallModel]] = {f"{type_hints.CONTEXT_VARIABLE}.get": model_get_of_context}
