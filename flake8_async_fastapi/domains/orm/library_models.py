"""Functions, types and methods of SQLAlchemy and SQLModel by name, each with the model of its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flake8_async_fastapi.domains.orm.mapping import declared, inspection
from flake8_async_fastapi.domains.orm.objects import changed_in_place, copies, writes
from flake8_async_fastapi.domains.orm.session import (
    blocks,
    run_sync,
    session_effects,
    session_factories,
    sessions,
)
from flake8_async_fastapi.domains.orm.statements import loader_options, results, selects
from flake8_async_fastapi.domains.orm.statements.queries import (
    Aggregate,
    DynamicRelationship,
    FetchedResult,
    LoaderOption,
    MappedAttribute,
    Query,
    TransactionBlock,
    UpdateStatement,
)
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.values import ClassValue, Library, Member, Object, Value
from flake8_async_fastapi.knowledge.transactions import SESSION


def _make_loader(site: CallSite) -> Value:
    return loader_options.loader_option(site.frame, _function_name(site), site.arguments, site.place)


def _make_alias(site: CallSite) -> Value:
    return selects.aliased_model(
        site.arguments, site.place, polymorphic=_function_name(site) == "with_polymorphic"
    )


def _make_base(site: CallSite) -> Value:
    """The base class of ``declarative_base()`` and ``registry.generate_base()``; of ``cls=``, that class."""
    given = dict(site.arguments.keywords).get("cls")
    return given if isinstance(given, ClassValue) else Library("sqlalchemy.orm.DeclarativeBase")


def _model_inspect(site: CallSite) -> Value | None:
    return inspection.inspected_value(site.arguments.args[0]) if site.arguments.args else None


def _model_setattr(site: CallSite) -> None:
    writes.write_by_setattr(site.frame, site.arguments)


def _model_set_committed_value(site: CallSite) -> None:
    writes.set_committed_value(site.frame, site.arguments)


def _make_transient(site: CallSite) -> None:
    session_effects.havoc(site.frame, site.arguments.args)


def _function_name(site: CallSite) -> str:
    assert isinstance(site.callee, Library)
    return site.callee.dotted.rpartition(".")[2]


CALLS: Final[Mapping[str, CallModel]] = {
    **{
        f"{package}.{name}": _make_loader
        for package in ("sqlalchemy.orm", "sqlalchemy.orm.strategy_options")
        for name in loader_options.LOADERS
    },
    "sqlalchemy.orm.aliased": _make_alias,
    "sqlalchemy.orm.with_polymorphic": _make_alias,
    "sqlalchemy.and_": selects.make_conjunction,
    "sqlalchemy.select": selects.make_select,
    "sqlmodel.select": selects.make_select,
    "sqlalchemy.update": selects.make_change,
    "sqlalchemy.insert": selects.make_change,
    "sqlalchemy.delete": selects.make_change,
    "sqlalchemy.func.*": selects.make_function,
    "sqlalchemy.sql.func.*": selects.make_function,
    "sqlalchemy.sql.functions.*": selects.make_function,
    "sqlmodel.func.*": selects.make_function,
    "sqlalchemy.inspect": _model_inspect,
    "sqlalchemy.orm.class_mapper": _model_inspect,
    "sqlalchemy.orm.object_mapper": _model_inspect,
    "builtins.setattr": _model_setattr,
    "dataclasses.asdict": copies.copy_fields,
    "dataclasses.astuple": copies.copy_fields,
    "sqlalchemy.orm.attributes.set_committed_value": _model_set_committed_value,
    "sqlalchemy.orm.attributes.flag_modified": changed_in_place.note_flag,
    "sqlalchemy.orm.make_transient": _make_transient,
    "sqlalchemy.orm.make_transient_to_detached": _make_transient,
    "sqlalchemy.orm.relationship": declared.check_strategy,
    "sqlalchemy.orm.backref": declared.check_strategy,
    "sqlmodel.Relationship": declared.check_strategy,
    "sqlalchemy.orm.declarative_base": _make_base,
    "sqlalchemy.ext.declarative.declarative_base": _make_base,
    "sqlalchemy.orm.sessionmaker": session_factories.make_session_factory,
}


# --- methods -----------------------------------------------------------------------------------


def _call_statement(site: CallSite) -> Value | None:
    receiver, name = _receiver_and_method(site)
    return selects.call_statement_method(site.frame, receiver, name, site.arguments, site.place)


def _call_result(site: CallSite) -> Value | None:
    receiver, name = _receiver_and_method(site)
    return results.call_result_method(site.frame, receiver, name, site.arguments, site.place)


def _call_block(site: CallSite) -> None:
    receiver, name = _receiver_and_method(site)
    assert isinstance(receiver.detail, TransactionBlock)
    blocks.call_block_method(site.frame, receiver.detail, name, site.place)


_FETCHING = frozenset({"all", "first", "one", "one_or_none", "count", "scalar", "get", "delete", "update"})


def _call_dynamic(site: CallSite) -> None:
    """A method of a relationship that has to be queried runs a statement, as iterating over it does."""
    receiver, name = _receiver_and_method(site)
    assert isinstance(receiver.detail, DynamicRelationship)
    if name in _FETCHING and receiver.detail.strategy == "dynamic":
        site.frame.ctx.hooks.observers.consume(site.frame, receiver, site.place)


def _receiver_and_method(site: CallSite) -> tuple[Object, str]:
    assert isinstance(site.callee, Member)
    return site.callee.receiver, site.callee.name


ATTACHED: Final[Mapping[type[Any], CallModel]] = {
    LoaderOption: _call_statement,
    MappedAttribute: _call_statement,
    UpdateStatement: _call_statement,
    Aggregate: selects.call_aggregate,
    Query: _call_statement,
    FetchedResult: _call_result,
    TransactionBlock: _call_block,
    DynamicRelationship: _call_dynamic,
    inspection.InspectedClass: inspection.call_inspected,
}
METHODS: Final[Mapping[str, CallModel]] = {
    f"{SESSION}.*": sessions.call_session_method,
    f"{session_factories.SCOPED}.*": sessions.call_session_method,
    f"{run_sync.SYNC_SESSION}.*": sessions.call_sync_method,
    "sqlalchemy.ext.asyncio.AsyncConnection.run_sync": run_sync.call_run_sync,
    "sqlalchemy.ext.asyncio.async_sessionmaker.begin": session_factories.begin_session,
    "sqlalchemy.orm.registry.generate_base": _make_base,
}


# --- objects that are called -------------------------------------------------------------------


def _call_factory(site: CallSite) -> Value:
    made = session_factories.call_session_factory(site)
    blocks.on_remake(site.frame, made)
    return made


OBJECTS: Final[Mapping[str, CallModel]] = dict.fromkeys(session_factories.FACTORIES, _call_factory)
