"""Descriptions of queries for ``trace``."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import Entity, FetchedResult, Query
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.values import Object, Value, alternatives


def describe_queries(frame: Frame, value: Value) -> Iterator[str]:
    """A description of the queries in a value, with the relationships that they load."""
    for alternative in alternatives(value):
        detail = alternative.detail if isinstance(alternative, Object) else None
        query = detail.query if isinstance(detail, FetchedResult) else detail
        if isinstance(query, Query):
            yield from _describe_query(frame.ctx, query)


def _describe_query(ctx: Context, query: Query) -> Iterator[str]:
    for entity in query.items or ():
        if entity is not None:
            yield f"selects {entity.cls.name}{_describe_plan(ctx, query, entity)}"


def _describe_plan(ctx: Context, query: Query, entity: Entity) -> str:
    model = models.mapped_model(ctx, entity.cls)
    if model is None:
        return ""
    plan = load_plans.query_plan(ctx, query, entity)
    paths = [path for path in load_plans.loaded_paths(ctx, entity.cls, plan) if path.names]
    loaded = {path.names[0] for path in paths}
    missing = [name for name, _ in model.relationships() if name not in loaded]
    words = "" if query.certain else ", with options that are not known"
    if paths:
        named = (f"{'.'.join(path.names)} ({path.strategies_above[-1]})" for path in paths)
        words += f", loads {', '.join(named)}"
    if missing:
        words += f", does not load {', '.join(missing)}"
    return words
