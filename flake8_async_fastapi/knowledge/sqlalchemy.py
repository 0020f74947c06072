"""SQLAlchemy: the asyncio extension, the synchronous session and engine, statements, results.

Covers 1.4, 2.0 and 2.1, including members that only one of them has. Source: introspection of the three
versions, and programs that were run against 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Common members of AsyncSession and async_scoped_session.
_ASYNC_SESSION: Final = """
    async aclose close close_all commit delete delete_all flush invalidate refresh reset rollback -> None
    async connection -> sqlalchemy.ext.asyncio.AsyncConnection
    async execute -> sqlalchemy.engine.Result
    async scalars -> sqlalchemy.engine.ScalarResult
    async stream -> sqlalchemy.ext.asyncio.AsyncResult
    async stream_scalars -> sqlalchemy.ext.asyncio.AsyncScalarResult
    async get get_one merge scalar -> object
    async merge_all -> list
    def add add_all expire expire_all expunge expunge_all -> None
    def begin begin_nested -> sqlalchemy.ext.asyncio.AsyncSessionTransaction
    def get_bind identity_key -> object
    def get_async_bind -> ?
    def is_modified -> bool
    def object_session -> sqlalchemy.orm.Session
    property autoflush is_active -> bool
    property deleted dirty new identity_map execution_options -> object
    property info -> dict
    property bind binds -> ?
    property no_autoflush -> contextlib._GeneratorContextManager
    absent query bulk_save_objects bulk_insert_mappings bulk_update_mappings enable_relationship_loading \
prepare exec
"""

# Common members of Session and scoped_session.
_SESSION: Final = """
    def add add_all close commit delete delete_all expire expire_all expunge expunge_all flush -> None
    def refresh reset rollback close_all -> None
    def bulk_insert_mappings bulk_save_objects bulk_update_mappings -> None
    def begin begin_nested -> sqlalchemy.orm.SessionTransaction
    def connection -> sqlalchemy.engine.Connection
    def execute -> sqlalchemy.engine.Result
    def scalars -> sqlalchemy.engine.ScalarResult
    def get get_one merge scalar get_bind identity_key -> object
    def merge_all -> list
    def query -> sqlalchemy.orm.Query
    def is_modified -> bool
    def object_session -> sqlalchemy.orm.Session
    property autoflush is_active -> bool
    property deleted dirty new identity_map execution_options bind binds -> object
    property info -> dict
    property no_autoflush -> contextlib._GeneratorContextManager
"""

_ASYNC_FETCH: Final = """
    async all fetchall fetchmany -> list
    async close -> None
    async-generator partitions -> list
    def unique yield_per -> self
    property closed -> bool
"""

_FETCH: Final = """
    protocols: with iter
    enter -> self
    def all fetchall fetchmany -> list
    def close -> None
    def partitions -> object
    def unique yield_per -> self
    property closed -> bool
"""

# Common members of all statements.
_STATEMENT: Final = """
    protocols: none
    def execution_options options params add_cte -> self
    def cte -> sqlalchemy.CTE
    def compile get_execution_options get_children -> object
"""

_GENERATIVE_SELECT: Final = """
    def fetch group_by limit offset order_by set_label_style slice with_for_update -> self
    def as_scalar label scalar_subquery -> sqlalchemy.ColumnElement
    def alias lateral subquery -> sqlalchemy.FromClause
    def exists -> sqlalchemy.ColumnElement
    def into -> object
    property selected_columns exported_columns -> sqlalchemy.sql.expression.ColumnCollection
"""

TYPES: Final[Mapping[str, str]] = {
    "sqlalchemy.ext.asyncio.AsyncSession": _ASYNC_SESSION + """
        protocols: async-with iter
        aenter -> self
        item -> object
        async run_sync -> cb[?]
        def bind_mapper bind_table -> None
        def get_transaction get_nested_transaction -> sqlalchemy.ext.asyncio.AsyncSessionTransaction
        def in_transaction in_nested_transaction -> bool
        property sync_session -> sqlalchemy.orm.Session
        property sync_session_class -> ?
    """,
    "sqlalchemy.ext.asyncio.async_scoped_session": _ASYNC_SESSION + """
        protocols: call iter
        call -> sqlalchemy.ext.asyncio.AsyncSession
        item -> object
        async remove -> None
        def configure -> None
        property session_factory registry -> ?
    """,
    "sqlalchemy.ext.asyncio.AsyncConnection": """
        protocols: await async-with
        await -> self
        aenter -> self
        async aclose close commit invalidate rollback set_isolation_level -> None
        async exec_driver_sql execute -> sqlalchemy.engine.CursorResult
        async execution_options start -> self
        async get_isolation_level get_raw_connection scalar -> object
        async run_sync -> cb[?]
        async scalars -> sqlalchemy.engine.ScalarResult
        def begin begin_nested -> sqlalchemy.ext.asyncio.AsyncTransaction
        def get_transaction get_nested_transaction -> sqlalchemy.ext.asyncio.AsyncTransaction
        def in_transaction in_nested_transaction -> bool
        def stream -> sqlalchemy.ext.asyncio._StreamContext
        def stream_scalars -> sqlalchemy.ext.asyncio._StreamScalarsContext
        property closed invalidated -> bool
        property connection default_isolation_level dialect -> object
        property engine -> sqlalchemy.ext.asyncio.AsyncEngine
        property info -> dict
        property sync_connection -> sqlalchemy.engine.Connection
        property sync_engine -> sqlalchemy.engine.Engine
    """,
    "sqlalchemy.ext.asyncio._StreamContext": """
        protocols: await async-with
        await -> sqlalchemy.ext.asyncio.AsyncResult
        aenter -> sqlalchemy.ext.asyncio.AsyncResult
    """,
    "sqlalchemy.ext.asyncio._StreamScalarsContext": """
        protocols: await async-with
        await -> sqlalchemy.ext.asyncio.AsyncScalarResult
        aenter -> sqlalchemy.ext.asyncio.AsyncScalarResult
    """,
    "sqlalchemy.ext.asyncio.AsyncEngine": """
        protocols: none
        async dispose -> None
        async raw_connection -> object
        def begin -> sqlalchemy.ext.asyncio._EngineBegin
        def connect -> sqlalchemy.ext.asyncio.AsyncConnection
        def clear_compiled_cache update_execution_options -> None
        def execution_options -> self
        def get_execution_options -> object
        property dialect echo pool url -> object
        property driver name -> str
        property engine sync_engine -> sqlalchemy.engine.Engine
    """,
    # In 1.4 it could also be awaited; from 2.0 that is a TypeError.
    "sqlalchemy.ext.asyncio._EngineBegin": """
        protocols: async-with
        aenter -> sqlalchemy.ext.asyncio.AsyncConnection
    """,
    "sqlalchemy.ext.asyncio.AsyncTransaction": """
        protocols: await async-with
        await -> self
        aenter -> self
        async close commit rollback -> None
        async start -> self
        property connection -> sqlalchemy.ext.asyncio.AsyncConnection
        property is_active is_valid nested -> bool
        property sync_transaction -> sqlalchemy.engine.Transaction
    """,
    "sqlalchemy.ext.asyncio.AsyncSessionTransaction": """
        protocols: await async-with
        await -> self
        aenter -> self
        async commit rollback -> None
        async start -> self
        def bound_connection -> sqlalchemy.ext.asyncio.AsyncConnection
        property connections -> object
        property is_active nested -> bool
        property session -> sqlalchemy.ext.asyncio.AsyncSession
        property sync_transaction -> sqlalchemy.orm.SessionTransaction
    """,
    # `with` on a streamed result does not fail: it closes the cursor badly and logs that.
    "sqlalchemy.ext.asyncio.AsyncResult": _ASYNC_FETCH + """
        protocols: with async-iter
        enter -> self
        aitem -> sqlalchemy.engine.Row
        async fetchone first one one_or_none -> sqlalchemy.engine.Row
        async freeze scalar scalar_one scalar_one_or_none -> object
        def columns -> self
        def keys -> object
        def mappings -> sqlalchemy.ext.asyncio.AsyncMappingResult
        def scalars -> sqlalchemy.ext.asyncio.AsyncScalarResult
        def tuples -> sqlalchemy.ext.asyncio.AsyncTupleResult
        property t -> sqlalchemy.ext.asyncio.AsyncTupleResult
    """,
    "sqlalchemy.ext.asyncio.AsyncScalarResult": _ASYNC_FETCH + """
        protocols: with async-iter
        enter -> self
        aitem -> object
        async first one one_or_none -> object
    """,
    "sqlalchemy.ext.asyncio.AsyncMappingResult": _ASYNC_FETCH + """
        protocols: with async-iter
        enter -> self
        aitem -> sqlalchemy.engine.RowMapping
        async fetchone first one one_or_none -> sqlalchemy.engine.RowMapping
        def columns -> self
        def keys -> object
    """,
    # A type of the annotations only: at run time it is the AsyncResult itself.
    "sqlalchemy.ext.asyncio.AsyncTupleResult": """
        bases: sqlalchemy.ext.asyncio.AsyncResult
    """,
    "sqlalchemy.ext.asyncio.async_sessionmaker": """
        protocols: call
        call -> sqlalchemy.ext.asyncio.AsyncSession
        def begin -> sqlalchemy.ext.asyncio._SessionBegin
        def configure -> None
        property kw -> dict
        property class_ -> ?
    """,
    "sqlalchemy.ext.asyncio._SessionBegin": """
        protocols: async-with
        aenter -> sqlalchemy.ext.asyncio.AsyncSession
    """,
    # Values that a model's body assigns.
    "sqlalchemy.Column": "",
    # An SQL expression: any member is another expression, whether it is called or not.
    "sqlalchemy.ColumnElement": """
        def label asc desc cast collate op between is_ is_not in_ not_in -> sqlalchemy.ColumnElement
        call -> sqlalchemy.ColumnElement
        getitem -> sqlalchemy.ColumnElement
        any -> sqlalchemy.ColumnElement
    """,
    "sqlalchemy.FunctionElement": """
        bases: sqlalchemy.ColumnElement
        def label asc desc cast collate op between is_ is_not in_ not_in -> self
        def filter over within_group -> self
    """,
    # A source of a query: a subquery, a CTE, an alias of one.
    "sqlalchemy.FromClause": """
        def alias lateral -> self
        property c columns exported_columns -> sqlalchemy.sql.expression.ColumnCollection
    """,
    "sqlalchemy.CTE": """
        bases: sqlalchemy.FromClause
        def union union_all -> self
    """,
    "sqlalchemy.sql.expression.ColumnCollection": """
        getitem -> sqlalchemy.ColumnElement
        any -> sqlalchemy.ColumnElement
    """,
    "sqlalchemy.Computed": "",
    "sqlalchemy.orm.registry": """
        def generate_base map_imperatively map_declaratively -> ?
        def configure dispose -> None
        property metadata mappers -> ?
    """,
    "sqlalchemy.Table": """
        property c columns -> sqlalchemy.sql.expression.ColumnCollection
        property primary_key foreign_keys indexes metadata -> ?
        def insert -> sqlalchemy.Insert
        def update -> sqlalchemy.Update
        def delete -> sqlalchemy.Delete
        any -> call
    """,
    "sqlalchemy.ForeignKey": "",
    "sqlalchemy.orm.Relationship": "",
    "sqlalchemy.orm.Backref": "",
    "sqlalchemy.orm.Deferred": "",
    "sqlalchemy.orm.ColumnProperty": "",
    "sqlalchemy.orm.Synonym": "",
    "sqlalchemy.ext.associationproxy.AssociationProxy": "",
    # An attribute of a model's class, as used by queries and loader options.
    "sqlalchemy.orm.InstrumentedAttribute": """
        def of_type and_ -> self
        def asc between collate contains desc endswith ilike in_ is_ is_not -> sqlalchemy.ColumnElement
        def is_distinct_from label like not_in op startswith -> sqlalchemy.ColumnElement
    """,
    # A loader option; the interpreter knows its methods that extend it.
    "sqlalchemy.orm.Load": """
        def contains_eager defaultload defer immediateload joinedload lazyload load_only noload -> self
        def options raiseload selectin_polymorphic selectinload subqueryload undefer -> self
        def undefer_group with_expression -> self
    """,
    "sqlalchemy.orm.AliasedClass": "",
    # The value of a relationship with `lazy="dynamic"` or `lazy="write_only"`.
    "sqlalchemy.orm.AppenderQuery": """
        bases: sqlalchemy.orm.Query
        def append remove extend add add_all -> None
    """,
    "sqlalchemy.orm.WriteOnlyCollection": """
        def add add_all remove -> None
        def select -> sqlalchemy.Select
        def insert -> sqlalchemy.Insert
        def update -> sqlalchemy.Update
        def delete -> sqlalchemy.Delete
    """,
    # A mixin of models: the other members of their instances are unknown.
    "sqlalchemy.ext.asyncio.AsyncAttrs": """
        property awaitable_attrs -> ?
    """,
    "sqlalchemy.orm.Session": _SESSION + """
        protocols: with iter
        enter -> self
        item -> object
        def bind_mapper bind_table enable_relationship_loading invalidate prepare -> None
        def get_transaction get_nested_transaction -> sqlalchemy.orm.SessionTransaction
        def in_transaction in_nested_transaction -> bool
        property expire_on_commit -> bool
    """,
    "sqlalchemy.orm.scoped_session": _SESSION + """
        protocols: call iter
        call -> sqlalchemy.orm.Session
        item -> object
        def configure remove -> None
        def query_property -> object
        property session_factory registry -> ?
    """,
    "sqlalchemy.orm.SessionTransaction": """
        protocols: with
        enter -> self
        def close commit rollback prepare -> None
        def connection bound_connection -> sqlalchemy.engine.Connection
        property connections parent -> object
        property is_active nested -> bool
        property session -> sqlalchemy.orm.Session
    """,
    "sqlalchemy.orm.sessionmaker": """
        protocols: call
        call -> sqlalchemy.orm.Session
        def begin -> sqlalchemy.orm._SessionBegin
        def close_all configure -> None
        def identity_key -> object
        def object_session -> sqlalchemy.orm.Session
        property kw -> dict
        property class_ -> ?
    """,
    "sqlalchemy.orm._SessionBegin": """
        protocols: with call
        enter -> sqlalchemy.orm.Session
    """,
    "sqlalchemy.orm.Query": """
        protocols: iter
        item -> object
        def all -> list
        def count delete update -> int
        def first get one one_or_none scalar value values instances -> object
        def add_column add_columns add_entity with_entities tuples only_return_tuples -> self
        def apply_labels autoflush correlate distinct enable_assertions enable_eagerloads -> self
        def except_ except_all execution_options filter filter_by from_statement group_by having -> self
        def intersect intersect_all join limit offset options order_by outerjoin params -> self
        def populate_existing prefix_with reset_joinpoint select_from set_label_style slice -> self
        def suffix_with union union_all where with_for_update with_hint with_labels with_parent -> self
        def with_session with_statement_hint with_transformation yield_per -> self
        def as_scalar cte exists label scalar_subquery subquery get_execution_options -> object
        property column_descriptions -> list
        property selectable statement whereclause lazy_loaded_from -> object
        property is_single_entity -> bool
    """,
    "sqlalchemy.engine.Engine": """
        protocols: none
        def begin -> sqlalchemy.engine._EngineBegin
        def connect -> sqlalchemy.engine.Connection
        def clear_compiled_cache dispose update_execution_options -> None
        def execution_options -> self
        def get_execution_options raw_connection -> object
        property dialect echo pool url -> object
        property driver name -> str
        property engine -> self
        def execute -> sqlalchemy.engine.CursorResult
        def scalar -> object
    """,
    # A context manager that 1.4 wrote by hand and later versions make with contextlib.
    "sqlalchemy.engine._EngineBegin": """
        protocols: with call
        enter -> sqlalchemy.engine.Connection
    """,
    "sqlalchemy.engine.Connection": """
        protocols: with
        enter -> self
        def begin -> sqlalchemy.engine.RootTransaction
        def begin_nested -> sqlalchemy.engine.NestedTransaction
        def begin_twophase -> sqlalchemy.engine.Transaction
        def close commit rollback detach invalidate commit_prepared rollback_prepared -> None
        def exec_driver_sql execute -> sqlalchemy.engine.CursorResult
        def execution_options -> self
        def get_execution_options get_isolation_level scalar -> object
        def get_nested_transaction -> sqlalchemy.engine.NestedTransaction
        def get_transaction -> sqlalchemy.engine.RootTransaction
        def in_nested_transaction in_transaction -> bool
        def recover_twophase -> list
        def scalars -> sqlalchemy.engine.ScalarResult
        def schema_for_object -> object
        property closed invalidated -> bool
        property connection default_isolation_level dialect -> object
        property engine -> sqlalchemy.engine.Engine
        property info -> dict
    """,
    "sqlalchemy.engine.Transaction": """
        protocols: with
        enter -> self
        def close commit rollback -> None
        property is_valid is_active -> bool
    """,
    "sqlalchemy.engine.RootTransaction": """
        bases: sqlalchemy.engine.Transaction
        property connection -> sqlalchemy.engine.Connection
    """,
    "sqlalchemy.engine.NestedTransaction": """
        bases: sqlalchemy.engine.Transaction
        property connection -> sqlalchemy.engine.Connection
    """,
    "sqlalchemy.engine.Result": _FETCH + """
        item -> sqlalchemy.engine.Row
        def fetchone first one one_or_none -> sqlalchemy.engine.Row
        def freeze scalar scalar_one scalar_one_or_none keys merge -> object
        def columns -> self
        def mappings -> sqlalchemy.engine.MappingResult
        def scalars -> sqlalchemy.engine.ScalarResult
        def tuples -> sqlalchemy.engine.TupleResult
        property t -> sqlalchemy.engine.TupleResult
    """,
    "sqlalchemy.engine.CursorResult": """
        bases: sqlalchemy.engine.Result
        def last_inserted_params last_updated_params postfetch_cols prefetch_cols -> object
        def lastrow_has_defaults supports_sane_multi_rowcount supports_sane_rowcount -> bool
        def splice_horizontally splice_vertically -> self
        property inserted_primary_key inserted_primary_key_rows returned_defaults -> object
        property returned_defaults_rows connection context cursor dialect -> object
        property lastrowid rowcount -> int
        property is_insert returns_rows -> bool
    """,
    "sqlalchemy.engine.ScalarResult": _FETCH + """
        item -> object
        def first one one_or_none -> object
    """,
    "sqlalchemy.engine.MappingResult": _FETCH + """
        item -> sqlalchemy.engine.RowMapping
        def fetchone first one one_or_none -> sqlalchemy.engine.RowMapping
        def columns -> self
        def keys -> object
    """,
    # A type of the annotations only: at run time it is the Result itself.
    "sqlalchemy.engine.TupleResult": """
        bases: sqlalchemy.engine.Result
    """,
    # Other attributes of a row are the columns of its query.
    "sqlalchemy.engine.Row": """
        protocols: iter
        item -> object
        def tuple _tuple -> tuple
        def _asdict -> dict
        property t _t _fields -> tuple
        property _mapping -> sqlalchemy.engine.RowMapping
    """,
    "sqlalchemy.engine.RowMapping": """
        protocols: iter
        item -> object
        def get items keys values -> object
    """,
    "sqlalchemy.orm.DeclarativeBase": "property metadata -> sqlalchemy.MetaData",
    "sqlalchemy.orm.DeclarativeBaseNoMeta": "property metadata -> sqlalchemy.MetaData",
    "sqlalchemy.MetaData": """
        protocols: none
        def clear create_all drop_all reflect remove -> None
        def get_schema_object_by_name get_schema_objects -> object
        property info -> dict
        property schemas sorted_tables -> list
        property tables schema naming_convention -> object
    """,
    "sqlalchemy.Select": _STATEMENT + _GENERATIVE_SELECT + """
        def add_columns column correlate correlate_except distinct filter filter_by from_statement -> self
        def having join join_from outerjoin outerjoin_from reduce_columns select_from suffix_with -> self
        def where with_only_columns with_statement_hint prefix_with with_hint ext -> self
        def union union_all except_ except_all intersect intersect_all -> sqlalchemy.CompoundSelect
        def get_final_froms -> list
        property columns_clause_froms froms inner_columns -> object
        property column_descriptions whereclause -> object
    """,
    "sqlalchemy.CompoundSelect": _STATEMENT + _GENERATIVE_SELECT,
    "sqlalchemy.Insert": _STATEMENT + """
        def from_select inline return_defaults returning values with_dialect_options -> self
        def prefix_with with_hint ext -> self
        property entity_description returning_column_descriptions -> object
    """,
    "sqlalchemy.Update": _STATEMENT + """
        def filter filter_by inline ordered_values return_defaults returning values where -> self
        def with_dialect_options prefix_with with_hint ext -> self
        property entity_description returning_column_descriptions whereclause -> object
    """,
    "sqlalchemy.Delete": _STATEMENT + """
        def filter filter_by return_defaults returning using where with_dialect_options -> self
        def prefix_with with_hint ext -> self
        property entity_description returning_column_descriptions whereclause -> object
    """,
    "sqlalchemy.TextClause": """
        protocols: none
        def bindparams execution_options options params -> self
        def columns compile label subquery -> object
    """,
    "sqlalchemy.dialects.postgresql.Insert": """
        bases: sqlalchemy.Insert
        def on_conflict_do_nothing on_conflict_do_update -> self
        property excluded -> object
    """,
    "sqlalchemy.dialects.sqlite.Insert": """
        bases: sqlalchemy.Insert
        def on_conflict_do_nothing on_conflict_do_update -> self
        property excluded -> object
    """,
    "sqlalchemy.dialects.mysql.Insert": """
        bases: sqlalchemy.Insert
        def on_duplicate_key_update -> self
        property inserted -> object
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "sqlalchemy.ext.asyncio.create_async_engine": "def -> sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.async_engine_from_config": "def -> sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.create_async_pool_from_url": "def -> object",
    "sqlalchemy.ext.asyncio.async_object_session": "def -> sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.async_session": "def -> sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.close_all_sessions": "async -> None",
    "sqlalchemy.create_engine": "def -> sqlalchemy.engine.Engine",
    "sqlalchemy.engine_from_config": "def -> sqlalchemy.engine.Engine",
    "sqlalchemy.orm.object_session": "def -> sqlalchemy.orm.Session",
    "sqlalchemy.orm.close_all_sessions": "def -> None",
    "sqlalchemy.orm.relationship": "def -> sqlalchemy.orm.Relationship",
    "sqlalchemy.orm.backref": "def -> sqlalchemy.orm.Backref",
    "sqlalchemy.orm.mapped_column": "def -> sqlalchemy.Column",
    "sqlalchemy.orm.deferred": "def -> sqlalchemy.orm.Deferred",
    "sqlalchemy.orm.column_property": "def -> sqlalchemy.orm.ColumnProperty",
    "sqlalchemy.orm.query_expression": "def -> sqlalchemy.Column",
    "sqlalchemy.orm.composite": "def -> sqlalchemy.Column",
    "sqlalchemy.orm.synonym": "def -> sqlalchemy.orm.Synonym",
    "sqlalchemy.orm.aliased": "def -> sqlalchemy.orm.AliasedClass",
    "sqlalchemy.orm.with_polymorphic": "def -> sqlalchemy.orm.AliasedClass",
    "sqlalchemy.ext.associationproxy.association_proxy":
        "def -> sqlalchemy.ext.associationproxy.AssociationProxy",
    "sqlalchemy.select": "def -> sqlalchemy.Select",
    "sqlalchemy.insert": "def -> sqlalchemy.Insert",
    "sqlalchemy.update": "def -> sqlalchemy.Update",
    "sqlalchemy.delete": "def -> sqlalchemy.Delete",
    "sqlalchemy.text": "def -> sqlalchemy.TextClause",
    "sqlalchemy.union": "def -> sqlalchemy.CompoundSelect",
    "sqlalchemy.union_all": "def -> sqlalchemy.CompoundSelect",
    "sqlalchemy.except_": "def -> sqlalchemy.CompoundSelect",
    "sqlalchemy.except_all": "def -> sqlalchemy.CompoundSelect",
    "sqlalchemy.intersect": "def -> sqlalchemy.CompoundSelect",
    "sqlalchemy.intersect_all": "def -> sqlalchemy.CompoundSelect",
    "sqlalchemy.all_": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.any_": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.between": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.collate": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.funcfilter": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.nulls_first": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.nulls_last": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.over": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.within_group": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.and_": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.asc": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.bindparam": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.case": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.cast": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.column": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.desc": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.distinct": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.exists": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.extract": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.false": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.inspect": "def -> object",
    "sqlalchemy.join": "def -> object",
    "sqlalchemy.lateral": "def -> sqlalchemy.FromClause",
    "sqlalchemy.literal": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.literal_column": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.not_": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.null": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.or_": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.outerjoin": "def -> object",
    "sqlalchemy.true": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.tuple_": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.type_coerce": "def -> sqlalchemy.ColumnElement",
    "sqlalchemy.values": "def -> object",
    "sqlalchemy.dialects.postgresql.insert": "def -> sqlalchemy.dialects.postgresql.Insert",
    "sqlalchemy.dialects.sqlite.insert": "def -> sqlalchemy.dialects.sqlite.Insert",
    "sqlalchemy.dialects.mysql.insert": "def -> sqlalchemy.dialects.mysql.Insert",
}

# The functions that sqlalchemy, sqlalchemy.sql and sqlalchemy.sql.expression all export.
_CONSTRUCTORS: Final = (
    "all_ and_ any_ asc between bindparam case cast collate column delete desc distinct except_ except_all "
    "exists extract false funcfilter insert intersect intersect_all join lateral literal literal_column "
    "not_ null nulls_first nulls_last or_ outerjoin over select text true tuple_ type_coerce union union_all "
    "update values within_group"
)

ALIASES: Final[Mapping[str, str]] = {
    "sqlalchemy.schema.Column": "sqlalchemy.Column",
    "sqlalchemy.sql.schema.Column": "sqlalchemy.Column",
    "sqlalchemy.schema.Table": "sqlalchemy.Table",
    "sqlalchemy.sql.schema.Table": "sqlalchemy.Table",
    "sqlalchemy.schema.ForeignKey": "sqlalchemy.ForeignKey",
    "sqlalchemy.schema.Computed": "sqlalchemy.Computed",
    "sqlalchemy.orm.relationships.Relationship": "sqlalchemy.orm.Relationship",
    "sqlalchemy.orm.attributes.InstrumentedAttribute": "sqlalchemy.orm.InstrumentedAttribute",
    "sqlalchemy.orm.strategy_options.Load": "sqlalchemy.orm.Load",
    "sqlalchemy.ext.asyncio.session.AsyncSession": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.session.AsyncSessionTransaction":
        "sqlalchemy.ext.asyncio.AsyncSessionTransaction",
    "sqlalchemy.ext.asyncio.session.AsyncAttrs": "sqlalchemy.ext.asyncio.AsyncAttrs",
    "sqlalchemy.ext.asyncio.session.async_sessionmaker": "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.ext.asyncio.session.async_object_session": "sqlalchemy.ext.asyncio.async_object_session",
    "sqlalchemy.ext.asyncio.session.async_session": "sqlalchemy.ext.asyncio.async_session",
    "sqlalchemy.ext.asyncio.session.close_all_sessions": "sqlalchemy.ext.asyncio.close_all_sessions",
    "sqlalchemy.ext.asyncio.scoping.async_scoped_session": "sqlalchemy.ext.asyncio.async_scoped_session",
    "sqlalchemy.ext.asyncio.engine.AsyncConnection": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.ext.asyncio.engine.AsyncEngine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.engine.AsyncTransaction": "sqlalchemy.ext.asyncio.AsyncTransaction",
    "sqlalchemy.ext.asyncio.engine.create_async_engine": "sqlalchemy.ext.asyncio.create_async_engine",
    "sqlalchemy.ext.asyncio.engine.async_engine_from_config":
        "sqlalchemy.ext.asyncio.async_engine_from_config",
    "sqlalchemy.ext.asyncio.engine.create_async_pool_from_url":
        "sqlalchemy.ext.asyncio.create_async_pool_from_url",
    "sqlalchemy.ext.asyncio.result.AsyncResult": "sqlalchemy.ext.asyncio.AsyncResult",
    "sqlalchemy.ext.asyncio.result.AsyncScalarResult": "sqlalchemy.ext.asyncio.AsyncScalarResult",
    "sqlalchemy.ext.asyncio.result.AsyncMappingResult": "sqlalchemy.ext.asyncio.AsyncMappingResult",
    "sqlalchemy.ext.asyncio.result.AsyncTupleResult": "sqlalchemy.ext.asyncio.AsyncTupleResult",
    "sqlalchemy.orm.session.Session": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.session.SessionTransaction": "sqlalchemy.orm.SessionTransaction",
    "sqlalchemy.orm.session.sessionmaker": "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.orm.session.object_session": "sqlalchemy.orm.object_session",
    "sqlalchemy.orm.session.close_all_sessions": "sqlalchemy.orm.close_all_sessions",
    "sqlalchemy.orm.scoping.scoped_session": "sqlalchemy.orm.scoped_session",
    "sqlalchemy.orm.query.Query": "sqlalchemy.orm.Query",
    **{
        f"{package}.{name}": f"sqlalchemy.engine.{name}"
        for package, names in {
            "sqlalchemy": "Connection CursorResult Engine MappingResult NestedTransaction Result "
                          "RootTransaction Row RowMapping ScalarResult Transaction",
            "sqlalchemy.engine.base": "Connection Engine NestedTransaction RootTransaction Transaction",
            "sqlalchemy.engine.cursor": "CursorResult",
            "sqlalchemy.engine.result": "MappingResult Result ScalarResult TupleResult",
            "sqlalchemy.engine.row": "Row RowMapping",
            "sqlalchemy.future": "Connection Engine",
        }.items()
        for name in names.split()
    },
    **{
        f"{package}.{name}": f"sqlalchemy.{name}"
        for package, names in {
            "sqlalchemy.future": "create_engine select",
            "sqlalchemy.engine": "create_engine engine_from_config",
            "sqlalchemy.inspection": "inspect",
            "sqlalchemy.schema": "MetaData",
            "sqlalchemy.sql.schema": "MetaData",
            "sqlalchemy.sql.selectable": "CompoundSelect Select",
            "sqlalchemy.sql.dml": "Delete Insert Update",
            "sqlalchemy.sql.elements": "TextClause",
            "sqlalchemy.sql": f"Delete Insert Select Update {_CONSTRUCTORS}",
            "sqlalchemy.sql.expression":
                f"CompoundSelect Delete Insert Select TextClause Update {_CONSTRUCTORS}",
        }.items()
        for name in names.split()
    },
    "sqlalchemy.dialects.postgresql.dml.Insert": "sqlalchemy.dialects.postgresql.Insert",
    "sqlalchemy.dialects.postgresql.dml.insert": "sqlalchemy.dialects.postgresql.insert",
    "sqlalchemy.dialects.sqlite.dml.Insert": "sqlalchemy.dialects.sqlite.Insert",
    "sqlalchemy.dialects.sqlite.dml.insert": "sqlalchemy.dialects.sqlite.insert",
    "sqlalchemy.dialects.mysql.dml.Insert": "sqlalchemy.dialects.mysql.Insert",
    "sqlalchemy.dialects.mysql.dml.insert": "sqlalchemy.dialects.mysql.insert",
}
