"""ORM objects on a path: what is loaded of them, what reading and writing them does.

Adds to the state what is known of each object, and to the summary of a call what it does to them.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    """The ``DOMAIN``, made late as long as the engine itself imports modules of this folder."""
    if name != "DOMAIN":
        raise AttributeError(name)
    from flake8_async_fastapi.domains.orm import conditions, effects, reads, showing, writes
    from flake8_async_fastapi.domains.sqlalchemy import (
        blocks,
        inferred_sessions,
        library_models,
        loader_options,
        results,
        run_sync,
        selects,
        session_factories,
        sessions,
    )
    from flake8_async_fastapi.domains.sqlalchemy.mapping import inspection
    from flake8_async_fastapi.domains.sqlalchemy.mapping.inspection import Inspected
    from flake8_async_fastapi.domains.sqlalchemy.queries import Awaitables, Entity, Fetch, Scope
    from flake8_async_fastapi.engine.context import Models, Observers
    from flake8_async_fastapi.engine.domain import Domain
    from flake8_async_fastapi.engine.values import Instance

    models = Models(
        calls=library_models.CALLS,
        attached=library_models.ATTACHED,
        methods=library_models.METHODS,
        objects=library_models.OBJECTS,
        resources=session_factories.RESOURCES,
        constructors=(writes.construct,),
        reads={Instance: reads.read_attribute, Awaitables: reads.read_awaitable},
        writes=(writes.write_attribute,),
        items={Fetch: results.element, Inspected: inspection.element},
        entries={Scope: blocks.entered},
        operators=selects.OPERATORS,
        members={Inspected: inspection.attribute, Entity: loader_options.alias_attribute},
        inherited=(loader_options.model_attribute,),
        undeclared=(run_sync.gets_sync_twin,),
        guesses=(inferred_sessions.session,),
        descriptions=(showing.describe,),
        texts=(inspection.keys,),
    )
    observers = Observers(
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
        escaped=(sessions.escape,),
        havoc=(sessions.havoc,),
        call_ends=(run_sync.report,),
        consumed=(reads.consumed,),
        function_begins=(reads.begin_parameters,),
    )
    return Domain("orm", models=models, observers=observers, effects=effects.EFFECTS, parts=effects.PARTS)
