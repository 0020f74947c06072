"""Unions with a discriminator: ``Annotated[Cat | Dog, Discriminator("kind")]``.

Source: docs/behaviour.md#pydantic; Pydantic documentation, "Discriminated Unions".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from flake8_async_fastapi.domains.pydantic.fields import is_schema, schema_fields
from flake8_async_fastapi.engine.frame import Context, Frame, class_frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Collection, Const, Text, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, subscript_parts

_DISCRIMINATOR: Final = "Discriminator"
_OPTION: Final = "discriminator"  # of Field()
_NO_TEXTS: Final[frozenset[str]] = frozenset()


def tag_name(extras: Sequence[Expr]) -> str:
    """The discriminator of an annotated union; empty if there is none."""
    for extra in extras:
        if not isinstance(extra, tree.Call):
            continue
        words = {keyword.name: keyword.value for keyword in extra.keywords}
        is_bare = dotted(extra.func).rpartition(".")[2] == _DISCRIMINATOR and extra.args
        named = extra.args[0] if is_bare else words.get(_OPTION)
        if isinstance(named, tree.Const) and isinstance(named.value, str):
            return named.value
    return ""


def tagged_member(frame: Frame, union: Expr, tag: str, value: Value) -> Expr | None:
    """The member of a union that the discriminator of a value selects; None if it is not known."""
    if not isinstance(value, Collection) or value.keys is None or tag not in value.keys:
        return None
    given = (value.items or ())[value.keys.index(tag)]
    if not isinstance(given, Const) or not isinstance(given.value, str):
        return None
    found = [member for member in members_of(union) if given.value in _texts_of_tag(frame, member, tag)]
    return found[0] if len(found) == 1 else None


def members_of(union: Expr) -> Iterator[Expr]:
    """The members of ``A | B`` or ``Union[A, B]``."""
    if isinstance(union, tree.Binary) and union.op == "|":
        yield from members_of(union.left)
        yield from members_of(union.right)
    elif isinstance(union, tree.Subscript) and dotted(union.value).rpartition(".")[2] == "Union":
        for part in subscript_parts(union):
            yield from members_of(part)
    else:
        yield union


def _texts_of_tag(frame: Frame, member: Expr, tag: str) -> frozenset[str]:
    """The values of the discriminator that a member of a union allows."""
    cls = expressions.evaluate(frame, State(), member)
    if not isinstance(cls, ClassValue) or not is_schema(frame.ctx, cls):
        return frozenset()
    return frame.ctx.query(
        ("tag texts", cls, tag), lambda: frozenset(_find_texts(frame.ctx, cls, tag)), _NO_TEXTS
    )


def _find_texts(ctx: Context, cls: ClassValue, tag: str) -> Iterator[str]:
    for one in schema_fields(ctx, cls):
        annotation = one.annotation
        if one.name != tag or not isinstance(annotation, tree.Subscript):
            continue
        if dotted(annotation.value).rpartition(".")[2] == "Literal":
            for part in subscript_parts(annotation):
                value = expressions.evaluate(class_frame(ctx, one.owner), State(), part)
                if isinstance(value, Const) and isinstance(value.value, str):
                    yield value.value


def model_tag(ctx: Context, written: str) -> Text | None:
    """A text that is a discriminator's value in the project: its value matters."""
    return Text(written) if written in ctx.query(("tags",), lambda: _find_tags(ctx), _NO_TEXTS) else None


def _find_tags(ctx: Context) -> frozenset[str]:
    """The values of discriminators in the project."""
    found: set[str] = set()
    for path in {*ctx.project.mentioning(_DISCRIMINATOR), *ctx.project.mentioning(_OPTION)}:
        frame = Frame(ctx, path, "")
        for node in nodes_in(ctx.project.body(path)):
            if not isinstance(node, tree.Subscript) or dotted(node.value).rpartition(".")[2] != "Annotated":
                continue
            union, *extras = subscript_parts(node)
            tag = tag_name(extras)
            for member in members_of(union) if tag else ():
                found |= _texts_of_tag(frame, member, tag)
    return frozenset(found)
