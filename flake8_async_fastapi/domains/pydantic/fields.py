"""The fields of Pydantic models, and the attributes that they read."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.values import ClassValue, Library
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, subscript_parts

_ROOTS = frozenset(
    {"pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "pydantic.generics.GenericModel",
     "pydantic.RootModel", "pydantic.v1.BaseModel"}
)  # fmt: skip


class SchemaField(Struct, frozen=True):
    """A field of a schema: the attribute that it reads, and the place of its type.

    ``converts``: a validator gets the value first; ``converter`` is that, if it is one that returns the value
    to validate.
    ``is_required`` says that it surely has no default.
    """

    name: str
    reads: tuple[str, ...]
    annotation: Expr
    owner: ClassValue
    converts: bool = False
    converter: tree.FunctionDef | None = None
    is_required: bool = False


def is_schema(ctx: Context, cls: ClassValue) -> bool:
    """Whether a class is a Pydantic model; an SQLModel table is one too."""
    return classes.derives_from(ctx, cls, _ROOTS)


def schema_fields(ctx: Context, cls: ClassValue) -> tuple[SchemaField, ...]:
    """The fields of a schema, those of its bases first."""
    return ctx.query(("fields", cls), lambda: tuple(_find_fields(ctx, cls)), ())


def _find_fields(ctx: Context, cls: ClassValue) -> Iterator[SchemaField]:
    found: dict[str, SchemaField] = {}
    for base in reversed(classes.mro(ctx, cls)):
        if not isinstance(base, ClassValue):
            continue
        converted = _converted_fields(base)
        for statement in base.node.body:
            if not isinstance(statement, tree.Assign) or statement.annotation is None:
                continue
            name = dotted(statement.targets[0])
            if not name or name.startswith("_") or name == "model_config":
                continue
            if dotted(statement.annotation).rpartition(".")[2] == "ClassVar":
                continue
            if isinstance(statement.value, tree.Call) and dotted(statement.value.func).endswith(
                "Relationship"
            ):
                continue  # not a field of an SQLModel
            reads = _attributes_read(ctx, base, name, statement)
            converter, is_required = converted.get(name), statement.value is None
            found[name] = SchemaField(
                name, reads, statement.annotation, base, name in converted, converter, is_required
            )
    yield from found.values()


def _attributes_read(ctx: Context, cls: ClassValue, name: str, statement: tree.Assign) -> tuple[str, ...]:
    """The attributes that a field reads: its alias, or else its name."""
    calls_written = [statement.value, *_metadata_in(statement.annotation)]
    for call in calls_written:
        if isinstance(call, tree.Call) and _is_field(ctx, cls, dotted(call.func)):
            given = {keyword.name: keyword.value for keyword in call.keywords}
            alias = given.get("validation_alias") or given.get("alias")
            found = tuple(_alias_names(alias)) if alias is not None else ()
            if found:
                return (*found, name)
    return (name,)


def _is_field(ctx: Context, cls: ClassValue, called: str) -> bool:
    """Whether a name means ``Field``, which may be imported under another name."""
    if called.rpartition(".")[2] == "Field":
        return True
    return names.dotted_value(ctx, cls.path, called) in _FIELDS


_FIELDS = (Library("pydantic.Field"), Library("sqlmodel.Field"))


def _alias_names(alias: Expr) -> Iterator[str]:
    if isinstance(alias, tree.Const) and isinstance(alias.value, str):
        yield alias.value
    elif isinstance(alias, tree.Call) and alias.args:
        last = dotted(alias.func).rpartition(".")[2]
        if last == "AliasChoices":
            for choice in alias.args:
                yield from _alias_names(choice)
        elif last == "AliasPath":
            parts = [
                part.value for part in alias.args if isinstance(part, tree.Const) and part.value is not None
            ]
            texts = [part for part in parts if isinstance(part, str)]
            if texts and len(texts) == len(alias.args):
                yield ".".join(texts)
            elif texts:
                yield texts[0]


def _metadata_in(annotation: Expr | None) -> list[Expr]:
    if isinstance(annotation, tree.Subscript) and dotted(annotation.value).endswith("Annotated"):
        return subscript_parts(annotation)[1:]
    return []


def _converted_fields(cls: ClassValue) -> dict[str, tree.FunctionDef | None]:
    """The fields with a validator that gets the value first: the only one, if it returns what to validate."""
    found: dict[str, tree.FunctionDef | None] = {}
    for statement in cls.node.body:
        if not isinstance(statement, tree.FunctionDef):
            continue
        for decorator in decorators_that_run_first(statement, "field_validator", "validator"):
            words = {word.name: word.value for word in decorator.keywords}
            mode = words.get("mode", words.get("pre"))
            returns = isinstance(mode, tree.Const) and mode.value in ("before", True)
            for part in decorator.args:
                if isinstance(part, tree.Const) and isinstance(part.value, str):
                    found[part.value] = statement if returns and part.value not in found else None
    return found


def decorators_that_run_first(node: tree.FunctionDef, *names: str) -> Iterator[tree.Call]:
    """The decorators with these names whose function gets a value before Pydantic validates it."""
    for decorator in node.decorators:
        if isinstance(decorator, tree.Call) and dotted(decorator.func).rpartition(".")[2] in names:
            words = {word.name: word.value for word in decorator.keywords}
            mode, pre = words.get("mode"), words.get("pre")
            early = isinstance(mode, tree.Const) and mode.value in ("before", "wrap", "plain")
            if early or (isinstance(pre, tree.Const) and pre.value is True):
                yield decorator
