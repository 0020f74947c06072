"""ORM models: what a class maps, read off its body and those of its bases.

Source: FACTS section 2; SQLAlchemy documentation, "Declarative Mapping".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat
from flake8_async_fastapi.interpreter import classes, expressions, functions, names
from flake8_async_fastapi.interpreter.context import Context, Frame, State
from flake8_async_fastapi.interpreter.mapping import Attribute, Column, Model, Proxy, Relationship
from flake8_async_fastapi.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    Library,
    Object,
    Options,
    Unknown,
    Value,
    is_none,
)

RELATIONSHIP: Final = "sqlalchemy.orm.Relationship"
COLUMN: Final = "sqlalchemy.Column"
DEFERRED: Final = "sqlalchemy.orm.Deferred"
EXPRESSION: Final = "sqlalchemy.ColumnElement"
PROPERTY: Final = "sqlalchemy.orm.ColumnProperty"
PROXY: Final = "sqlalchemy.ext.associationproxy.AssociationProxy"
COMPUTED: Final = "sqlalchemy.Computed"
FOREIGN_KEY: Final = "sqlalchemy.ForeignKey"
BACKREF: Final = "sqlalchemy.orm.Backref"
SYNONYM: Final = "sqlalchemy.orm.Synonym"

STRATEGIES: Final = frozenset(
    {"select", "joined", "selectin", "subquery", "immediate", "raise", "raise_on_sql", "noload", "dynamic",
     "write_only"}
)  # fmt: skip
"""The values of ``relationship(lazy=)``; of 1.4 too."""
_SPELLINGS: Final[Mapping[object, str]] = {True: "select", False: "joined", None: "noload"}


def mapped(ctx: Context, cls: ClassValue) -> Model | None:
    """What a class maps; None for a class that is not mapped, or not known to be."""
    return ctx.once(("model", cls), lambda: _mapped(ctx, cls), None)


_ROOTS = frozenset({"sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.DeclarativeBaseNoMeta"})
_DATACLASS = "sqlalchemy.orm.MappedAsDataclass"
_SQLMODEL = "sqlmodel.SQLModel"


def _mapped(ctx: Context, cls: ClassValue) -> Model | None:
    order = classes.mro(ctx, cls)
    own = [base for base in order if isinstance(base, ClassValue)]
    libraries = {base.dotted for base in order if isinstance(base, Library)}
    if not _is_mapped(ctx, cls, own, libraries):
        return None
    attributes: dict[str, Attribute] = {}
    for base in reversed(own):
        for name, found in _declared(ctx, base, cls):
            attributes[name] = found
    attributes.update(_backrefs(ctx, cls, own))
    settings = _mapper_args(ctx, own)
    table = next((text for base in own if (text := table_name(ctx, base))), "")
    model = Model(
        attributes,
        table,
        _eager_defaults(settings),
        any("polymorphic_on" in args for args in settings if args is not None),
        _DATACLASS in libraries,
        not any(isinstance(base, Unknown) for base in order),
    )
    return replace(model, attributes={name: _joined(ctx, cls, model, found)
                                      for name, found in attributes.items()})  # fmt: skip


def _is_mapped(ctx: Context, cls: ClassValue, own: list[ClassValue], libraries: set[str]) -> bool:
    if _SQLMODEL in libraries:
        return any(
            keyword.name == "table" and isinstance(keyword.value, tree.Const) and keyword.value.value is True
            for base in own
            for keyword in base.node.keywords
        )
    if any(_assigns(statement, "__abstract__") for statement in cls.node.body):
        return False
    has_table = any(
        classes.body_bindings(ctx, base, name) for base in own for name in ("__tablename__", "__table__")
    )
    return has_table and (bool(libraries & _ROOTS) or len(own) > 1 or bool(cls.node.decorators))


def _assigns(statement: tree.Stmt, name: str) -> bool:
    return isinstance(statement, tree.Assign) and any(dotted(target) == name for target in statement.targets)


def table_name(ctx: Context, cls: ClassValue) -> str:
    """The text of ``__tablename__`` in the body of a class; SQLModel's default is the class name."""
    for statement in classes.body_bindings(ctx, cls, "__tablename__"):
        if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Const):
            return str(statement.value.value)
    if any(keyword.name == "table" for keyword in cls.node.keywords):
        return cls.name.lower()
    return ""


def _mapper_args(ctx: Context, own: list[ClassValue]) -> list[dict[str, Value] | None]:
    """The ``__mapper_args__`` of the classes, nearest first; None for one that is not understood."""
    found: list[dict[str, Value] | None] = []
    for base in own:
        for statement in classes.body_bindings(ctx, base, "__mapper_args__"):
            value = statement.value if isinstance(statement, tree.Assign) else _returned(statement)
            if not isinstance(value, tree.DictDisplay):
                found.append(None)
                continue
            frame = _frame(ctx, base)
            found.append(
                {
                    key.value: expressions.evaluate(frame, State(), item)
                    for key, item in zip(value.keys, value.values, strict=True)
                    if isinstance(key, tree.Const) and isinstance(key.value, str)
                }
            )
    return found


def _eager_defaults(settings: list[dict[str, Value] | None]) -> str:
    for args in settings:
        if args is None:
            return "?"
        if "eager_defaults" in args:
            value = args["eager_defaults"]
            if isinstance(value, Const) and isinstance(value.value, bool):
                return "on" if value.value else "off"
            return "auto" if value == Const("auto") else "?"
    return "auto"


def _frame(ctx: Context, cls: ClassValue) -> Frame:
    return Frame(ctx, cls.path, cls.node.qualname, closure=cls.closure, owner=cls)


# --- one class body --------------------------------------------------------------------


def _declared(ctx: Context, base: ClassValue, cls: ClassValue) -> Iterator[tuple[str, Attribute]]:
    """The attributes that the body of ``base`` maps in ``cls``."""
    frame = _frame(ctx, base)
    frame.receiver = Instance(cls)
    for statement in flat(base.node.body):
        if isinstance(statement, tree.FunctionDef):
            made = _returned(statement) if _is_declared_attr(frame, statement) else None
            if made is not None:
                found = _attribute(frame, expressions.evaluate(frame, State(), made), statement.returns)
                if found is not None:
                    yield statement.name, found
        elif isinstance(statement, tree.Assign) and isinstance(statement.targets[0], tree.Name):
            name = statement.targets[0].id
            if name.startswith("__"):
                continue
            value = NONE if statement.value is None else expressions.evaluate(frame, State(), statement.value)
            found = _attribute(frame, value, statement.annotation)
            if found is not None:
                yield name, found


def _returned(statement: tree.Stmt) -> Expr | None:
    """What a function of one ``return`` gives."""
    if isinstance(statement, tree.FunctionDef):
        for inner in statement.body:
            if isinstance(inner, tree.Return):
                return inner.value
    return None


def _is_declared_attr(frame: Frame, node: tree.FunctionDef) -> bool:
    for decorator in node.decorators:
        value = expressions.evaluate(frame, State(), decorator)
        if isinstance(value, Library) and ".declared_attr" in value.dotted:
            return True
    return False


_MAPPED = frozenset({"Mapped", "WriteOnlyMapped", "DynamicMapped"})
_BY_ANNOTATION = {"WriteOnlyMapped": "write_only", "DynamicMapped": "dynamic"}


def _attribute(frame: Frame, value: Value, annotation: Expr | None) -> Attribute | None:
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
        return _relationship(frame, value, annotation, wrapper)
    if isinstance(value, Object) and value.type == PROXY:
        through, attribute = value.argument("0"), value.argument("1") or value.argument("attr")
        if isinstance(through, Const) and isinstance(attribute, Const):
            return Proxy(str(through.value), str(attribute.value))
        return None
    if isinstance(value, Object) and value.type in (COLUMN, DEFERRED, PROPERTY, EXPRESSION):
        return _column(value)
    if isinstance(value, Object) and value.type == SYNONYM:
        return Column()
    if wrapper or annotation is not None:
        if wrapper and wrapper in _BY_ANNOTATION:
            return Relationship(_target(frame, annotation), _BY_ANNOTATION[wrapper], True)
        return Column(on_update="?" if isinstance(value, (Unknown, Options)) and not is_none(value) else "")
    return None


def _column(value: Object) -> Column:
    """What the arguments of ``Column``, ``mapped_column`` and the like say."""
    arguments = dict(value.arguments)
    parts = [part for key, part in arguments.items() if key.isdigit()]
    inner = next((part for part in parts if isinstance(part, Object) and part.type == COLUMN), None)
    nested = arguments.get("sa_column")
    if inner is None and isinstance(nested, Object) and nested.type == COLUMN:
        inner = nested
    base = _column(inner) if inner is not None else Column()
    on_update = _computing(arguments.get("onupdate"))
    if "server_onupdate" in arguments or any(_is(part, COMPUTED) for part in parts):
        on_update = "sql"
    on_insert = "sql" if "server_default" in arguments or any(_is(part, COMPUTED) for part in parts) else ""
    if _computing(arguments.get("default")) == "sql":
        on_insert = "sql"
    more = arguments.get("sa_column_kwargs")
    if isinstance(more, Collection) and more.keys is not None and more.items is not None:
        inside = dict(zip(more.keys, more.items, strict=True))
        on_update = on_update or _computing(inside.get("onupdate"))
    elif more is not None or "**" in arguments:
        on_update = on_update or "?"
    key = next((part for part in parts if isinstance(part, Object) and part.type == FOREIGN_KEY), None)
    text = key.argument("0") if key is not None else arguments.get("foreign_key")
    references = ""
    if isinstance(text, Const) and isinstance(text.value, str):
        references = text.value.rpartition(".")[0]
    elif key is not None:
        references = "?"
    deferred = arguments.get("deferred")
    return Column(
        deferred=base.deferred or value.type == DEFERRED
        or (isinstance(deferred, Const) and deferred.value is True),
        on_update=on_update or base.on_update,
        on_insert=on_insert or base.on_insert,
        expression=base.expression or (value.type == PROPERTY and inner is None) or value.type == EXPRESSION,
        references=references or base.references,
        is_key=base.is_key or arguments.get("primary_key") == Const(True),
        in_repr=_in_repr(arguments),
    )  # fmt: skip


def _in_repr(arguments: Mapping[str, Value]) -> bool:
    """Whether the ``__repr__`` of a mapped dataclass shows an attribute; not where that is not known."""
    given = arguments.get("repr", arguments.get("init") if "**" in arguments else None)
    return given is None and "**" not in arguments or given == Const(True)


def _is(value: Value, name: str) -> bool:
    return isinstance(value, Object) and value.type == name


def _computing(value: Value | None) -> str:
    """Who computes a value: ``sql`` for the database, empty for Python, ``?`` where it is not known."""
    if value is None or is_none(value) or isinstance(value, (Const, Function, ClassValue)):
        return ""
    if isinstance(value, Object):
        return "sql" if value.type.startswith("sqlalchemy.") else ""
    if isinstance(value, Library):
        return "?" if value.dotted.startswith("sqlalchemy.") else ""
    return "?" if isinstance(value, (Unknown, Options)) else ""


# --- relationships ----------------------------------------------------------------------

_LISTS = frozenset(
    {"list", "List", "set", "Set", "Sequence", "dict", "Dict", "Collection", "MutableSequence", "Mapping"}
)


def _relationship(frame: Frame, value: Object, annotation: Expr | None, wrapper: str) -> Relationship:
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
    target = _given_target(frame, arguments.get("0") or arguments.get("argument"))
    if target is None and annotation is not None:
        target = _target(frame, annotation)
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
        defaults=bool({"default", "default_factory"} & arguments.keys()),
        in_repr=_in_repr(arguments),
        has_depth="join_depth" in arguments,
    )


def strategy_of(lazy: Value | None) -> str:
    """The load strategy that ``lazy=`` means; empty where it is not known or there is none of that name."""
    if lazy is None:
        return "select"
    if not isinstance(lazy, Const):
        return ""
    if isinstance(lazy.value, str):
        return lazy.value if lazy.value in STRATEGIES else ""
    return _SPELLINGS[lazy.value]


def _is_list(annotation: Expr) -> bool:
    if isinstance(annotation, tree.Subscript):
        last = dotted(annotation.value).rpartition(".")[2]
        if last in ("Optional", "Union", "Annotated"):
            index = annotation.index
            return any(map(_is_list, index.items if isinstance(index, tree.Display) else [index]))
        return last in _LISTS
    if isinstance(annotation, tree.Binary):
        return _is_list(annotation.left) or _is_list(annotation.right)
    return isinstance(annotation, tree.Name) and annotation.id in _LISTS


def _target(frame: Frame, annotation: Expr | None) -> ClassValue | None:
    """The model that an annotation names, in a list, as optional, or by a text."""
    match annotation:
        case tree.Const(value=str(text)):
            return named(frame.ctx, frame.path, text)
        case tree.Subscript(value=value, index=index):
            inner = index.items if isinstance(index, tree.Display) else [index]
            last = dotted(value).rpartition(".")[2]
            return _target(frame, inner[-1] if last in ("dict", "Dict", "Mapping") else inner[0])
        case tree.Binary(left=left, right=right):
            return _target(frame, left) or _target(frame, right)
        case tree.Name() | tree.Attr():
            found = expressions.evaluate(frame, State(), annotation)
            if isinstance(found, ClassValue):
                return found
            text = dotted(annotation)
            return None if text in _LISTS else named(frame.ctx, frame.path, text)
    return None


def _given_target(frame: Frame, value: Value | None) -> ClassValue | None:
    """The model that the first argument of ``relationship()`` means."""
    if isinstance(value, ClassValue):
        return value
    if isinstance(value, Const) and isinstance(value.value, str):
        return named(frame.ctx, frame.path, value.value)
    if isinstance(value, Function):
        return _given_target(frame, functions.given(frame, value, Arguments()))
    return None


def named(ctx: Context, path: str, text: str) -> ClassValue | None:
    """The model that a text names in the registry: the only one of that name, or the one in the same file."""
    return ctx.once(("registry", path, text), lambda: _named(ctx, path, text), None)


def _named(ctx: Context, path: str, text: str) -> ClassValue | None:
    text = text.strip()
    module, _, name = text.rpartition(".")
    if not name.isidentifier():
        return None
    places = ctx.project.classes_named(name)
    if module:
        ending = module.replace(".", "/") + ".py"
        places = [place for place in places if place == ending or place.endswith("/" + ending)] or places
    if path in places:
        places = [path]
    elif len(places) > 1:
        folder = path.rpartition("/")[0]
        near = [place for place in places if place.rpartition("/")[0] == folder]
        places = near or places
    values = [names.module_value(ctx, place, name) for place in places]
    found = [value for value in values if isinstance(value, ClassValue) and _has_table(ctx, value)]
    return found[0] if len(found) == 1 else None


def _has_table(ctx: Context, cls: ClassValue) -> bool:
    bases = [base for base in classes.mro(ctx, cls) if isinstance(base, ClassValue)]
    libraries = {base.dotted for base in classes.mro(ctx, cls) if isinstance(base, Library)}
    return _is_mapped(ctx, cls, bases, libraries)


def _joined(ctx: Context, cls: ClassValue, model: Model, found: Attribute) -> Attribute:
    """A relationship with its direction, as the foreign keys of both tables say."""
    if not isinstance(found, Relationship) or found.target is None or found.to_one is not None:
        return found
    other = _tables(ctx, found.target)
    own = tuple(
        name
        for name, column in model.attributes.items()
        if isinstance(column, Column) and column.references and column.references.rpartition(".")[2] in other
    )
    collection = found.is_collection
    refers = not own and _refers(ctx, found.target, model.table)
    if collection is None and model.complete and (own or refers):
        collection = refers
    to_one = bool(own) and not collection if own or refers or collection else None
    return replace(found, to_one=to_one, is_collection=collection, keys=own or None)


def _tables(ctx: Context, cls: ClassValue) -> frozenset[str]:
    """The tables of a class and of the classes above it: a foreign key may point to any."""
    bases = (base for base in classes.mro(ctx, cls) if isinstance(base, ClassValue))
    return frozenset(text for base in bases if (text := table_name(ctx, base)))


def _refers(ctx: Context, cls: ClassValue, table: str) -> bool:
    bases = [base for base in classes.mro(ctx, cls) if isinstance(base, ClassValue)]
    return bool(table) and any(
        isinstance(found, Column) and found.references.rpartition(".")[2] == table
        for base in bases
        for _, found in _declared(ctx, base, cls)
    )


def _backrefs(ctx: Context, cls: ClassValue, own: list[ClassValue]) -> Iterator[tuple[str, Attribute]]:
    """The attributes that ``backref=`` of other models adds to a class."""
    for path, names_of in ctx.project.models_with_backrefs:
        for name in names_of:
            other = names.module_value(ctx, path, name)
            if not isinstance(other, ClassValue):
                continue
            frame = _frame(ctx, other)
            for statement in flat(other.node.body):
                annotation: Expr | None = None
                if not isinstance(statement, tree.Assign) or statement.value is None:
                    continue
                value = expressions.evaluate(frame, State(), statement.value)
                if not isinstance(value, Object) or value.type != RELATIONSHIP:
                    continue
                backref = value.argument("backref")
                annotation = statement.annotation
                if isinstance(annotation, tree.Subscript):
                    annotation = annotation.index
                if backref is None:
                    continue
                made = _relationship(frame, value, annotation, "")
                if made.target not in own:
                    continue
                lazy: Value | None = None
                uselist: Value | None = None
                text: Value = backref
                if isinstance(backref, Object) and backref.type == BACKREF:
                    text = backref.argument("0") or UNKNOWN
                    lazy, uselist = backref.argument("lazy"), backref.argument("uselist")
                if not isinstance(text, Const):
                    continue
                collection: bool | None = None
                if isinstance(uselist, Const):
                    collection = bool(uselist.value)
                elif "secondary" in dict(value.arguments):
                    collection = True
                yield str(text.value), Relationship(
                    other, strategy_of(lazy), collection,
                    False if "secondary" in dict(value.arguments) else None,
                    dotted(statement.targets[0]),
                )  # fmt: skip


def loads_with_base(ctx: Context, cls: ClassValue) -> bool:
    """Whether a subclass may be loaded by queries of its base: ``polymorphic_load``, ``with_polymorphic``."""
    bases = [base for base in classes.mro(ctx, cls) if isinstance(base, ClassValue)]
    settings = _mapper_args(ctx, bases)
    return any(args is None or "polymorphic_load" in args or "with_polymorphic" in args for args in settings)


def has_own_constructor(ctx: Context, cls: ClassValue) -> bool:
    """Whether a class of the project says what the constructor does with its arguments."""
    return classes.has_member(ctx, cls, "__init__")
