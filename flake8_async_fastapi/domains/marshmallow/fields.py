"""The fields of marshmallow schemas, and which of them an instance dumps.

Source: marshmallow documentation, "Quickstart", "Nesting schemas"; marshmallow-sqlalchemy documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.engine.frame import Context, class_frame
from flake8_async_fastapi.engine.machine import classes, expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Collection, Const, Library, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, dotted

ROOTS: Final = frozenset(
    {"marshmallow.Schema", "marshmallow.schema.Schema"}
    | {f"marshmallow_sqlalchemy.{name}" for name in ("SQLAlchemySchema", "SQLAlchemyAutoSchema")}
)
_PACKAGES: Final = ("marshmallow", "marshmallow_sqlalchemy")
_AUTOMATIC: Final = frozenset({"marshmallow_sqlalchemy.SQLAlchemyAutoSchema"})


class Field(Struct, frozen=True):
    """A field of a schema: its type, its name in the output, and the attribute that it reads."""

    name: str
    kind: str
    attribute: str
    written: tree.Call | None = None
    owner: ClassValue | None = None


class Selection(Struct, frozen=True):
    """The fields that are dumped: all, or those ``only``, and none of those ``excluded``."""

    only: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        inside = self.only is None or any(one == name or one.startswith(f"{name}.") for one in self.only)
        return inside and name not in self.excluded

    def below(self, name: str) -> Selection:
        """The part of the selection about the schema that is nested in a field."""
        prefix = f"{name}."
        only = {one.removeprefix(prefix) for one in self.only or () if one.startswith(prefix)}
        excluded = {one.removeprefix(prefix) for one in self.excluded if one.startswith(prefix)}
        return Selection(frozenset(only) if only else None, frozenset(excluded))


def is_schema(ctx: Context, cls: ClassValue) -> bool:
    """Whether a class is a marshmallow schema."""
    return any(map(ctx.project.is_imported, _PACKAGES)) and classes.derives_from(ctx, cls, ROOTS)


def names_in(value: Value | None) -> frozenset[str] | None:
    """The texts of a tuple or list; None if they are not known."""
    if not isinstance(value, Collection) or value.items is None:
        return None
    texts = [item.value for item in value.items if isinstance(item, Const) and isinstance(item.value, str)]
    return frozenset(texts) if len(texts) == len(value.items) else None


def schema_fields(ctx: Context, cls: ClassValue) -> tuple[Field, ...] | None:
    """The fields that a schema dumps, those of its bases first; None if they are not certain."""
    nothing: tuple[Field, ...] | None = None
    return ctx.query(("marshmallow fields", cls), lambda: _find_fields(ctx, cls), nothing)


def _find_fields(ctx: Context, cls: ClassValue) -> tuple[Field, ...] | None:
    own = [base for base in classes.mro(ctx, cls) if isinstance(base, ClassValue)]
    if any(map(_changes_what_is_dumped, own)) or len(own) == len(classes.mro(ctx, cls)):
        return None
    options = _meta_options(ctx, own)
    found: dict[str, Field] = {}
    if classes.derives_from(ctx, cls, _AUTOMATIC):
        found.update((one.name, one) for one in _mapped_fields(ctx, options))
    for base in reversed(own):
        found.update((one.name, one) for one in _declared_fields(ctx, base))
    selected = Selection(names_in(options.get("fields")), names_in(options.get("exclude")) or frozenset())
    return tuple(one for one in found.values() if selected.has(one.name))


def _changes_what_is_dumped(cls: ClassValue) -> bool:
    """Whether a class overrides attribute lookup, or processes the object before its fields do."""
    for statement in cls.node.body:
        if isinstance(statement, tree.FunctionDef):
            marks = {_last_name(one) for one in statement.decorators}
            if "pre_dump" in marks or statement.name in ("get_attribute", "dump", "__init__"):
                return True
    return False


def _last_name(written: Expr) -> str:
    return dotted(written.func if isinstance(written, tree.Call) else written).rpartition(".")[2]


def _meta_options(ctx: Context, own: list[ClassValue]) -> dict[str, Value]:
    """The options of the nearest ``class Meta``."""
    for base in own:
        for statement in base.node.body:
            if isinstance(statement, tree.ClassDef) and statement.name == "Meta":
                frame = class_frame(ctx, base)
                return {
                    name: expressions.evaluate(frame, State(), inner.value)
                    for inner in statement.body
                    if isinstance(inner, tree.Assign) and inner.value is not None
                    for name in bound_names(inner)
                }
    return {}


def _mapped_fields(ctx: Context, options: dict[str, Value]) -> Iterator[Field]:
    """The fields that an automatic schema makes of a model; relationships only if it includes them."""
    cls = options.get("model")
    model = models.mapped_model(ctx, cls) if isinstance(cls, ClassValue) else None
    whole = options.get("include_relationships") == Const(True)
    for name, attribute in model.attributes.items() if model is not None else ():
        if whole or (isinstance(attribute, Column) and not attribute.references):
            yield Field(name, "auto", name)


def _declared_fields(ctx: Context, base: ClassValue) -> Iterator[Field]:
    frame = class_frame(ctx, base)
    for statement in base.node.body:
        if isinstance(statement, tree.Assign) and isinstance(statement.value, tree.Call):
            written = statement.value
            made_by = expressions.evaluate(frame, State(), written.func)
            if not isinstance(made_by, Library) or not made_by.dotted.startswith("marshmallow"):
                continue
            if is_constant(written, "load_only", True):
                continue
            for name in bound_names(statement):
                other = keyword_of(written, "attribute")
                attribute = other.value if isinstance(other, tree.Const) else name
                yield Field(name, made_by.dotted.rpartition(".")[2], str(attribute), written, base)


def keyword_of(written: tree.Call, name: str) -> Expr | None:
    """The argument that a call passes by name."""
    return next((keyword.value for keyword in written.keywords if keyword.name == name), None)


def is_constant(written: tree.Call, name: str, value: object) -> bool:
    """Whether a call passes a certain constant by name."""
    given = keyword_of(written, name)
    return isinstance(given, tree.Const) and given.value is value


def written_names(given: Expr | None) -> frozenset[str] | None:
    """The texts of a tuple or list as written; None for anything else."""
    items: Iterable[Expr] = given.items if isinstance(given, tree.Display) else ()
    texts = [item.value for item in items if isinstance(item, tree.Const) and isinstance(item.value, str)]
    return frozenset(texts) if texts else None
