"""ORM objects and what loads them, by SQLAlchemy and SQLModel.

Knows mapped classes (``mapping``), statements and their results (``statements``), what a path knows
of objects (``objects``), and sessions (``session``).  Adds to the state what is known of each object
and what happened to sessions, and to the summary of a call what it does to them.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm import library_models
from flake8_async_fastapi.domains.orm.mapping import inspection
from flake8_async_fastapi.domains.orm.objects import conditions, effects, reads, showing, writes
from flake8_async_fastapi.domains.orm.session import (
    blocks,
    inferred_sessions,
    run_sync,
    session_effects,
    session_factories,
)
from flake8_async_fastapi.domains.orm.statements import loader_options, results, selects
from flake8_async_fastapi.domains.orm.statements.queries import Awaitables, Entity, Fetch, Scope
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.values import Instance

DOMAIN = Domain(
    "orm",
    ("blocking",),
    models=Models(
        calls=library_models.CALLS,
        attached=library_models.ATTACHED,
        methods=library_models.METHODS,
        objects=library_models.OBJECTS,
        resources=session_factories.RESOURCES,
        constructors=(writes.construct,),
        reads={Instance: reads.read_attribute, Awaitables: reads.read_awaitable},
        writes=(writes.write_attribute,),
        items={Fetch: results.element, inspection.Inspected: inspection.element},
        entries={Scope: blocks.entered},
        operators=selects.OPERATORS,
        members={inspection.Inspected: inspection.attribute, Entity: loader_options.alias_attribute},
        inherited=(loader_options.model_attribute,),
        undeclared=(run_sync.gets_sync_twin,),
        guesses=(inferred_sessions.session,),
        descriptions=(showing.describe,),
        texts=(inspection.keys,),
    ),
    observers=Observers(
        dropped=(selects.report_dropped_option, results.make_unique),
        awaits=(session_factories.trust_await,),
        left=(blocks.left,),
        broken_off=(blocks.undone,),
        lap_begins=(blocks.renewed,),
        loop_ends=(conditions.end_loop,),
        attribute_tested=(conditions.test_attribute,),
        name_sought=(conditions.seek_name,),
        emptied=(conditions.empty,),
        shown=(showing.show,),
        escaped=(session_effects.escape,),
        havoc=(session_effects.havoc,),
        call_ends=(run_sync.report,),
        consumed=(reads.consumed,),
        function_begins=(reads.begin_parameters,),
    ),
    effects=effects.EFFECTS,
    parts=effects.PARTS,
)
