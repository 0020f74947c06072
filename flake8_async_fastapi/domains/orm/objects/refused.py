"""Values whose type the driver refuses for their column.

Source: docs/behaviour.md#types-of-values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.orm.events import ValueRefused
from flake8_async_fastapi.domains.orm.mapping import column_types, models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.objects import refused_values
from flake8_async_fastapi.domains.orm.objects.kinds import (
    CONTAINERS,
    kind_given,
    kind_not_for_json,
    kind_not_related,
    kind_of_value,
)
from flake8_async_fastapi.domains.orm.objects.refused_values import RefusedValue
from flake8_async_fastapi.domains.orm.statements.queries import MappedAttribute, Query, UpdateStatement
from flake8_async_fastapi.domains.python.moments import UUID_MAKERS
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import (
    attributes,
    callers,
    classes,
    definitions,
    expressions,
    functions,
    implementations,
    names,
)
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message, path_of
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Collection,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, written_argument
from flake8_async_fastapi.knowledge import drivers
from flake8_async_fastapi.knowledge.column_types import REFUSED_BY_ASYNCPG, REFUSED_BY_SQLITE
from flake8_async_fastapi.knowledge.transactions import CONNECTION, GETS, is_session_type
from flake8_async_fastapi.project.modules import is_test
from flake8_async_fastapi.project.views import calls_by_name

_CONDITIONS: Final = frozenset({"where", "filter", "having"})
_JOINING: Final = (Library("sqlalchemy.and_"), Library("sqlalchemy.or_"))
_CHANGES: Final = ("sqlalchemy.Update", "sqlalchemy.Insert")
_DRIVERS: Final = frozenset({"aiosqlite", "asyncpg"})
_SERIALIZER: Final = "json_serializer"
_NAIVE: Final = "naive moment"
_SETATTR: Final = "builtins.setattr"
_CASTS: Final = frozenset({"sqlalchemy.cast", "sqlalchemy.literal"})
_DEFAULTS: Final = ("default", "onupdate", "default_factory", "insert_default")


def check_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a value in a constructor, a statement or a condition that does not fit its column."""
    if isinstance(callee, ClassValue):
        if arguments.keywords and _is_made_by_library(frame, callee):
            _check_keywords(frame, callee, arguments, node)
    elif isinstance(callee, Library):
        if callee.dotted == _SETATTR:
            owner = arguments.args[0] if arguments.args else None
            owners = [one for one in alternatives(owner) if not is_none(one)] if owner is not None else []
            for one in owners[:1] if len(owners) == 1 else ():
                for name, value, written in refused_values.items_set(frame, node):
                    if isinstance(one, Instance):
                        _check_given(frame, one.cls, name, value, written)
        else:
            _check_cast(frame, arguments, node)
    elif isinstance(callee, Member) and callee.name in GETS and is_session_type(callee.receiver.type):
        _check_key(frame, arguments, node)
    elif isinstance(callee, Member) and callee.name == "execute":
        if is_session_type(callee.receiver.type) or callee.receiver.type == CONNECTION:
            _check_rows(frame, arguments, node)
    elif isinstance(callee, Member) and isinstance(callee.receiver.detail, (Query, UpdateStatement)):
        if callee.name in _CONDITIONS:
            _check_conditions(frame, node)
        elif callee.name == "values" and callee.receiver.type in _CHANGES:
            model = callee.receiver.argument("0")
            if isinstance(model, ClassValue):
                _check_keywords(frame, model, arguments, node)
                _check_dictionary(frame, model, arguments, node)


def _check_dictionary(frame: Frame, cls: ClassValue, arguments: Arguments, node: tree.Call) -> None:
    """Check ``values({"name": value})``."""
    given = arguments.args[0] if arguments.args else None
    if isinstance(given, Collection) and given.keys is not None and given.items is not None:
        for name, value in zip(given.keys, given.items, strict=False):
            if name is not None:
                _check_given(frame, cls, name, value, node.args[0])


def _check_cast(frame: Frame, arguments: Arguments, node: tree.Call) -> None:
    """Check the value of ``cast(value, Type)``, which is sent as a value of that type."""
    value, written = arguments.get(0, "expression"), written_argument(node, 1, "type_")
    kind = kind_of_value(value) if value is not None and written is not None else ""
    if kind and written is not None and not is_test(frame.path):
        column = column_types.kind_of_type(frame.ctx, frame.path, written) or ""
        for driver in _drivers_refusing(frame, column, kind, is_written=True) if column else ():
            frame.emit_event(ValueRefused(*frame.at(node), for_message(node), column, kind, driver))


def _is_made_by_library(frame: Frame, cls: ClassValue) -> bool:
    """Whether a class is mapped, and its constructor only assigns its arguments."""
    is_mapped = models.mapped_model(frame.ctx, cls) is not None
    return is_mapped and not models.has_own_constructor(frame.ctx, cls)


def check_assignment(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Report an assigned attribute, or a column's default, whose value does not fit."""
    if not frame.emit or len(node.targets) != 1:
        return
    target = node.targets[0]
    if isinstance(target, tree.Attr):
        is_attribute = isinstance(target.value, tree.Name) and not isinstance(value, Unknown)
        owner = frame.state.get(dotted(target.value)) if is_attribute else None
        if isinstance(owner, Instance):
            _check_given(frame, owner.cls, target.name, value, node.value or target)
    elif isinstance(target, tree.Name) and frame.owner is not None and frame.node is None:
        _check_default(frame, frame.owner, node, target.id)


def _check_default(frame: Frame, cls: Value, node: tree.Assign, name: str) -> None:
    """Check a column in the body of a model or mixin: the results of its default functions."""
    if not isinstance(cls, ClassValue) or not isinstance(node.value, tree.Call):
        return
    for keyword in node.value.keywords:
        if keyword.name in _DEFAULTS and _is_of_interest(frame, keyword.value):
            kind = _kind_of_default(frame, keyword.value)
            mapped = _mapped_with(frame.ctx, cls, name) if kind else None
            if mapped is not None:
                _check(frame, mapped, name, kind, keyword.value, is_written=True)


def _mapped_with(ctx: Context, cls: ClassValue, name: str) -> ClassValue | None:
    """A mapped class that has a column of a class: itself, or one that derives from the mixin."""
    if models.mapped_model(ctx, cls) is not None:
        return cls
    for below in implementations.classes_below(ctx, cls):
        is_mapped = isinstance(below, ClassValue) and models.mapped_model(ctx, below) is not None
        if is_mapped and isinstance(below, ClassValue) and not classes.body_bindings(ctx, below, name):
            return below
    return None


def _words_of(code: object) -> set[str]:
    return {node.name for node in nodes_in(code) if isinstance(node, tree.Attr)}


def _is_of_interest(frame: Frame, written: Expr) -> bool:
    """Whether a default, or the function that it names, gets the current time or makes a UUID."""
    called = names.dotted_value(frame.ctx, frame.path, dotted(written)) if dotted(written) else None
    if isinstance(called, Library):
        return called.dotted in UUID_MAKERS
    return "now" in _words_of(called.node.body if isinstance(called, Function) else written)


def _kind_of_default(frame: Frame, written: Expr) -> str:
    """The kind of a result of the function that a column calls for its default."""
    if isinstance(written, tree.Lambda):
        return kind_of_value(expressions.evaluate(Frame(frame.ctx, frame.path, ""), State(), written.body))
    function = names.dotted_value(frame.ctx, frame.path, dotted(written))
    if isinstance(function, Library):
        return "uuid"
    if not isinstance(function, Function) or function.is_async:
        return ""
    return kind_of_value(functions.quiet_result(frame, function, Arguments()))


def _check_keywords(frame: Frame, cls: ClassValue, arguments: Arguments, node: tree.Call) -> None:
    written = {keyword.name: keyword.value for keyword in node.keywords}
    for name, value in arguments.keywords:
        given = written.get(name) or written.get(None)  # None: ``**given``
        if given is not None:
            _check_given(frame, cls, name, value, given)


def _check_given(frame: Frame, cls: ClassValue, name: str, value: Value, written: Expr) -> None:
    """Check a value for a column or a relationship of an object."""
    kind = kind_given(frame.ctx, value) or _kind_passed(frame, cls, name, written)
    if not kind or _validates(frame, cls, name) or is_test(frame.path):
        return
    model = models.model_of_objects(frame.ctx, cls)
    attribute = model.attributes.get(name) if model is not None else None
    if isinstance(attribute, Relationship):
        kind = kind_not_related(frame.ctx, attribute, value)
        if kind:
            at = frame.at(written)
            frame.emit_event(ValueRefused(*at, f"{cls.name}.{name}", "relationship", kind, "SQLAlchemy"))
    elif column_types.column_kind(frame.ctx, cls, name) == "json":
        kind = kind_not_for_json(frame.ctx, value)
        if kind and not frame.ctx.project.mentioning(_SERIALIZER):
            frame.emit_event(
                ValueRefused(*frame.at(written), f"{cls.name}.{name}", "json", kind, "json.dumps()")
            )
    else:
        _check(frame, cls, name, kind, written)


def _kind_passed(frame: Frame, cls: ClassValue, name: str, written: Expr) -> str:
    """``aware``, if a parameter stands for a naive moment for which all callers pass an aware one."""
    if not isinstance(written, tree.Name) or column_types.column_kind(frame.ctx, cls, name) != _NAIVE:
        return ""
    return "aware" if _kinds_passed(frame, written.id) == {"aware"} else ""


def _check_rows(frame: Frame, arguments: Arguments, node: tree.Call) -> None:
    """Check the rows of ``session.execute(insert(Model), [{...}])``."""
    statement, rows = arguments.get(0, "statement"), written_argument(node, 1, "params")
    if not isinstance(statement, Object) or statement.type not in _CHANGES or rows is None:
        return
    model = statement.argument("0")
    for row in nodes_in(rows) if isinstance(model, ClassValue) else ():
        for key, written in (
            zip(row.keys, row.values, strict=True) if isinstance(row, tree.DictDisplay) else ()
        ):
            if isinstance(key, tree.Const) and isinstance(key.value, str) and written is not None:
                kind = _kind_written(frame, written)
                if kind and isinstance(model, ClassValue):
                    _check(frame, model, key.value, kind, written)


def _check_key(frame: Frame, arguments: Arguments, node: tree.Call) -> None:
    """Check the key of ``session.get(Model, key)`` against its column."""
    model, key = arguments.get(0, "entity"), arguments.get(1, "ident")
    written = written_argument(node, 1, "ident")
    kind = kind_of_value(key) if key is not None else ""
    if not kind or kind in CONTAINERS or written is None or not isinstance(model, ClassValue):
        return  # the parts of a key may come in a container
    mapped = models.model_of_objects(frame.ctx, model)
    columns = mapped.attributes.items() if mapped is not None else ()
    keys = [name for name, column in columns if isinstance(column, Column) and column.is_key]
    if len(keys) == 1:
        _check(frame, model, keys[0], kind, written, is_written=False)


def _check_conditions(frame: Frame, node: tree.Call) -> None:
    """Check ``Model.column == value`` in the arguments of ``where()``, also in ``and_()`` and ``or_()``."""
    for written in node.args:
        match written:
            case tree.Call(func=function) if _value_of(frame, function) in _JOINING:
                _check_conditions(frame, written)
            case tree.Compare(left=left, ops=["==" | "!=" | "<" | "<=" | ">" | ">="], rights=[right]):
                column = _column_written(frame, left)
                if column is None:
                    continue
                kind = _kind_written(frame, right) or _kind_passed(frame, column.cls, column.name, right)
                if kind:
                    _check(frame, column.cls, column.name, kind, right, is_written=False)


def _value_of(frame: Frame, written: Expr) -> Value | None:
    """The value of a dotted name at the place of a frame; None for other expressions."""
    first, *rest = path_of(written).split(".")
    if not first:
        return None
    value = names.look_up_name(frame, frame.state, first)
    for name in rest:
        value = attributes.attribute_of(frame.ctx, value, name)
    return value


def _column_written(frame: Frame, written: Expr) -> MappedAttribute | None:
    value = _value_of(frame, written)
    found = value.detail if isinstance(value, Object) else None
    return found if isinstance(found, MappedAttribute) and found.alias is None else None


def _kind_written(frame: Frame, written: Expr) -> str:
    """The kind of a value in a condition: a constant, a variable, its attribute, or a moment."""
    if isinstance(written, tree.Const) or "now" in _words_of(written):
        return kind_of_value(expressions.evaluate(Frame(frame.ctx, frame.path, ""), State(), written))
    value = frame.state.get(path_of(written))
    return kind_of_value(value) if value is not None else ""


def _check(
    frame: Frame, cls: ClassValue, name: str, kind: str, written: Expr, *, is_written: bool = True
) -> None:
    if is_test(frame.path):
        return
    column = column_types.column_kind(frame.ctx, cls, name)
    for driver in _drivers_refusing(frame, column, kind, is_written=is_written) if column else ():
        if not _is_passed_otherwise(frame, written, kind):
            refused_values.emit(frame, written, RefusedValue(f"{cls.name}.{name}", column, kind, driver))


def _is_passed_otherwise(frame: Frame, written: Expr, kind: str) -> bool:
    """Whether a value is a parameter whose annotation says its kind, and no known caller passes that kind.

    Nothing checks the annotations of helpers. FastAPI checks those of routes, which nobody calls.
    """
    kinds = _kinds_passed(frame, path_of(written))
    return bool(kinds) and kind not in kinds


def _kinds_passed(frame: Frame, name: str) -> frozenset[str]:
    """The kinds of the values that known callers pass for a parameter of the function."""
    node = frame.node
    if not isinstance(node, tree.FunctionDef) or name not in {param.name for param in node.params}:
        return frozenset()
    owner = frame.owner if isinstance(frame.owner, ClassValue) else None
    function = functions.as_function(frame.path, node, owner, frame.receiver)

    def passed_kinds() -> frozenset[str]:
        passed = callers.values_passed(frame.ctx, function, name)
        return frozenset(kind_of_value(value) for value in passed if not is_none(value))

    unknown: frozenset[str] = frozenset()
    return frame.ctx.query(("kinds passed", function.key, name), passed_kinds, unknown)


def _drivers_refusing(frame: Frame, column: str, kind: str, *, is_written: bool) -> Iterator[str]:
    """The project's driver that refuses a value, if it requires no other database's driver."""
    ctx = frame.ctx
    requirements = ctx.project.requirements_of(frame.path)
    required = {name for name, packages in drivers.PACKAGES.items() if requirements.brings(packages)}
    if requirements.brings(drivers.MAY_BE_PSYCOPG) or not required <= _DRIVERS:
        return
    in_code = ctx.query(("drivers in code",), lambda: _drivers_in_code(ctx), frozenset[str]())
    used = required or (in_code if in_code <= _DRIVERS else set())
    if "asyncpg" in used and in_code != {"aiosqlite"}:
        # a sync engine has another driver, whoever requires it
        if (column, kind) in REFUSED_BY_ASYNCPG and not ctx.project.mentioning("create_engine"):
            yield "asyncpg"
    elif used and (column, kind) in REFUSED_BY_SQLITE and (is_written or column == "uuid"):
        yield "aiosqlite"


def _drivers_in_code(ctx: Context) -> frozenset[str]:
    """The drivers of all engines of the project; none if a URL is not in the code."""
    urls = [
        _url_written(ctx, path, call)
        for path in ctx.project.mentioning("create_async_engine")
        for call in ctx.project.view_of(path, calls_by_name, "create_async_engine") or ()
    ]
    return frozenset(url.partition(":")[0].partition("+")[2] for url in urls) if all(urls) else frozenset()


def _url_written(ctx: Context, path: str, call: tree.Call) -> str:
    """The beginning of a URL that a call gets as a text, or by its name; empty for any other value."""
    written = written_argument(call, 0, "url")
    if (
        isinstance(written, tree.Name)
        and (found := definitions.only_definition(ctx, path, written.id)) is not None
    ):
        written = found[1].value if isinstance(found[1], tree.Assign) else None
    if isinstance(written, tree.Binary) and written.op == "+":
        written = written.left
    elif isinstance(written, tree.FString) and written.values:
        written = written.values[0]
    text = written.value if isinstance(written, tree.Const) and isinstance(written.value, str) else ""
    return text if ":" in text else ""


def _validates(frame: Frame, cls: ClassValue, name: str) -> bool:
    """Whether code of the model may change an assigned value: a validator, or a ``__setattr__``."""
    for base in classes.mro(frame.ctx, cls):
        for statement in base.node.body if isinstance(base, ClassValue) else ():
            if isinstance(statement, tree.FunctionDef):
                words = [dotted(one.func) for one in statement.decorators if isinstance(one, tree.Call)]
                if statement.name == "__setattr__" or any("validat" in word for word in words):
                    return True
    return False


def _check_passed(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Check what a function writes out of a dictionary that its caller passes."""
    if not frame.emit:
        check_call(frame, callee, arguments, node, result)


PASSED: Final = Watch(_check_passed, frozenset({"values"}), frozenset({_SETATTR}))
CALLS: Final = Watch(
    check_call,
    methods=GETS | _CONDITIONS | {"execute", "values"},
    functions=_CASTS | {_SETATTR},
    others=(ClassValue,),
    checked=True,
)
