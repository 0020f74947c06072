"""Loader options: ``selectinload(...)`` and similar functions, as data.

Source: SQLAlchemy documentation, "Relationship Loading Techniques".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.statements.load_plans import group_of_columns
from flake8_async_fastapi.domains.orm.statements.queries import (
    Directive,
    Entity,
    LoaderOption,
    MappedAttribute,
    Step,
)
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Instance,
    Object,
    Value,
    is_none,
)

LOAD: Final = "sqlalchemy.orm.Load"
ATTRIBUTE: Final = "sqlalchemy.orm.InstrumentedAttribute"
_STRATEGIES: Final = {
    "selectinload": "selectin", "joinedload": "joined", "subqueryload": "subquery", "lazyload": "select",
    "immediateload": "immediate", "noload": "noload", "contains_eager": "contains", "defaultload": "default",
    "raiseload": "raise", "joinedload_all": "joined", "selectin_polymorphic": "",
}  # fmt: skip
_CRITERIA: Final = "with_loader_criteria"
_COLUMNS: Final = {"load_only": "only", "defer": "defer", "undefer": "undefer"}


def mapped_attribute(cls: ClassValue, name: str, alias: object = None) -> Object:
    """``Model.attribute`` as a value."""
    return Object(ATTRIBUTE, detail=MappedAttribute(cls, name, alias))


def alias_attribute(ctx: Context, owner: Object, name: str) -> Value:
    """An attribute of an aliased model."""
    assert isinstance(owner.detail, Entity)
    model = models.mapped_model(ctx, owner.detail.cls)
    name = model.name_of(name) if model is not None else name
    return mapped_attribute(owner.detail.cls, name, owner.detail.alias)


def model_attribute(ctx: Context, owner: ClassValue | Instance, name: str) -> Value | None:
    """An attribute of a model's class, if it is a mapped one."""
    model = models.mapped_model(ctx, owner) if isinstance(owner, ClassValue) else None
    if model is None or not isinstance(owner, ClassValue):
        return None
    name = model.name_of(name)
    return mapped_attribute(owner, name) if name in model.attributes else None


def loader_option(frame: Frame, name: str, arguments: Arguments, origin: Place) -> Value:
    """The value of ``selectinload(...)`` and the other loader functions."""
    return extend_option(frame, LoaderOption((), ()), name, arguments, origin)


def extend_option(
    frame: Frame, option: LoaderOption, name: str, arguments: Arguments, origin: Place
) -> Value:
    """A loader option extended by one more call; unknown if the call is not understood."""
    if name == "Load":
        first = arguments.args[0] if arguments.args else UNKNOWN
        cls, alias = entity_of(first)
        return (
            Object(LOAD, detail=LoaderOption((), (), cls)) if cls is not None and alias is None else UNKNOWN
        )
    if name == "options":
        return _add_nested(option, arguments)
    if name == _CRITERIA:  # it limits what others load
        return Object(LOAD, detail=LoaderOption((), ()))
    if name in _COLUMNS:
        return _add_columns(frame, option, name, arguments, origin)
    group = arguments.get(0, "name")
    if name == "undefer_group" and isinstance(group, Const) and isinstance(group.value, str):
        names = (group_of_columns(group.value),)
        made = Directive(option.path, "undefer", names, base=option.base)
        return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))
    if name in ("undefer_group", "with_expression"):  # the columns are not known
        made = Directive(option.path, "undefer", None, base=option.base)
        return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))
    strategy = _STRATEGIES.get(name)
    if not strategy or not arguments.args or arguments.opaque:
        return UNKNOWN
    if name == "raiseload":
        only = arguments.get(1, "sql_only")
        if only is not None and only != Const(False):
            strategy = "raise_on_sql"
    path, directives = option.path, option.directives
    for argument in arguments.args if name != "raiseload" else arguments.args[:1]:
        if isinstance(argument, Const) and argument.value == "*":
            return Object(
                LOAD,
                detail=replace(
                    option, directives=(*directives, Directive(path, wildcard=strategy, base=option.base))
                ),
            )
        if isinstance(argument, Const) and isinstance(argument.value, str):
            _report_text(frame, option, f"{name}({argument.value!r})", origin)
            return UNKNOWN
        if not isinstance(argument, Object) or not isinstance(argument.detail, MappedAttribute):
            return UNKNOWN
        path = (*path, Step(argument.detail, strategy))
        directives = (*directives, Directive(path, base=option.base))
    if any(keyword == "recursion_depth" for keyword, _ in arguments.keywords):
        directives = (*directives, Directive(path, wildcard="?", base=option.base))  # and so on below
    return Object(LOAD, detail=LoaderOption(path, directives, option.base))


def _report_text(frame: Frame, option: LoaderOption, text: str, origin: Place) -> None:
    """An option names an attribute by a text: of the class that it begins with, or leads to."""
    cls = option.base
    if option.path and frame.emit:
        last = option.path[-1].attribute
        model = models.mapped_model(frame.ctx, last.cls)
        found = None if model is None else model.attributes.get(last.name)
        cls = found.target if isinstance(found, Relationship) else None
    name, file = ("", "") if cls is None else (cls.name, cls.path)
    frame.emit_event(OptionIgnored(*origin, frame.qualname, "text", text, name, file))


def _add_nested(option: LoaderOption, arguments: Arguments) -> Value:
    """``selectinload(...).options(a, b)``."""
    found, certain = directives_in(arguments)
    below = tuple(replace(inner, path=option.path + inner.path, base=option.base) for inner in found)
    if not certain:
        below = (*below, Directive(option.path, wildcard="?"))
    return Object(LOAD, detail=replace(option, directives=(*option.directives, *below)))


def _add_columns(frame: Frame, option: LoaderOption, name: str, arguments: Arguments, origin: Place) -> Value:
    word = _COLUMNS[name]
    names: list[str] = []
    path = option.path
    for argument in arguments.args:
        if isinstance(argument, Const) and argument.value == "*":
            made = Directive(path, word, None, base=option.base)
            return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))
        if isinstance(argument, Const) and isinstance(argument.value, str):
            _report_text(frame, option, f"{name}({argument.value!r})", origin)
        if not isinstance(argument, Object) or not isinstance(argument.detail, MappedAttribute):
            return Object(
                LOAD,
                detail=replace(option, directives=(*option.directives, Directive(path, wildcard="?"))),
            )
        names.append(argument.detail.name)
        if not path and option.base is None:
            option = replace(option, base=argument.detail.cls)
    if arguments.opaque:
        return Object(
            LOAD, detail=replace(option, directives=(*option.directives, Directive(path, wildcard="?")))
        )
    made = Directive(path, word, tuple(names), base=option.base)
    return Object(LOAD, detail=replace(option, directives=(*option.directives, made)))


def directives_in(arguments: Arguments) -> tuple[tuple[Directive, ...], bool]:
    """The directives in options, also in lists and tuples, and whether all of them are known."""
    found: list[Directive] = []
    certain = not arguments.opaque
    for argument in arguments.args:
        for option in _flatten(argument):
            if isinstance(option, Object) and isinstance(option.detail, LoaderOption):
                found += option.detail.directives
            else:
                certain = certain and is_none(option) is True
    return tuple(found), certain


def _flatten(value: Value) -> Iterator[Value]:
    if isinstance(value, Collection):
        for item in value.items if value.items is not None else (value.item,):
            yield from _flatten(item)
    else:
        yield value


def entity_of(value: Value) -> tuple[ClassValue | None, object]:
    """The model that an argument of ``select()`` names, and its alias."""
    if isinstance(value, ClassValue):
        return value, None
    if isinstance(value, Object) and isinstance(value.detail, Entity):
        return value.detail.cls, value.detail.alias
    return None, None


LOADERS: Final = (*_STRATEGIES, *_COLUMNS, "Load", "undefer_group", "with_expression", _CRITERIA)
"""The functions of ``sqlalchemy.orm`` that make a loader option."""
