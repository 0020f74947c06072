"""One mapped attribute: a column, a relationship or an association proxy.

Source: docs/behaviour.md#lazy-strategies; SQLAlchemy documentation, "Table Configuration with Declarative",
"Relationship Configuration".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.domains.orm.events import UnknownStrategyDeclared
from flake8_async_fastapi.domains.orm.mapping import registry
from flake8_async_fastapi.domains.orm.mapping.attributes import (
    COLUMN,
    AssociationProxy,
    Attribute,
    Column,
    Relationship,
    Synonym,
)
from flake8_async_fastapi.domains.orm.statements.queries import MappedAttribute
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions, functions
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Library,
    Object,
    OneOf,
    Unknown,
    Value,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, subscript_parts

RELATIONSHIP: Final = "sqlalchemy.orm.Relationship"
DEFERRED: Final = "sqlalchemy.orm.Deferred"
EXPRESSION: Final = "sqlalchemy.ColumnElement"
PROPERTY: Final = "sqlalchemy.orm.ColumnProperty"
PROXY: Final = "sqlalchemy.ext.associationproxy.AssociationProxy"
COMPUTED: Final = "sqlalchemy.Computed"
FOREIGN_KEY: Final = "sqlalchemy.ForeignKey"
BACKREF: Final = "sqlalchemy.orm.Backref"
SYNONYM: Final = "sqlalchemy.orm.Synonym"
DESCRIPTORS: Final = (COLUMN, RELATIONSHIP, DEFERRED, PROPERTY, PROXY, SYNONYM, EXPRESSION)
"""What the bodies of mapped classes say; their objects have values, or other objects, in its place."""

STRATEGIES: Final = frozenset(
    {"select", "joined", "selectin", "subquery", "immediate", "raise", "raise_on_sql", "noload", "dynamic",
     "write_only"}
)  # fmt: skip
"""The values of ``relationship(lazy=)``; of 1.4 too."""
_SPELLINGS: Final[Mapping[object, str]] = {True: "select", False: "joined", None: "noload"}


_MAPPED = frozenset({"Mapped", "WriteOnlyMapped", "DynamicMapped"})
_BY_ANNOTATION = {"WriteOnlyMapped": "write_only", "DynamicMapped": "dynamic"}


def mapped_attribute(frame: Frame, value: Value, annotation: Expr | None) -> Attribute | Synonym | None:
    """The attribute that an assignment in a model's body maps; None for other class variables."""
    wrapper = ""
    if isinstance(annotation, tree.Subscript):
        last = dotted(annotation.value).rpartition(".")[2]
        if last in _MAPPED:
            wrapper, annotation = last, annotation.index
        elif last == "ClassVar":
            return None
    elif annotation is not None and dotted(annotation).rpartition(".")[2] in (*_MAPPED, "ClassVar"):
        annotation = None
    if isinstance(value, Object) and value.type == RELATIONSHIP:
        return read_relationship(frame, value, annotation, wrapper)
    if isinstance(value, Object) and value.type == PROXY:
        through, attribute = value.argument("0"), value.argument("1") or value.argument("attr")
        if isinstance(through, Const) and isinstance(attribute, Const):
            return AssociationProxy(str(through.value), str(attribute.value))
        return None
    if isinstance(value, Object) and value.type in (COLUMN, DEFERRED, PROPERTY, EXPRESSION):
        return _read_column(value)
    if isinstance(value, Object) and value.type == SYNONYM:
        other = value.argument("0") or value.argument("name")
        return Synonym(other.value) if isinstance(other, Const) and isinstance(other.value, str) else Column()
    if wrapper or annotation is not None:
        if wrapper and wrapper in _BY_ANNOTATION:
            return Relationship(_target_of_annotation(frame, annotation), _BY_ANNOTATION[wrapper], True)
        return Column(on_update="?" if isinstance(value, (Unknown, OneOf)) and not is_none(value) else "")
    return None


def _read_column(value: Object) -> Column:
    """The column that the arguments of ``Column``, ``mapped_column`` and similar functions describe."""
    arguments = dict(value.arguments)
    parts = [part for key, part in arguments.items() if key.isdigit()]
    inner = next((part for part in parts if isinstance(part, Object) and part.type == COLUMN), None)
    nested = arguments.get("sa_column")
    if inner is None and isinstance(nested, Object) and nested.type == COLUMN:
        inner = nested
    base = _read_column(inner) if inner is not None else Column()
    written = arguments.get("onupdate")
    on_update = _computed_by(written)
    by_server = "server_onupdate" in arguments and written is None  # else the UPDATE has a value for it
    if by_server or any(_is_library_name(part, COMPUTED) for part in parts):
        on_update = "sql"
    on_insert = (
        "sql"
        if "server_default" in arguments or any(_is_library_name(part, COMPUTED) for part in parts)
        else ""
    )
    if _computed_by(arguments.get("default")) == "sql":
        on_insert = "sql"
    more = arguments.get("sa_column_kwargs")
    if isinstance(more, Collection) and more.keys is not None and more.items is not None:
        inside = dict(zip(more.keys, more.items, strict=True))
        on_update = on_update or _computed_by(inside.get("onupdate"))
    elif more is not None or "**" in arguments:
        on_update = on_update or "?"
    key = next((part for part in parts if isinstance(part, Object) and part.type == FOREIGN_KEY), None)
    text = key.argument("0") if key is not None else arguments.get("foreign_key")
    references = ""
    if isinstance(text, Const) and isinstance(text.value, str):
        references = text.value.rpartition(".")[0].rpartition(".")[2]
    elif isinstance(text, Object) and isinstance(text.detail, MappedAttribute):
        references = registry.name_of_class(text.detail.cls)
    elif key is not None:
        references = "?"
    deferred = arguments.get("deferred")
    group = arguments.get("group" if value.type == DEFERRED else "deferred_group")
    return Column(
        deferred=base.deferred or value.type == DEFERRED
        or group is not None or (isinstance(deferred, Const) and deferred.value is True),
        group=_name_of_group(group) or base.group,
        on_update=on_update or base.on_update,
        on_insert=on_insert or base.on_insert,
        has_default=base.has_default or bool(on_insert) or _gives_value(arguments),
        expression=base.expression or (value.type == PROPERTY and inner is None) or value.type == EXPRESSION,
        references=references or base.references,
        is_key=base.is_key or arguments.get("primary_key") == Const(True),
        in_repr=_is_in_repr(arguments),
    )  # fmt: skip


_GIVE_VALUES: Final = frozenset({"default", "insert_default", "default_factory", "sa_column_kwargs", "**"})


def _name_of_group(given: Value | None) -> str:
    """The name of a group of deferred columns."""
    if given is None or is_none(given):
        return ""
    return given.value if isinstance(given, Const) and isinstance(given.value, str) else "?"


def _gives_value(arguments: Mapping[str, Value]) -> bool:
    """Whether a column gives new objects a value that is not None."""
    given = _GIVE_VALUES & arguments.keys()
    return bool(given - {"default"}) or ("default" in given and is_none(arguments["default"]) is not True)


def _is_in_repr(arguments: Mapping[str, Value]) -> bool:
    """Whether the ``__repr__`` of a mapped dataclass shows an attribute; False if that is not known."""
    given = arguments.get("repr", arguments.get("init") if "**" in arguments else None)
    return given is None and "**" not in arguments or given == Const(True)


def _is_library_name(value: Value, name: str) -> bool:
    return isinstance(value, Object) and value.type == name


def _computed_by(value: Value | None) -> str:
    """Where a value is computed: ``sql`` in the database, empty in Python, ``?`` if it is not known."""
    if value is None or is_none(value) or isinstance(value, (Const, Function, ClassValue)):
        return ""
    if isinstance(value, Object):
        return "sql" if value.type.startswith("sqlalchemy.") else ""
    if isinstance(value, Library):
        return "?" if value.dotted.startswith("sqlalchemy.") else ""
    return "?" if isinstance(value, (Unknown, OneOf)) else ""


# --- relationships ----------------------------------------------------------------------

_LISTS = frozenset(
    {"list", "List", "set", "Set", "Sequence", "dict", "Dict", "Collection", "MutableSequence", "Mapping"}
)


def read_relationship(frame: Frame, value: Object, annotation: Expr | None, wrapper: str) -> Relationship:
    """The relationship that the arguments of ``relationship()`` and an annotation describe.

    ``wrapper`` is the generic type around the annotation: ``Mapped``, ``WriteOnlyMapped`` or
    ``DynamicMapped``, or empty.
    """
    arguments = dict(value.arguments)
    lazy = arguments.get("lazy")
    inside = arguments.get("sa_relationship_kwargs")
    unknown = "**" in arguments
    if isinstance(inside, Collection) and inside.keys is not None and inside.items is not None:
        for key, item in zip(inside.keys, inside.items, strict=True):
            if key is not None:
                arguments[key] = item
        lazy = arguments.get("lazy")
    elif inside is not None:
        unknown = True
    strategy = strategy_of(lazy)
    if unknown and lazy is None:
        strategy = ""
    if wrapper in _BY_ANNOTATION:
        strategy = _BY_ANNOTATION[wrapper]
    target = _target_of_argument(frame, arguments.get("0") or arguments.get("argument"))
    if target is None and annotation is not None:
        target = _target_of_annotation(frame, annotation)
    uselist = arguments.get("uselist")
    collection: bool | None = None
    if isinstance(uselist, Const) and isinstance(uselist.value, bool):
        collection = uselist.value
    elif annotation is not None:
        collection = wrapper in _BY_ANNOTATION or _is_list(annotation)
    elif "secondary" in arguments or strategy in ("dynamic", "write_only"):
        collection = True
    inverse = arguments.get("back_populates")
    if inverse is None:
        inverse = arguments.get("backref")
        if isinstance(inverse, Object) and inverse.type == BACKREF:
            inverse = inverse.argument("0")
    return Relationship(
        target,
        strategy,
        collection,
        False if "secondary" in arguments else None,
        str(inverse.value) if isinstance(inverse, Const) and inverse.value else "",
        _names_of_keys(arguments.get("foreign_keys")),
        defaults=bool({"default", "default_factory"} & arguments.keys()),
        in_repr=_is_in_repr(arguments),
        has_depth="join_depth" in arguments,
        has_remote_side=unknown or "remote_side" in arguments,
    )


def _names_of_keys(keys: Value | None) -> tuple[str, ...] | None:
    """The columns that a text such as ``"[Post.author_id]"`` names; None for another value."""
    if not isinstance(keys, Const) or not isinstance(keys.value, str):
        return None
    return tuple(re.findall(r"\w+\.(\w+)", keys.value)) or None


def written_keys(written: Expr | None) -> tuple[str, ...] | None:
    """The columns that ``relationship(foreign_keys=[author_id])`` names; None if they are not known.

    The names are those of the class's body, which has no values for them yet.
    """
    if not isinstance(written, tree.Call):
        return None
    given = {keyword.name: keyword.value for keyword in written.keywords}
    inside = given.get("sa_relationship_kwargs")
    if isinstance(inside, tree.DictDisplay):
        given = {key.value: item for key, item in zip(inside.keys, inside.values, strict=True)
                 if isinstance(key, tree.Const) and isinstance(key.value, str)}  # fmt: skip
    keys = given.get("foreign_keys")
    if isinstance(keys, tree.Lambda):
        keys = keys.body
    parts = keys.items if isinstance(keys, tree.Display) else [keys] if keys is not None else []
    names = tuple(dotted(part).rpartition(".")[2] for part in parts)
    return names if names and all(names) else None


def strategy_of(lazy: Value | None) -> str:
    """The load strategy that ``lazy=`` selects; empty if it is not known or does not exist."""
    if lazy is None:
        return "select"
    if not isinstance(lazy, Const):
        return ""
    if isinstance(lazy.value, str):
        return lazy.value if lazy.value in STRATEGIES else ""
    return _SPELLINGS[lazy.value]


def check_strategy(site: CallSite) -> None:
    """Report a ``lazy=`` of a relationship with a text that is not a strategy."""
    given = dict(site.arguments.keywords)
    inside = given.get("sa_relationship_kwargs")
    if isinstance(inside, Collection) and inside.keys is not None and inside.items is not None:
        given = {str(key): item for key, item in zip(inside.keys, inside.items, strict=True)}
    lazy = given.get("lazy")
    text = lazy.value if isinstance(lazy, Const) else None
    if isinstance(text, str) and not strategy_of(lazy):
        site.frame.emit_event(UnknownStrategyDeclared(*site.place, site.frame.qualname, text))


def _is_list(annotation: Expr) -> bool:
    if isinstance(annotation, tree.Subscript):
        last = dotted(annotation.value).rpartition(".")[2]
        if last in ("Optional", "Union", "Annotated"):
            return any(map(_is_list, subscript_parts(annotation)))
        return last in _LISTS
    if isinstance(annotation, tree.Binary):
        return _is_list(annotation.left) or _is_list(annotation.right)
    return isinstance(annotation, tree.Name) and annotation.id in _LISTS


def _target_of_annotation(frame: Frame, annotation: Expr | None) -> ClassValue | None:
    """The model that an annotation names, in a list, as optional, or as a string."""
    match annotation:
        case tree.Const(value=str(text)):
            return registry.model_named(frame.ctx, frame.path, text)
        case tree.Subscript(value=value):
            inner = subscript_parts(annotation)
            last = dotted(value).rpartition(".")[2]
            return _target_of_annotation(
                frame, inner[-1] if last in ("dict", "Dict", "Mapping") else inner[0]
            )
        case tree.Binary(left=left, right=right):
            return _target_of_annotation(frame, left) or _target_of_annotation(frame, right)
        case tree.Name() | tree.Attr():
            found = expressions.evaluate(frame, State(), annotation)
            if isinstance(found, ClassValue):
                return found
            text = dotted(annotation)
            return None if text in _LISTS else registry.model_named(frame.ctx, frame.path, text)
    return None


def _target_of_argument(frame: Frame, value: Value | None) -> ClassValue | None:
    """The model that the first argument of ``relationship()`` names."""
    if isinstance(value, ClassValue):
        return value
    if isinstance(value, Const) and isinstance(value.value, str):
        return registry.model_named(frame.ctx, frame.path, value.value)
    if isinstance(value, Function):
        return _target_of_argument(frame, functions.quiet_result(frame, value, Arguments()))
    return None
