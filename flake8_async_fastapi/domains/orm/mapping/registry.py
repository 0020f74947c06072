"""Which classes are mapped, to which table, and which class a text names.

Source: SQLAlchemy documentation, "Declarative Mapping".
"""

from __future__ import annotations

from msgspec import Struct

from flake8_async_fastapi.domains.orm.mapping import imperative
from flake8_async_fastapi.engine.frame import Context, class_frame
from flake8_async_fastapi.engine.machine import classes, expressions, names
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Const, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in

_ROOTS = frozenset({"sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.DeclarativeBaseNoMeta"})
_SQLMODEL = "sqlmodel.SQLModel"


def is_mapped(ctx: Context, cls: ClassValue, own: list[ClassValue], libraries: set[str]) -> bool:
    """Whether a class is mapped, by its bases in the project (itself first) and those of libraries."""
    if imperative.mapping_of(ctx, cls) is not None:
        return True
    if _SQLMODEL in libraries:
        return any(
            keyword.name == "table" and isinstance(keyword.value, tree.Const) and keyword.value.value is True
            for base in own
            for keyword in base.node.keywords
        )
    if any(_assigns_name(statement, "__abstract__") for statement in cls.node.body):
        return False
    has_table = any(_names_table(ctx, base) for base in own) or any(map(_names_tables_below, own[1:]))
    return has_table and (bool(libraries & _ROOTS) or len(own) > 1 or bool(cls.node.decorators))


def _names_table(ctx: Context, cls: ClassValue) -> bool:
    """Whether the body of a class gives it a table. A dataclass's field ``__tablename__: str`` does not."""
    return any(
        not isinstance(binding, tree.Assign) or binding.value is not None
        for name in ("__tablename__", "__table__")
        for binding in classes.body_bindings(ctx, cls, name)
    )


def _names_tables_below(base: ClassValue) -> bool:
    """Whether a class gives its subclasses a table: its ``__init_subclass__`` sets ``__tablename__``."""
    hooks = (part for part in base.node.body if isinstance(part, tree.FunctionDef))
    return any(
        isinstance(target, tree.Attr) and target.name == "__tablename__"
        for hook in hooks
        if hook.name == "__init_subclass__"
        for node in nodes_in(hook.body)
        if isinstance(node, tree.Assign)
        for target in node.targets
    )


def is_abstract(cls: ClassValue, own: list[ClassValue], libraries: set[str]) -> bool:
    """Whether a class is only a base of mapped classes: it is abstract, or the mapping starts there."""
    if any(_assigns_name(statement, "__abstract__") for statement in cls.node.body):
        return True
    return own == [cls] and bool(libraries & _ROOTS)


def _assigns_name(statement: tree.Stmt, name: str) -> bool:
    return isinstance(statement, tree.Assign) and any(dotted(target) == name for target in statement.targets)


def table_name(ctx: Context, cls: ClassValue) -> str:
    """The text of ``__tablename__`` in the body of a class; SQLModel's default is the class name."""
    for statement in classes.body_bindings(ctx, cls, "__tablename__"):
        if isinstance(statement, tree.Assign) and statement.value is not None:
            value = expressions.evaluate(class_frame(ctx, cls), State(), statement.value)
            if isinstance(value, Const) and isinstance(value.value, str):
                return value.value
    if any(keyword.name == "table" for keyword in cls.node.keywords):
        return cls.name.lower()
    table = imperative.table_of(ctx, cls)
    return imperative.name_of_table(table) if table is not None else ""


def name_of_class(cls: ClassValue) -> str:
    """The name by which a foreign key refers to a column of a class."""
    return f"{cls.path}:{cls.node.qualname}"


class _TableNames(Struct, frozen=True):
    """The name of a class's table in foreign keys; or some ``stems`` of it, if the name is computed."""

    known: frozenset[str]
    stems: tuple[str, ...] = ()


NOT_MEANT, ALIKE, MEANT = range(3)
_ENDINGS = ("model", "table", "orm", "entity", "record", "db")


def likeness(ctx: Context, references: str, cls: ClassValue) -> int:
    """How well a foreign key matches the table of a class, or of one of its bases.

    ``ALIKE`` is the best match if the name of the table is computed and starts differently from the name of
    the class: with a prefix, or the name of another class.
    """
    if not references:
        return NOT_MEANT
    names_of = ctx.query(("tables", cls), lambda: _table_names(ctx, cls), _TableNames(frozenset()))
    if references in names_of.known:
        return MEANT
    if ":" in references or not names_of.stems:
        return NOT_MEANT
    text = _stem(references)
    if text in names_of.stems:
        return MEANT
    return ALIKE if text.endswith(names_of.stems) else NOT_MEANT


def _table_names(ctx: Context, cls: ClassValue) -> _TableNames:
    bases = [base for base in classes.mro(ctx, cls) if isinstance(base, ClassValue)]
    known = {name_of_class(base) for base in bases}
    for base in bases:
        text = table_name(ctx, base)
        if text:
            known.add(text)
        elif len(known) == len(bases) and (
            classes.body_bindings(ctx, base, "__tablename__") or _names_tables_below(base)
        ):
            return _TableNames(frozenset(known), _stems(cls.name))
    return _TableNames(frozenset(known))


def _stems(name: str) -> tuple[str, ...]:
    """The stem of a class name, also without an ending such as ``Model``, which tables often lack."""
    short = [name[: -len(ending)] for ending in _ENDINGS if name.lower().endswith(ending)]
    return tuple(filter(None, map(_stem, (name, *short))))


def _stem(text: str) -> str:
    """The common stem of all forms of a name: ``OrderLine``, ``order_lines``; ``City``, ``cities``."""
    letters = "".join(filter(str.isalnum, text.lower()))
    stem = letters.rstrip("es")
    return stem[:-1] + "i" if stem.endswith("y") else stem


def model_named(ctx: Context, path: str, text: str) -> ClassValue | None:
    """The model that a text names in the registry: the only one of that name, or the one in the same file."""
    return ctx.query(("registry", path, text), lambda: _find_model_named(ctx, path, text), None)


def _find_model_named(ctx: Context, path: str, text: str) -> ClassValue | None:
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
    return is_mapped(ctx, cls, bases, libraries)
